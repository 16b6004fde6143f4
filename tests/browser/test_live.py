"""Pages that follow the shop: a pick shows by itself, and whatever breaks, the page says so and comes back."""

from __future__ import annotations

import os
import signal

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit, Visitor
from tests.browser.shop import Shop

pytestmark = [pytest.mark.browser, pytest.mark.broker, pytest.mark.database]

AWAY_S = 4.0
"""Started again at once, a program may be back before anybody has missed it."""

BROKEN_ON_PURPOSE = ("ERR_", "Failed to load resource", "net::")


def test_a_pick_changes_the_map_and_the_shelf_page(visit: Visit, shop: Shop) -> None:
    on_map, on_shelf = visit(role="manager"), visit(role="staff", width="phone")
    on_map.go("/stores/corner-shop/map")
    on_shelf.go("/stores/corner-shop/shelves/b1-s4")
    on_map.wait_live()
    on_shelf.wait_live()
    before = shop.units("b1-s4-p2")
    shop.do("pick", position="b1-s4-p2", units=1)
    tile = on_map.page.locator("[data-part='tile:b1-s4-p2'] title")
    expect(tile).to_contain_text(f"Cola 1.25 l, {before - 1} of 10")
    expect(on_map.page.locator("[data-now] li").first).to_contain_text("Cola 1.25 l")
    card = on_shelf.page.locator("[data-part='card:b1-s4-p2']")
    expect(card.locator(".place-units")).to_contain_text(str(before - 1))


def test_a_restart_of_the_server_does_not_lose_the_page(visit: Visit, shop: Shop) -> None:
    visitor = visit(role="manager")
    visitor.go("/stores/corner-shop/map")
    visitor.wait_live()
    visitor.page.evaluate("window.thisVeryPage = true")
    before = shop.units("b1-s4-p4")
    os.kill(shop.store.pids()["web"], signal.SIGKILL)
    visitor.page.wait_for_selector("[data-connection]:not([data-state=live])")
    shop.do("pick", position="b1-s4-p4", units=1)
    visitor.wait_live()
    tile = visitor.page.locator("[data-part='tile:b1-s4-p4'] title")
    expect(tile).to_contain_text(f"Sunflower oil 900 ml, {before - 1} of 10")
    assert visitor.page.evaluate("window.thisVeryPage") is True
    visitor.forgive(*BROKEN_ON_PURPOSE)


def test_the_page_says_that_the_gateway_is_down_and_shows_later_what_it_missed(visit: Visit, shop: Shop) -> None:
    visitor = visit(role="manager")
    visitor.go("/stores/corner-shop/map")
    visitor.wait_live()
    before = shop.units("b1-s4-p5")
    assert shop.store.supervisor.pull("gateway", away_s=AWAY_S)
    down = visitor.page.locator("[data-down]")
    expect(down).to_contain_text("gateway")
    shop.do("pick", position="b1-s4-p5", units=1)
    expect(down).to_be_empty()
    tile = visitor.page.locator("[data-part='tile:b1-s4-p5'] title")
    expect(tile).to_contain_text(f"Soy sauce 500 ml, {before - 1} of 10")


def test_the_page_says_that_the_database_is_down_and_comes_back_by_itself(visit: Visit, shop: Shop) -> None:
    visitor = visit(role="manager")
    visitor.go("/stores/corner-shop/map")
    visitor.wait_live()
    shop.pull_database(away_s=AWAY_S)
    down = visitor.page.locator("[data-down]")
    expect(down).to_contain_text("database")
    expect(down).to_be_empty()
    _wait_all_well(visitor)
    visitor.forgive(*BROKEN_ON_PURPOSE)


def _wait_all_well(visitor: Visitor) -> None:
    visitor.wait_live()
    expect(visitor.page.locator("[data-down]")).to_be_empty()
