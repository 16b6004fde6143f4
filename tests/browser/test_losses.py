"""A shelf is swept: loss prevention sees it while it happens, staff are not sent to refill it, and a look ends it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.shop import Shop

pytestmark = [pytest.mark.browser, pytest.mark.broker, pytest.mark.database]


def test_a_sweep_shows_up_by_itself_and_is_closed_with_what_was_found(visit: Visit, shop: Shop) -> None:
    guard, staff = visit(role="loss_prevention", width="phone"), visit(role="staff", width="phone")
    page = guard.go("/stores/corner-shop/losses")
    guard.wait_live()
    staff.go("/stores/corner-shop/restock")
    shop.do("sweep", shelf="b3-s3")
    card = page.locator(".losses-card").first
    expect(card).to_contain_text("missing", timeout=60_000)
    place, product = card.locator(".losses-place").inner_text(), card.get_by_role("heading").inner_text()
    expect(staff.page.get_by_role("heading", name=product, exact=True)).to_have_count(0)
    case = page.locator(".losses-card", has=page.get_by_role("heading", name=product, exact=True))
    case.get_by_label("Found again").fill("1")
    case.get_by_role("button", name="Looked into it").click()
    expect(page.locator("#losses-notice")).to_contain_text(f"has looked into {product}")
    closed = page.locator(".losses-line", has_text=product)
    expect(closed).to_contain_text(place)
    expect(closed).to_contain_text("1 found again")
    expect(case).to_have_count(0)
