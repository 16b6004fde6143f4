"""What the script of the cards does in a real browser: it counts steps, guards what is typed, and says what failed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Locator, Page, expect

from cloud.access.login import service as logins
from dashboards.settings import WebSettings
from dashboards.web.app import make_site
from dashboards.web.visit import SESSION_COOKIE, wall_now
from liveshelf.broker import free_port
from tests.integration.cloud.shop import STORE, Shop
from tests.integration.dashboards.visitor import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.database]

WAIT_MS = 30_000
START_WAIT_S = 30.0


class Served:
    """The pages of the small shop on a port of this machine."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._site = make_site(shop.settings, WebSettings(), shop.clock)
        config = uvicorn.Config(self._site, host="127.0.0.1", port=port, log_level="warning", log_config=None)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)

    def start(self) -> None:
        self._thread.start()
        deadline_s = time.monotonic() + START_WAIT_S
        while not self._server.started:
            assert time.monotonic() < deadline_s, "the pages did not start"
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop as the program does: streams end first, or the server waits for them."""
        if self._thread.is_alive():
            self._site.stop()
            self._server.should_exit = True
            self._thread.join()


@pytest.fixture
def served(database_url: str, tmp_path: Path) -> Iterator[Served]:
    shop = Shop(database_url, tmp_path)
    served = Served(shop)
    served.start()
    yield served
    served.stop()
    shop.connection.close()


@pytest.fixture
def page(chromium: Browser, served: Served) -> Iterator[Page]:
    """The restock list on a phone: the tea is taken, the gum is low and open."""
    shop = served.shop
    token = _person(shop, "mei")
    for position, sku, units in (("p-tea", "tea", 8), ("p-gum", "gum", 15), ("p-tea", "tea", 2)):
        shop.load(position, sku, units)
    shop.work()
    shop.work(after_s=30)
    context = chromium.new_context(viewport={"width": 360, "height": 780}, locale="en-GB", reduced_motion="reduce")
    context.set_default_timeout(WAIT_MS)
    context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": served.url}])
    page = context.new_page()
    page.goto(f"{served.url}/stores/{STORE}/restock")
    page.wait_for_selector("[data-connection][data-state=live]")
    _card(page).get_by_role("button", name="Take").click()
    expect(_field(page)).to_have_value("6")
    yield page
    context.close()


def _person(shop: Shop, login: str) -> str:
    at = shop.clock.now()
    logins.create_person(
        shop.connection, login=login, name=login.title(), role="staff", stores=[STORE], password=PASSWORD, at=at
    )  # fmt: skip
    return logins.log_in(shop.connection, login, PASSWORD, address="127.0.0.1", wall_at=wall_now())


def _card(page: Page, product: str = "Oolong tea") -> Locator:
    return page.locator(".restock-card", has=page.get_by_role("heading", name=product))


def _field(page: Page) -> Locator:
    return page.get_by_label("How many did you put on the shelf?")


def _gum_runs_low(shop: Shop) -> None:
    """The list changes for a reason of its own: another shelf is short and its goods are ordered."""
    shop.load("p-gum", "gum", 2, kind="pick", moved=3)
    shop.work()
    shop.work(after_s=30)


def test_steps_are_counted_on_the_spot(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    more, less = page.get_by_role("button", name="One more"), page.get_by_role("button", name="One less")
    more.click()
    more.click()
    expect(_field(page)).to_have_value("8")
    for _ in range(9):
        less.click()
    expect(_field(page)).to_have_value("1")
    assert not any("/done" in url for url in asked)


@pytest.mark.parametrize("left", [False, True])
def test_a_list_that_is_fetched_anew_leaves_alone_what_somebody_typed(page: Page, served: Served, left: bool) -> None:
    _field(page).fill("4")
    if left:
        page.locator("h1").click()
    _gum_runs_low(served.shop)
    expect(_card(page, "Chewing gum")).to_contain_text("18 ordered")
    expect(_field(page)).to_have_value("4")
    if not left:
        expect(_field(page)).to_be_focused()


def test_a_field_nobody_touched_shows_what_the_server_says(page: Page, served: Served) -> None:
    served.shop.connection.execute("UPDATE task SET suggested_units = 5 WHERE sku = 'tea'")
    served.shop.connection.commit()
    _gum_runs_low(served.shop)
    expect(_field(page)).to_have_value("5")


def test_the_answer_to_a_form_is_shown_in_it(page: Page) -> None:
    _field(page).fill("plenty")
    page.get_by_role("button", name="Done", exact=True).click()
    expect(_field(page)).to_have_attribute("aria-invalid", "true")
    expect(_field(page)).to_have_value("plenty")
    expect(_card(page)).to_contain_text("Enter a whole number of units, such as 6.")
    _field(page).fill("6")
    _field(page).press("Enter")
    expect(_card(page)).to_contain_text("You put 6 there")


def test_what_is_wrong_with_a_number_stays_said_while_the_list_changes_around_it(page: Page, served: Served) -> None:
    _field(page).fill("plenty")
    page.get_by_role("button", name="Done", exact=True).click()
    expect(_field(page)).to_have_attribute("aria-invalid", "true")
    _gum_runs_low(served.shop)
    expect(_card(page, "Chewing gum")).to_contain_text("18 ordered")
    expect(_field(page)).to_have_value("plenty")
    expect(_card(page)).to_contain_text("Enter a whole number of units, such as 6.")
    _field(page).fill("6")
    _field(page).press("Enter")
    expect(_card(page)).to_contain_text("You put 6 there")


def test_a_task_the_scale_has_verified_goes_by_itself(page: Page, served: Served) -> None:
    page.get_by_role("button", name="Done", exact=True).click()
    expect(_card(page)).to_contain_text("Waiting for the scale to see it")
    served.shop.load("p-tea", "tea", 8, kind="refill", moved=6)
    served.shop.work()
    served.shop.work()
    expect(_card(page)).to_have_count(0)
    expect(page.locator(".restock-finished")).to_contain_text("Oolong tea · Done: the scale has seen it.")


def test_the_units_on_a_card_are_those_of_now(page: Page, served: Served) -> None:
    served.shop.load("p-tea", "tea", 1, kind="pick", moved=1)
    served.shop.work()
    expect(_card(page)).to_contain_text("1 left of 12")


def test_what_did_not_get_through_is_said_and_what_was_typed_stays(page: Page, served: Served) -> None:
    _field(page).fill("4")
    served.stop()
    page.get_by_role("button", name="Done", exact=True).click()
    expect(page.locator("[data-failed]")).to_be_visible()
    expect(_field(page)).to_have_value("4")


def test_two_taps_are_one_act(page: Page, served: Served) -> None:
    page.get_by_role("button", name="Done", exact=True).dblclick()
    expect(_card(page)).to_contain_text("You put 6 there")
    assert served.shop.rows("SELECT state, done_units FROM task") == [("done", 6)]
