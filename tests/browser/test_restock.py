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
    shop.make_low("b1-s3-p1")
    card = _card(visitor.page, "Fresh milk 250 ml")
    expect(card).to_contain_text("1 left of 12")
    card.get_by_role("button", name="Take").click()
    expect(card).to_contain_text("Yours")
    card.get_by_role("button", name="Done", exact=True).click()
    expect(visitor.page.locator("#restock-notice")).to_contain_text("Fresh milk 250 ml")
    expect(card).to_have_count(0)
    assert shop.units("b1-s3-p1") > 3


def test_a_card_somebody_else_took_meanwhile_says_who_has_it(visit: Visit, shop: Shop) -> None:
    shop.make_low("b1-s3-p3")
    late = _without_script(visit, shop, "Plain yoghurt 200 g")
    quick = visit(role="manager", width="phone")
    quick.go("/stores/corner-shop/restock")
    _card(quick.page, "Plain yoghurt 200 g").get_by_role("button", name="Take").click()
    expect(_card(quick.page, "Plain yoghurt 200 g")).to_contain_text("Yours")
    _card(late.page, "Plain yoghurt 200 g").get_by_role("button", name="Take").click()
    expect(late.page.locator("#restock-notice")).to_contain_text("Maria took this task")
    expect(late.page.locator("h1")).to_have_text("Restock")


def test_a_wrong_number_of_units_names_the_field_and_stays_as_it_was_typed(visit: Visit, shop: Shop) -> None:
    shop.make_low("b1-s3-p5")
    visitor = visit(role="staff")
    card = _card(visitor.page, "Iced latte 300 ml")
    card.get_by_role("button", name="Take").click()
    field = card.get_by_label("How many did you put on the shelf?")
    field.fill("a few")
    card.get_by_role("button", name="Done", exact=True).click()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_value("a few")
    expect(card.locator(".field-error")).to_contain_text("Enter a whole number of units")
    visitor.forgive("422")


def test_what_is_being_typed_stays_while_the_list_changes_around_it(visit: Visit, shop: Shop) -> None:
    shop.make_low("b2-s1-p4")
    visitor = visit(role="staff")
    visitor.wait_live()
    card = _card(visitor.page, "Cucumber crisps 75 g")
    card.get_by_role("button", name="Take").click()
    field = card.get_by_label("How many did you put on the shelf?")
    field.fill("4")
    shop.make_low("b2-s1-p6")
    expect(_card(visitor.page, "Sweet popcorn 90 g")).to_be_visible()
    expect(field).to_have_value("4")


def _card(page: Page, product: str) -> Locator:
    return page.locator(".restock-card", has=page.get_by_role("heading", name=re.compile(re.escape(product))))


def _without_script(visit: Visit, shop: Shop, product: str) -> Visitor:
    """A visitor whose page stands still, with the card of an open task on it."""
    wait_for(lambda: next((task for task in shop.tasks("open") if task["name"] == product), None))
    visitor = visit(role="staff", script=False)
    visitor.go("/stores/corner-shop/restock")
    return visitor
