"""The pages as people see them: a site over the small shop, and a browser without script for each person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from httpx2 import Response
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from cloud.access.login import service as logins
from cloud.access.login.model import Role
from dashboards.settings import WebSettings
from dashboards.web.app import make_site
from dashboards.web.visit import SESSION_COOKIE, wall_now
from tests.integration.cloud.shop import STORE, Shop

PASSWORD = "tall shelves, cold tea"
PATH = f"/stores/{STORE}"
"""Where the pages of the shop begin."""


class Visitor:
    """Somebody logged in. Redirects are not followed; `csrf` is what the forms must carry."""

    def __init__(self, client: TestClient, csrf: str) -> None:
        self.client = client
        self.csrf = csrf

    def get(self, path: str, *, status: int = 200, language: str = "en") -> str:
        """Return a page; `path` begins with / or is that of a page of the shop, such as map."""
        return self.ask(path, status=status, language=language).text

    def ask(self, path: str, *, status: int = 200, language: str = "en", htmx: bool = False) -> Response:
        """Return the answer to a GET."""
        headers = {"Accept-Language": language} | ({"HX-Request": "true"} if htmx else {})
        answer = self.client.get(_full(path), headers=headers)
        assert answer.status_code == status, answer.text
        return answer

    def post(self, path: str, *, status: int = 303, htmx: bool = False, **fields: str) -> Response:
        """Send a form of ours."""
        headers = {"HX-Request": "true"} if htmx else {}
        answer = self.client.post(_full(path), data={"csrf": self.csrf, **fields}, headers=headers)
        assert answer.status_code == status, answer.text
        return answer


LogIn = Callable[[Role], Visitor]


@contextmanager
def opened(shop: Shop, **settings: str) -> Iterator[LogIn]:
    """Run the site of the shop and give a function that logs a new person in. `settings` are those of the pages."""
    site = make_site(shop.settings, WebSettings(**settings), shop.clock)
    with TestClient(site, follow_redirects=False) as first:

        def log_in(role: Role) -> Visitor:
            return _logged_in(shop, site, first, role)

        yield log_in


def _logged_in(shop: Shop, site: ASGIApp, first: TestClient, role: Role) -> Visitor:
    login = f"{role}-{len(logins.people(shop.connection))}"
    logins.create_person(
        shop.connection, login=login, name=login.title(), role=role, stores=[STORE], password=PASSWORD,
        at=shop.clock.now(),
    )  # fmt: skip
    token = logins.log_in(shop.connection, login, PASSWORD, address="127.0.0.1", wall_at=wall_now())
    session = logins.session_of(shop.connection, token, wall_at=wall_now())
    assert session is not None
    client = TestClient(site, follow_redirects=False, cookies={SESSION_COOKIE: token})
    client.portal = first.portal  # the site has started in that one's event loop
    return Visitor(client, session.csrf)


def _full(path: str) -> str:
    return path if path.startswith("/") else f"{PATH}/{path}"
