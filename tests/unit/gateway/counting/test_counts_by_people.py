"""A person's count is believed, whenever it arrives."""

from __future__ import annotations

from dataclasses import replace

from gateway.model import ManualCount
from tests.unit.gateway.counting.shop import Shop, counted_by_hand, place


def tell(shop: Shop, *counts: ManualCount) -> None:
    shop.model = replace(shop.model, version=shop.model.version + 1, counts=counts)


def test_an_opening_count_is_there_with_the_first_weight() -> None:
    shop = Shop.of(place("cola", "l1", weight_g=330.0), counts=(counted_by_hand("cola", 11),))
    shop.open(l1=11 * 330.0 * 1.06)
    assert shop.units("cola") == 11
    assert shop.quantities["cola"].probability > 0.99


def test_opening_counts_settle_products_that_share_a_plate() -> None:
    places = place("tea", "l1", weight_g=100.0), place("jam", "l1", weight_g=200.0)
    counts = counted_by_hand("tea", 6, count_id=1), counted_by_hand("jam", 7, count_id=2)
    shop = Shop.of(*places, counts=counts)
    shop.open(l1=2000.0)
    assert (shop.units("tea"), shop.units("jam")) == (6, 7)


def test_a_count_of_one_product_leaves_the_other_to_the_weight() -> None:
    shop = Shop.of(place("tea", "l1", weight_g=100.0), place("jam", "l1", weight_g=200.0))
    shop.open(l1=2000.0)
    assert shop.quantities["jam"].probability < 0.5
    tell(shop, counted_by_hand("tea", 6))
    shop.beat()
    assert (shop.units("tea"), shop.units("jam")) == (6, 7)
    assert shop.quantities["jam"].probability > 0.9


def test_a_count_corrects_the_quantity_with_the_next_weight() -> None:
    shop = Shop.of(place("cola", "l1", weight_g=330.0))
    shop.open(l1=3300.0)
    tell(shop, counted_by_hand("cola", 9, after_s=30))
    shop.beat()
    assert shop.units("cola") == 9
    shop.change(l1=-330.0)
    assert shop.units("cola") == 8


def test_a_count_is_taken_in_once() -> None:
    shop = Shop.of(place("cola", "l1", weight_g=330.0), counts=(counted_by_hand("cola", 10),))
    shop.open(l1=3300.0)
    shop.change(l1=-330.0)
    shop.beat()
    assert shop.units("cola") == 9


def test_a_count_that_arrives_late_is_brought_forward_over_what_happened_since() -> None:
    shop = Shop.of(place("cola", "l1", weight_g=330.0))
    shop.open(l1=3300.0)
    shop.change(l1=-330.0)
    shop.change(l1=-660.0)
    tell(shop, counted_by_hand("cola", 12, after_s=45))
    shop.beat()
    assert shop.units("cola") == 10


def test_a_count_that_holds_from_later_waits_until_then() -> None:
    shop = Shop.of(place("cola", "l1", weight_g=330.0))
    shop.open(l1=3300.0)
    tell(shop, counted_by_hand("cola", 4, after_s=100))
    shop.beat(after_s=30)
    assert shop.units("cola") == 10
    shop.beat(after_s=60)
    assert shop.units("cola") == 4


def test_a_new_planogram_keeps_the_count_of_what_stayed() -> None:
    shop = Shop.of(place("cola", "l1", weight_g=330.0), counts=(counted_by_hand("cola", 7),))
    shop.open(l1=10 * 330.0)
    shop.model = replace(shop.model, positions=(place("cola", "l1", weight_g=331.0), place("new", "l9")))
    shop.beat()
    assert shop.units("cola") == 7
    shop.change(l1=-331.0)
    assert shop.units("cola") == 6


def test_goods_that_come_first_after_a_unit_weight_was_learned_are_counted() -> None:
    shop = Shop.of(place("bags", "l1", weight_g=262.1))
    shop.open(l1=5 * 262.1)
    shop.model = replace(shop.model, positions=(place("bags", "l1", weight_g=262.104),))
    shop.change(l1=2 * 262.1)
    assert shop.units("bags") == 7


def test_a_plate_under_another_product_forgets_the_count_of_the_one_before() -> None:
    shop = Shop.of(place("cola", "l1", weight_g=330.0))
    shop.open(l1=4 * 330.0)
    shop.model = replace(shop.model, positions=(place("tea", "l1", weight_g=100.0),))
    shop.change(l1=-4 * 330.0 + 300.0)
    assert shop.units("tea") == 3
