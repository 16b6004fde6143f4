"""Take the pictures of the README from a running demo: `make pictures` writes `docs/pictures/*.png` anew.

Look at each before you commit it. The shop goes its own way, so no two runs give the same picture.
"""

from __future__ import annotations

import json
import shutil
import socket
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from contract.errors import LiveShelfError
from liveshelf.demo.store import DemoStore, StoreOptions

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FOLDER = Path(__file__).parent
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
]  # fmt: skip
RATE = 5.0
SHOPPERS_PER_HOUR = 300.0
"""Enough hands that every picture shows a few."""

WARM_UP_S = 120.0
"""Wall seconds the shop lives before the first picture: ten shop minutes, all that a plot of weights shows."""

SETTLE_S = 4.0
WAIT_MS = 60_000
SHELF = "b1-s2"
DEEDS = (("pick", 2), ("pick", 1), ("refill", 9), ("pick", 2), ("pick", 1))
"""What hands do at SHELF while the shop warms up, beside the shoppers: a plot with steps in it."""

PORT = 8080
"""The demo's own, because one picture shows it."""

PHONE_WIDTH, DESKTOP_WIDTH = 360, 1280


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture: whose screen, which page of the store, in which language and colours."""

    name: str
    role: str
    path: str
    high: int
    phone: bool = False
    language: str = "en-GB"
    dark: bool = False
    after: str | None = None
    """What to wait for."""
    to: str | None = None
    """What to scroll to the bottom of the screen."""
    buttons: bool = False
    """Whether the demo's own buttons are seen."""


# At the opening nobody has refilled anything yet: the list is nothing but work.
AT_OPENING = Picture(name="restock-phone", role="staff", path="restock", high=780, phone=True, after=".restock-take")
LATER = (
    Picture(name="map", role="manager", path="map", high=960, buttons=True, after=".first >> text=/^Refill /"),
    Picture(name="shelf", role="manager", path=f"shelves/{SHELF}", high=1235, to="[data-trace] > .quiet"),
    Picture(
        name="map-phone-zh-dark", role="manager", path="map", high=780, phone=True, language="zh-CN", dark=True,
        to=".bay >> nth=0",
    ),
    Picture(name="availability", role="developer", path="availability/COLA-330", high=980),
)  # fmt: skip


def main() -> int:
    """Take all pictures; return the exit code."""
    chromium = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if chromium is None:
        return _refuse("the pictures need Chromium: apt install chromium")
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - said in one sentence when it is missing
    except ImportError:
        return _refuse("the pictures need Playwright: run them by `make pictures`")
    with tempfile.TemporaryDirectory(prefix="liveshelf-pictures-") as folder:
        options = StoreOptions(
            folder=Path(folder), seed=7, rate=RATE, api_port=PORT, shoppers_per_hour=SHOPPERS_PER_HOUR
        )
        store = DemoStore(options)
        try:
            with sync_playwright() as playwright:
                _take_all(store, playwright.chromium.launch(executable_path=chromium, args=FLAGS))
        except LiveShelfError as error:
            return _refuse(str(error))
        finally:
            store.stop()
    return 0


def _take_all(store: DemoStore, browser: Browser) -> None:
    store.start(lambda part: _say(f"starting: {part} …"))
    _take(browser, store, AT_OPENING)
    _live(store)
    for picture in LATER:
        _take(browser, store, picture)


def _live(store: DemoStore) -> None:
    """Let the shop live for WARM_UP_S, with DEEDS spread over that time."""
    _say(f"letting the shop live for {WARM_UP_S:.0f} s …")
    for number, (deed, units) in enumerate(DEEDS * 2, start=1):
        time.sleep(WARM_UP_S / (2 * len(DEEDS)))
        _do(store.world_socket, deed, position=f"{SHELF}-p{1 + number % 3}", units=units)
    time.sleep(SETTLE_S)


def _do(world: Path, deed: str, **facts: str | int) -> None:
    """Have somebody in the simulated world do something, if it can be done: docs/reference/world.md."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
        wire.connect(str(world))
        wire.sendall(json.dumps({"command": {"do": deed, **facts}}).encode() + b"\n")
        wire.makefile().readline()


def _take(browser: Browser, store: DemoStore, picture: Picture) -> None:
    with browser.new_context(
        viewport={"width": PHONE_WIDTH if picture.phone else DESKTOP_WIDTH, "height": picture.high},
        device_scale_factor=2 if picture.phone else 1,
        locale=picture.language,
        color_scheme="dark" if picture.dark else "light",
        reduced_motion="reduce",
    ) as context:
        context.set_default_timeout(WAIT_MS)
        page = context.new_page()
        _log_in(page, store, picture.role)
        page.goto(f"{store.api_url}/stores/{store.scenario.store}/{picture.path}")
        page.wait_for_selector("[data-connection][data-state=live]")
        if picture.after is not None:
            page.wait_for_selector(picture.after)
        page.wait_for_timeout(SETTLE_S * 1000)
        if not picture.buttons:
            page.locator(".demo-bar").evaluate("element => element.remove()")
        if picture.to is not None:
            page.locator(picture.to).evaluate("element => element.scrollIntoView({block: 'end'})")
        target = FOLDER / f"{picture.name}.png"
        page.screenshot(path=target)
    _say(f"{target.name}: {target.stat().st_size // 1024} KB")


def _log_in(page: Page, store: DemoStore, role: str) -> None:
    login, password = next((one.login, one.password) for one in store.logins if one.role == role)
    page.goto(f"{store.api_url}/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", password)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda url: "/login" not in url)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _refuse(reason: str) -> int:
    _say(reason)
    return 2


if __name__ == "__main__":
    sys.exit(main())
