"""The site behind a real server, and pages that hold its stream open as browsers do."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from cloud.access.login import service as logins
from cloud.access.login.model import Role
from cloud.settings import CloudSettings
from contract.clock import Clock
from dashboards.settings import WebSettings
from dashboards.web.app import make_site
from dashboards.web.visit import SESSION_COOKIE, wall_now
from tests.fakes.event_stream import Page
from tests.integration.cloud.shop import STORE, Shop
from tests.integration.dashboards.visitor import PASSWORD

PATIENCE_S = 30.0


@contextmanager
def served(settings: CloudSettings, clock: Clock) -> Iterator[int]:
    """Serve the site of a shop on a port of its own, and stop it as a signal would."""
    site = make_site(settings, WebSettings(), clock)
    server = uvicorn.Server(
        uvicorn.Config(site, loop="uvloop", http="httptools", log_config=None, timeout_graceful_shutdown=5)
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            patiently(lambda: server.started or not thread.is_alive())
            yield listener.getsockname()[1]
        finally:
            site.stop()
            server.should_exit = True
            thread.join(PATIENCE_S)
            assert not thread.is_alive(), "streams end when the server stops"


def log_in(shop: Shop, role: Role = "staff") -> str:
    """Return the token of a new person."""
    login = f"{role}-{len(logins.people(shop.connection))}"
    logins.create_person(
        shop.connection, login=login, name=login, role=role, stores=[STORE], password=PASSWORD, at=shop.clock.now()
    )
    return logins.log_in(shop.connection, login, PASSWORD, address="127.0.0.1", wall_at=wall_now())


class Stream:
    """One open stream. `page` is what a browser would show, `raw` all that came; `ended`: by the server."""

    def __init__(
        self, port: int, token: str, *, page: Page, store: str = STORE, language: str = "en", buffer: int | None = None
    ) -> None:
        self.page = page
        self.raw = b""
        self.ended = False
        self._told = 0
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        if buffer is not None:
            self._connection.sock = socket.socket()
            self._connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            self._connection.sock.connect(("127.0.0.1", port))
        headers = {"Cookie": f"{SESSION_COOKIE}={token}", "Last-Event-ID": page.last_id, "Accept-Encoding": "gzip"}
        self._connection.request("GET", f"/stores/{store}/live?lang={language}", headers=headers)
        self.answer = self._connection.getresponse()

    def until(self, wanted: Callable[[Page], bool]) -> Page:
        """Read on until the page is as wanted."""
        deadline = time.monotonic() + PATIENCE_S
        while not wanted(self.page):
            assert time.monotonic() < deadline, f"not seen: {self.raw[-500:]!r}"
            assert not self.ended, f"ended before it was seen: {self.raw[-500:]!r}"
            self.read()
        return self.page

    def read(self) -> None:
        """Read what is there, or wait for it."""
        try:
            came = self.answer.read1(65536)
        except (http.client.IncompleteRead, ConnectionError):
            came = b""
        self.ended = not came
        self.raw += came
        whole = self.raw.rfind(b"\n\n") + 2
        if whole > self._told:
            self.page.hear(self.raw[self._told : whole])
            self._told = whole

    def read_to_the_end(self) -> Page:
        """Read until the server ends the stream."""
        while not self.ended:
            self.read()
        return self.page

    def close(self) -> None:
        """Be gone, as a page that was left."""
        self.answer.close()
        self._connection.close()


def patiently(true: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)
