"""A real store and a real Chromium, shared by all browser tests of a worker (see `tests.fixtures.shares`)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright

from liveshelf.demo.store import DemoStore, StoreOptions
from tests.browser.shop import Shop

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
]  # fmt: skip
RATE = 5.0
"""Shop seconds a second: a shelf that is low for 15 s is told of after 3."""
WIDTHS = {"phone": (360, 780), "desktop": (1280, 900)}
WAIT_MS = 20_000


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A store without shoppers and staff: what happens in it is what a test does."""
    folder = tmp_path_factory.mktemp("shop")
    store = DemoStore(StoreOptions(folder=folder, seed=7, rate=RATE, api_port=0, shoppers_per_hour=0.0, staff=0))
    try:
        store.start(lambda _part: None)
        yield Shop(store)
    finally:
        store.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: apt install chromium")
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Visitor:
    """A browser of one person. Everything it finds wrong on the way is kept in `complaints`."""

    def __init__(self, context: BrowserContext, shop: Shop) -> None:
        self.context = context
        self.shop = shop
        self.complaints: list[str] = []
        context.set_default_timeout(WAIT_MS)
        context.on("console", self._console)
        context.on("request", self._request)
        context.on("weberror", lambda error: self.complaints.append(f"script error: {error.error}"))
        self.page: Page = context.new_page()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"console {message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        ours = urlsplit(self.shop.url).netloc
        if not request.url.startswith("data:") and urlsplit(request.url).netloc != ours:
            self.complaints.append(f"request to another host: {request.url}")

    def go(self, path: str) -> Page:
        """Open a page of the shop."""
        self.page.goto(self.shop.url + path)
        return self.page

    def log_in(self, role: str) -> Page:
        """Log in as the person of a role, through the form."""
        self.go("/login")
        login, password = self.shop.login(role)
        self.page.fill("input[name=login]", login)
        self.page.fill("input[name=password]", password)
        self.page.click("main button[type=submit] >> nth=0")
        self.page.wait_for_url(lambda url: "/login" not in url)
        return self.page

    def wait_live(self) -> None:
        """Wait until the page follows the shop."""
        self.page.wait_for_selector("[data-connection][data-state=live]")

    def forgive(self, *parts: str) -> None:
        """Drop complaints that contain one of these: what a test broke on purpose."""
        self.complaints = [one for one in self.complaints if not any(part in one for part in parts)]


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(chromium: Browser, shop: Shop, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Open a browser: `visit(role="staff", width="phone", language="en", scheme="light")`. Ends without a complaint."""
    visitors: list[Visitor] = []

    def open_browser(
        role: str | None = None,
        *,
        width: str = "desktop",
        language: str = "en",
        scheme: str = "light",
        script: bool = True,
    ) -> Visitor:
        wide, high = WIDTHS[width]
        context = chromium.new_context(
            viewport={"width": wide, "height": high}, color_scheme="dark" if scheme == "dark" else "light",
            locale="zh-CN" if language.startswith("zh") else "en-GB", reduced_motion="reduce",
            java_script_enabled=script,
        )  # fmt: skip
        visitor = Visitor(context, shop)
        visitors.append(visitor)
        if role is not None:
            visitor.log_in(role)
        return visitor

    yield open_browser
    complaints = [complaint for visitor in visitors for complaint in visitor.complaints]
    for visitor in visitors:
        _keep_picture(visitor, request)
        visitor.context.close()
    assert complaints == []


def _keep_picture(visitor: Visitor, request: pytest.FixtureRequest) -> None:
    """With LIVESHELF_TEST_PICTURES set to a folder, keep what the page looked like at the end of each test."""
    folder = os.environ.get("LIVESHELF_TEST_PICTURES")
    if folder:
        name = request.node.name.replace("/", "_")
        visitor.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
