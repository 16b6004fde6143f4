"""The map in a browser: where to look first, what each place says, and a button of the demo."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import WIDTHS, Visit
from tests.browser.shop import Shop

pytestmark = [pytest.mark.browser, pytest.mark.broker, pytest.mark.database]

MAP = "/stores/corner-shop/map"
TABS_PX = 64
UNITS_PX_MIN = 16
TARGET_PX_MIN = 44


def _bottom(page: Page, selector: str) -> float:
    box = page.locator(selector).bounding_box()
    assert box is not None, f"{selector} is not to be seen"
    return box["y"] + box["height"]


@pytest.mark.parametrize("width", ["phone", "desktop"])
def test_a_visitor_sees_the_emptiest_shelf_and_the_top_task_without_scrolling(visit: Visit, width: str) -> None:
    page = visit("admin", width=width).go(MAP)
    _, high = WIDTHS[width]
    for part in ("look:shelf", "look:task"):
        assert _bottom(page, f"[data-part='{part}']") < high - TABS_PX
    page.click("[data-part='look:shelf'] a")
    expect(page).to_have_url(re.compile("/shelves/"))
    page.go_back()
    page.click("[data-part='look:task']")
    expect(page).to_have_url(re.compile("/restock$"))


@pytest.mark.parametrize("width", ["phone", "desktop"])
def test_every_place_can_be_read_and_touched(visit: Visit, shop: Shop, width: str) -> None:
    page = visit("staff", width=width).go(MAP)
    tiles = page.locator("a.tile")
    assert tiles.count() == shop.places() >= 73
    units = page.locator(f".tile-{'narrow' if width == 'phone' else 'wide'} .tile-units >> visible=true")
    assert units.count() == tiles.count()
    boxes = page.eval_on_selector_all("a.tile", "all => all.map((one) => one.getBoundingClientRect())")
    assert min(min(box["width"], box["height"]) for box in boxes) >= TARGET_PX_MIN
    sizes = units.evaluate_all("all => all.map((one) => parseFloat(getComputedStyle(one).fontSize))")
    assert min(sizes) >= UNITS_PX_MIN


def test_a_place_is_called_by_all_its_words_and_leads_to_its_shelf(visit: Visit) -> None:
    page = visit("staff").go(MAP)
    page.get_by_role("link", name="Bay 1 · Shelf 2 · Place 5").click()
    expect(page).to_have_url(re.compile("/shelves/b1-s2#b1-s2-p5$"))


def test_the_map_can_be_walked_with_the_keyboard(visit: Visit) -> None:
    page = visit("staff").go(MAP)
    page.locator("a.tile").first.focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.part") == "tile:b1-s1-p2"
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/shelves/b1-s1#b1-s1-p2$"))


def test_a_pulled_broker_is_told_in_words_and_comes_back(visit: Visit) -> None:
    visitor = visit("developer", width="phone")
    page = visitor.go(MAP)
    visitor.wait_live()
    page.click(".demo-summary")
    page.click("form[action='/demo/pull_broker'] button")
    expect(page.locator("#demo-said")).to_contain_text("The broker is pulled for 10 seconds.")
    expect(page.locator(".demo-body")).to_be_hidden()
    expect(page.locator("[data-down]")).to_contain_text("The message broker is down.")
    expect(page.locator("[data-down]")).not_to_contain_text("broker", timeout=60_000)
