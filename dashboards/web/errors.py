"""Every error of a page, told as a page: what happened, in words, and the way on."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from cloud.errors import DATABASE_ERRORS, Problem
from cloud.parts import weeding
from dashboards.web.language import TEXTS, Language, negotiate
from dashboards.web.rendering import render
from dashboards.web.visit import LANGUAGE_COOKIE, LoginNeeded, full_path, login_path


@dataclass(frozen=True, slots=True)
class Words:
    """Title and advice of an error page, English texts of the catalogue."""

    title: str
    advice: str


def _(text: str) -> str:
    """Mark a text for the catalogue; it is translated when it is shown."""
    return text


UNEXPECTED = Words(_("Something went wrong here"), _("It was written down for those who run this store. Try again."))
NOT_FOUND = Words(_("There is no such page"), _("The address may be old, or what stood there is gone."))
UNREADABLE = Words(_("That could not be read"), _("Go back and try it once more."))
DATABASE_AWAY = Words(
    _("The database does not answer"),
    _("Nothing is lost: the shelves keep what they see. This page tries again by itself."),
)
NOT_YOURS = Words(_("This is not for your role"), _("Ask whoever runs this store if you need it."))
WORDS = {
    400: UNREADABLE, 403: NOT_YOURS, 404: NOT_FOUND, 405: NOT_FOUND, 408: UNREADABLE, 413: UNREADABLE, 422: UNREADABLE,
    503: DATABASE_AWAY,
}  # fmt: skip
FORGED = Words(_("This page is older than your log-in"), _("Load it again, then repeat what you did."))


def add_handlers(app: FastAPI) -> None:
    """Let the pages answer every error as a page; whoever is not logged in is sent to the log-in."""
    app.add_exception_handler(LoginNeeded, _login_needed)
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    for kind in DATABASE_ERRORS:
        app.add_exception_handler(kind, _database)
    app.add_exception_handler(Exception, _unexpected)


def _login_needed(request: Request, error: Exception) -> Response:
    del error
    path = login_path(request)
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"HX-Redirect": path})
    return RedirectResponse(path, status_code=303)


def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    words = FORGED if error.code == "form_forged" else WORDS.get(error.status, UNEXPECTED)
    return _page(request, error.status, words)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    page = _page(request, error.status_code, WORDS.get(error.status_code, UNEXPECTED))
    page.headers.update(error.headers or {})  # which methods there are, for example
    return page


def _invalid(request: Request, error: Exception) -> Response:
    del error
    return _page(request, 422, UNREADABLE)


def _database(request: Request, error: Exception) -> Response:
    page = _page(request, 503, DATABASE_AWAY)
    page.background = weeding(request, error)
    return page


def _unexpected(request: Request, error: Exception) -> Response:
    del error  # logged by the server with its traceback
    return _page(request, 500, UNEXPECTED)


def _page(request: Request, status: int, words: Words) -> Response:
    """Return the error page: it needs no database, for that may be what is wrong."""
    language: Language = getattr(request.state, "language", None) or negotiate(
        request.cookies.get(LANGUAGE_COOKIE), accept=request.headers.get("accept-language", "")
    )
    texts = TEXTS[language]
    context = {
        "status": status, "heading": texts.gettext(words.title), "advice": texts.gettext(words.advice),
        "again": status == 503, "person": None, "store": None, "path": full_path(request),
    }  # fmt: skip
    return HTMLResponse(
        render(language, "error.html", context), status_code=status, headers=_for_script(request, status)
    )


def _for_script(request: Request, status: int) -> dict[str, str]:
    """Tell htmx not to put an error page into the page; one whose form is refused is old, and loads anew."""
    if "hx-request" not in request.headers:
        return {}
    old = request.method == "POST" and 400 <= status < 500
    return {"HX-Refresh": "true"} if old else {"HX-Reswap": "none"}
