"""One request of a person: who, in which language, with what form. Routes ask it for everything, and let it answer."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, cast
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from cloud.access.login import service as logins
from cloud.access.login.model import Person, Right, Session
from cloud.errors import Problem
from cloud.parts import Parts, PartsOf
from contract.ids import is_name
from dashboards.settings import WebSettings
from dashboards.web.forms import read_form
from dashboards.web.language import LANGUAGES, NAMES, TEXTS, Language, negotiate
from dashboards.web.rendering import render
from dashboards.web.security import came_from_us, tokens_match

SESSION_COOKIE = "liveshelf_session"
VISITOR_COOKIE = "liveshelf_visitor"
"""Random, for the token of forms that are sent before anybody has logged in."""
LANGUAGE_COOKIE = "liveshelf_language"
COOKIE_DAYS = 30

_OUR_PATH = re.compile(r"/(?![/\\])[^\x00-\x20\x7f\\]*")
"""What browsers read as a path of this host: they take a backslash for a slash, and pass over tabs and line ends."""

_VISITOR = re.compile(r"[A-Za-z0-9_-]{32}")


class LoginNeeded(Problem):
    """Nobody is logged in."""

    status = 401
    code = "login_needed"


class RightMissing(Problem):
    """Your role does not cover this page."""

    status = 403
    code = "right_missing"


class StoreUnknown(Problem):
    """There is no such store for you."""

    status = 404
    code = "unknown_store"


class FormForged(Problem):
    """The form did not come from this page, or the page is older than your log-in."""

    status = 403
    code = "form_forged"


@dataclass(slots=True, kw_only=True)
class Visit:
    """What a route needs to know of a request, and the ways to answer it."""

    request: Request
    parts: Parts
    session: Session | None
    language: Language
    visitor: str
    form: Mapping[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> WebSettings:
        """The settings of the pages."""
        return cast("WebSettings", self.request.app.state.settings)

    @property
    def person(self) -> Person:
        """Who is logged in. Raises LoginNeeded."""
        if self.session is None:
            raise LoginNeeded
        return self.session.person

    @property
    def csrf(self) -> str:
        """The token every form must carry."""
        if self.session is not None:
            return self.session.csrf
        return hmac.new(self.visitor.encode(), b"csrf", hashlib.sha256).hexdigest()

    def needs(self, right: Right, store: str | None = None) -> None:
        """Raise LoginNeeded, StoreUnknown or RightMissing unless the person may do this in the store."""
        person = self.person
        if store is not None and not (is_name(store) and person.knows(store)):
            raise StoreUnknown(store)
        if not person.may(right):
            raise RightMissing(right)

    def gettext(self, text: str) -> str:
        """Return a text in the language of the page."""
        return TEXTS[self.language].gettext(text)

    def ngettext(self, one: str, many: str, n: int) -> str:
        """Return a text for `n` things in the language of the page."""
        return TEXTS[self.language].ngettext(one, many, n)

    def render(self, template: str, *, status: int = 200, **context: Any) -> Response:  # noqa: ANN401 - templates take anything
        """Return a page. Templates also see the person, the form token, the path and the clock."""
        clock = self.parts.clock
        seen = {
            "person": self.session.person if self.session else None,
            "csrf": self.csrf,
            "path": self.request.url.path,
            "full_path": full_path(self.request),
            "languages": [(code, NAMES[code]) for code in LANGUAGES],
            "shop_ms": round(clock.now().timestamp() * 1000),
            "shop_rate": clock.rate,
            "demo": self.settings.demo_control is not None,
            "store": None,
            "now": clock.now(),
        }
        response = HTMLResponse(render(self.language, template, {**seen, **context}), status_code=status)
        if self.session is None:
            self.set_cookie(response, VISITOR_COOKIE, self.visitor)
        return response

    def redirect(self, path: str) -> Response:
        """Send the browser to one of our own pages by GET (RFC 9110 section 15.4.4); a path that is not ours: home."""
        return RedirectResponse(our_path(path), status_code=303)

    def set_cookie(self, response: Response, name: str, value: str, *, script: bool = False) -> None:
        """Set a cookie of ours: unreadable for scripts, never sent along from other sites' forms."""
        response.set_cookie(
            name, value, max_age=COOKIE_DAYS * 86_400, httponly=not script, samesite="lax",
            secure=self.request.url.scheme == "https",
        )  # fmt: skip

    @property
    def by_htmx(self) -> bool:
        """Whether a script of the page asks, which puts the answer into it."""
        return self.request.headers.get("hx-request") == "true"

    @property
    def address(self) -> str:
        """The address the request came from."""
        return self.request.client.host if self.request.client else ""


def our_path(path: str) -> str:
    """Return a path a visitor gave us, or that of the first page when it would lead to another host."""
    return path if _OUR_PATH.fullmatch(path) else "/"


def wall_now() -> datetime:
    """Return the wall time: log-ins are of people before a screen, whatever the shop's clock does."""
    return datetime.now(UTC)


def _visit(request: Request, parts: PartsOf) -> Visit:
    token = request.cookies.get(SESSION_COOKIE)
    session = None
    if token:
        with parts.writes.connection() as link:
            session = logins.session_of(link, token, wall_at=wall_now())
    language = negotiate(
        session.person.language if session else None,
        request.cookies.get(LANGUAGE_COOKIE),
        accept=request.headers.get("accept-language", ""),
    )
    request.state.language = language
    visitor = request.cookies.get(VISITOR_COOKIE, "")
    if not _VISITOR.fullmatch(visitor):
        visitor = secrets.token_urlsafe(24)
    return Visit(request=request, parts=parts, session=session, language=language, visitor=visitor)


Arriving = Annotated[Visit, Depends(_visit)]
"""Anybody, logged in or not."""


def _known(visit: Arriving) -> Visit:
    _ = visit.person
    return visit


Visiting = Annotated[Visit, Depends(_known)]
"""Somebody who is logged in."""


def _sent(request: Request, visit: Arriving, form: Annotated[dict[str, str], Depends(read_form)]) -> Visit:
    given = form.get("csrf") or request.headers.get("x-csrf-token")
    if not came_from_us(request.headers) or not tokens_match(visit.csrf, given):
        raise FormForged
    visit.form = form
    return visit


Sending = Annotated[Visit, Depends(_sent)]
"""Anybody who sends a form of ours."""


def _posting(known: Visiting, visit: Sending) -> Visit:
    del known  # whoever is not logged in any more is led to the log-in, whatever the form holds
    return visit


Posting = Annotated[Visit, Depends(_posting)]
"""Somebody logged in who sends a form of ours."""


def login_path(request: Request) -> str:
    """Return the address of the log-in page that leads back to the page the visitor has before them."""
    of_page = request.method == "GET" and "hx-request" not in request.headers
    back = full_path(request) if of_page else _page_before(request)
    return "/login" if back == "/" else f"/login?next={quote(back, safe='')}"


def _page_before(request: Request) -> str:
    """Return the page of ours that sent this form, or fetched this piece of it; the first page when nobody says."""
    told = request.headers.get("hx-current-url") or request.headers.get("referer", "")
    try:
        address = urlsplit(told)
    except ValueError:
        return "/"
    ours = address.netloc == request.headers.get("host")
    return our_path(f"{address.path}?{address.query}" if address.query else address.path) if ours else "/"


def full_path(request: Request) -> str:
    """Return the address of a request on this host, as it can be asked for again."""
    path, query = quote(request.scope["path"]), request.scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path
