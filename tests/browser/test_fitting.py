"""Somebody fits a bay on a phone: a device from its box, a plate under the hand, two masses, a product, a sheet."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from database.connection import connect
from firmware_sim.scenario import spare
from tests.browser.conftest import Visit
from tests.browser.shop import Shop, wait_for
from tests.browser.test_every_page import keep_picture, wrong_with

pytestmark = [pytest.mark.browser, pytest.mark.broker, pytest.mark.database]

PLATE = spare.PLATES[0]
PLACE = "b9-s1-p1"
TOUCHES_MAX = 6
WAITING_MAX_S = 60.0
TOLERANCE_G = 5.0
"""A two-thousandth of a 10 kg plate: what the cells of the simulation creep and drift by."""


class Installer:
    """A phone, a person's hands, and how often the phone was touched and waited for."""

    def __init__(self, page: Page, shop: Shop) -> None:
        self.page = page
        self.shop = shop
        self.touches = 0
        self.waited_s = 0.0

    def touch(self, name: str) -> None:
        """Touch a button."""
        self.page.get_by_role("button", name=name, exact=True).click()
        self.touches += 1

    def lay(self, load_g: float) -> None:
        """Let so much lie on the plate: a hand, a mass, goods."""
        self.shop.do("lay_mass", plate=PLATE, mass_g=load_g)

    def wait(self, title: str) -> None:
        """Wait until the screen says so."""
        since_s = time.monotonic()
        expect(self.page.locator("#fit-title")).to_have_text(title, timeout=30_000)
        self.waited_s += time.monotonic() - since_s
        assert wrong_with(self.page, title, "en") == []
        keep_picture(self.page, f"fitting-{title.lower().replace(' ', '-')}")


@pytest.fixture
def empty_bay(shop: Shop) -> Iterator[None]:
    yield
    shop.do("lay_mass", plate=PLATE, mass_g=0.0)


@pytest.mark.usefixtures("empty_bay")
def test_a_device_from_its_box_is_adopted_and_its_plate_weighs_a_product_after_six_touches(
    visit: Visit, shop: Shop
) -> None:
    visitor = visit("installer", width="phone")
    page = visitor.go(f"/stores/{shop.name}/fitting")
    expect(page.get_by_role("heading", name=f"A new device: {spare.DEVICE}")).to_be_visible()
    page.get_by_role("button", name="Adopt it").click()
    expect(page.locator(".notice-good")).to_contain_text(f"{spare.DEVICE} belongs to this store now")
    expect(page.locator("#free-title ~ p")).to_contain_text(PLATE, timeout=60_000)

    visitor.go(f"/stores/{shop.name}/fitting/{PLACE}")  # what the label's QR code leads to
    fitter = Installer(page, shop)
    fitter.wait("Press on the plate that belongs here")
    page.wait_for_timeout(1_500)  # the page sees the plates untouched
    fitter.lay(1_500.0)
    fitter.wait(f"Found: {PLATE}. Let go")
    fitter.lay(0.0)
    fitter.wait("Is the plate empty?")
    fitter.touch("It is empty: begin")
    fitter.wait("Lay 2 kg on it")
    fitter.lay(2_000.0)
    fitter.wait("Now only 1 kg")
    fitter.lay(1_000.0)
    fitter.wait("What belongs here?")
    sku, weight_g = _a_product(shop)
    page.fill("#fit-search", sku)
    fitter.touches += 1
    page.locator(f"#fit-found input[value='{sku}']").check()
    fitter.touches += 1
    page.fill("input[name=capacity]", "12")
    fitter.touches += 1
    fitter.touch("Save, and weigh some")
    fitter.wait("Take the masses off")
    fitter.lay(0.0)
    fitter.wait("Put one on")
    fitter.lay(weight_g)
    fitter.wait("Put 4 more on")
    fitter.lay(5 * weight_g)
    fitter.wait("Fitted, and it weighs well")
    assert fitter.touches <= TOUCHES_MAX
    assert fitter.waited_s <= WAITING_MAX_S

    page.get_by_role("link", name="Sheet to print").click()
    expect(page.get_by_role("heading", name=f"Calibration sheet: {PLATE}")).to_be_visible()
    fitter.lay(7 * weight_g)
    wait_for(lambda: _weighs(shop, 7 * weight_g, tolerance_g=TOLERANCE_G))
    wait_for(lambda: True if shop.units(PLACE) == 7 else None)


def _a_product(shop: Shop) -> tuple[str, float]:
    """Return a product of the catalogue that weighs some hundred grams."""
    with connect(shop.store.database_url) as link:
        row = link.execute(
            "SELECT sku, unit_weight_g FROM product WHERE unit = 'each' AND unit_weight_g BETWEEN 200 AND 700 LIMIT 1"
        ).fetchone()
    assert row is not None
    return str(row[0]), float(row[1])


def _weighs(shop: Shop, load_g: float, *, tolerance_g: float) -> bool | None:
    with connect(shop.store.database_url) as link:
        row = link.execute("SELECT weight_g FROM plate_current WHERE plate = %s", [PLATE]).fetchone()
    return True if row is not None and abs(row[0] - load_g) <= tolerance_g else None
