"""The shelf page draws what the scales say: live, by keys, over two spans, as a table; availability follows too."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.shop import Shop

pytestmark = [pytest.mark.browser, pytest.mark.broker, pytest.mark.database]

SHELF = "/stores/corner-shop/shelves/b1-s3"


def _grams(text: str) -> int:
    return int(re.sub(r"\D", "", text))


def test_a_pick_shows_in_the_plot_its_table_and_the_list(visit: Visit, shop: Shop) -> None:
    visitor = visit(role="manager")
    page = visitor.go(SHELF)
    visitor.wait_live()
    weight = page.locator("[data-plate='b1-s3-l1'] [data-value]")
    expect(weight).to_contain_text(re.compile(r"\d"))
    before = _grams(weight.inner_text())
    page.locator("[data-trace-table] summary").click()
    shop.do("pick", position="b1-s3-p1", units=1)
    happened = page.locator("[data-fresh=events] li").first
    expect(happened).to_contain_text("Picked: 1 ×")
    assert _grams(weight.inner_text()) < before
    expect(page.locator("[data-trace-table] tbody")).to_contain_text("Picked: 1 ×")
    expect(page.locator("[data-plot] canvas")).to_be_visible()


def test_the_plot_is_read_by_keys_and_lines_can_be_hidden(visit: Visit) -> None:
    page = visit(role="manager", width="phone").go(SHELF)
    page.locator("[data-plate='b1-s3-l1'] [data-value]").filter(has_text=re.compile(r"\d")).wait_for()
    page.locator("[data-plot]").focus()
    page.keyboard.press("End")
    expect(page.locator("[data-read]")).to_contain_text(re.compile(r"\d\d:\d\d:\d\d · 1: [\d,]+ g, 2: "))
    page.keyboard.press("Escape")
    expect(page.locator("[data-read]")).to_be_empty()
    line = page.locator("[data-plate='b1-s3-l1']")
    line.press("Enter")
    expect(line).to_have_attribute("aria-pressed", "false")
    with page.expect_response(lambda answer: "weights.json?span=24h" in answer.url):
        page.locator("[data-span='24h']").press("Enter")
    expect(page.locator("[data-span='24h']")).to_have_attribute("aria-pressed", "true")


def test_the_answer_of_a_product_follows_the_shop_and_is_that_of_the_api(visit: Visit, shop: Shop) -> None:
    visitor = visit(role="developer")
    page = visitor.go("/stores/corner-shop/availability/WATER-1250")
    visitor.wait_live()
    words = page.locator(".answer-words")
    before = words.inner_text()
    where = page.locator(".answer-places a").first.get_attribute("href") or ""
    shop.do("pick", position=where.partition("#")[2], units=1)
    expect(words).not_to_have_text(before)
    told = shop.ask("/v1/availability/WATER-1250?store=corner-shop")
    expect(words).to_have_text(f"{told['sellable']} can be sold now")
    expect(page.locator("#call-json")).to_contain_text(f'"on_shelf": {told["on_shelf"]},')
