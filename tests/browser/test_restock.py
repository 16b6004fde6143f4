"""The restock list in somebody's hand: a low shelf becomes a card, the scale ends it, and nothing a finger does is an
error.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit, Visitor
from tests.browser.shop import Shop, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.broker, pytest.mark.database]


def test_a_low_shelf_becomes_a_card_that_is_taken_and_done_and_closes_when_the_refill_is_weighed(
    visit: Visit, shop: Shop
) -> None:
    visitor = visit(role="staff", width="phone")
    visitor.wait_live()
    shop.make_low("b1-s3-p4", 3)
    card = _card(visitor.page, "Berry yoghurt 200 g")
    expect(card).to_contain_text("3 left of 12")
    card.get_by_role("button", name="Take").click()
    expect(card).to_contain_text("Yours")
    card.get_by_role("button", name="Done", exact=True).click()
    expect(visitor.page.locator("#restock-notice")).to_contain_text("Berry yoghurt 200 g")
    expect(card).to_have_count(0)
    expect(visitor.page.locator(".restock-finished")).to_contain_text("the scale has seen it")
    assert shop.units("b1-s3-p4") > 3


def test_a_card_somebody_else_took_meanwhile_says_who_has_it(visit: Visit, shop: Shop) -> None:
    shop.make_low("b1-s1-p3", 4)
    late = _without_script(visit, shop, "Sugar-free cola can 330 ml")
    quick = visit(role="manager", width="phone")
    quick.go("/stores/corner-shop/restock")
    _card(quick.page, "Sugar-free cola can 330 ml").get_by_role("button", name="Take").click()
    expect(_card(quick.page, "Sugar-free cola can 330 ml")).to_contain_text("Yours")
    _card(late.page, "Sugar-free cola can 330 ml").get_by_role("button", name="Take").click()
    expect(late.page.locator("#restock-notice")).to_contain_text("Maria took this task")
    expect(late.page.locator("h1")).to_have_text("Restock")


def test_a_wrong_number_of_units_names_the_field_and_stays_as_it_was_typed(visit: Visit, shop: Shop) -> None:
    shop.make_low("b1-s2-p3", 3)
    visitor = visit(role="staff")
    card = _card(visitor.page, "Green tea 500 ml")
    card.get_by_role("button", name="Take").click()
    field = card.get_by_label("How many did you put on the shelf?")
    field.fill("a few")
    card.get_by_role("button", name="Done", exact=True).click()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_value("a few")
    expect(card.locator(".field-error")).to_contain_text("Enter a whole number of units")
    visitor.forgive("422")


def test_what_is_being_typed_stays_while_the_list_changes_around_it(visit: Visit) -> None:
    mine, other = visit(role="staff"), visit(role="manager")
    other.go("/stores/corner-shop/restock")
    mine.wait_live()
    card = _card(mine.page, "Lemon tea can 310 ml")
    card.get_by_role("button", name="Take").click()
    field = card.get_by_label("How many did you put on the shelf?")
    field.fill("4")
    _card(other.page, "Prawn crackers 60 g").get_by_role("button", name="Take").click()
    expect(_card(mine.page, "Prawn crackers 60 g")).to_contain_text("Maria is on it")
    expect(field).to_have_value("4")


def _card(page: Page, product: str) -> Locator:
    return page.locator(".restock-card", has=page.get_by_role("heading", name=re.compile(re.escape(product))))


def _without_script(visit: Visit, shop: Shop, product: str) -> Visitor:
    """A visitor whose page stands still, with the card of an open task on it."""
    wait_for(lambda: next((task for task in shop.tasks("open") if task["name"] == product), None))
    visitor = visit(role="staff", script=False)
    visitor.go("/stores/corner-shop/restock")
    return visitor
