"""What a shop may expect of counting by tags."""

from __future__ import annotations

from dataclasses import replace

from contract.ids import Sku
from tests.unit.gateway.counting.shop import Shop, counted_by_hand, place

SHIRT, SCARF = "09521234543213", "09521987000001"


def epc(gtin: str, serial: int) -> str:
    """Return the SGTIN-96 of a GTIN-14 whose company prefix has seven digits (GS1 TDS: partition 5)."""
    company, item = int(gtin[1:8]), int(gtin[0] + gtin[8:13])
    bits = f"{0x30:08b}{1:03b}{5:03b}{company:024b}{item:020b}{serial:038b}"
    return f"{int(bits, 2):024X}"


def rail() -> Shop:
    shirt = place("shirt", weight_g=None, zones=("z1",), gtins=(SHIRT,), capacity=12)
    scarf = place("scarf", weight_g=None, zones=("z2",), gtins=(SCARF,), shelf="s2")
    shop = Shop.of(shirt, scarf)
    for serial in range(6):
        shop.tag("z1", epc(SHIRT, serial), "arrived")
    shop.mono_ms += 600_000
    return shop


def test_tags_found_when_a_rail_is_first_read_are_its_stock_and_no_events() -> None:
    shop = rail()
    assert shop.units("shirt") == 6
    assert shop.quantities["shirt"].basis == ("tag",)
    assert 0.9 < shop.quantities["shirt"].probability < 1.0
    assert shop.events == []


def test_a_tag_that_leaves_is_a_pick_and_coming_back_is_put_back() -> None:
    shop = rail()
    shop.tag("z1", epc(SHIRT, 3), "departed")
    assert shop.units("shirt") == 5
    shop.tag("z1", epc(SHIRT, 3), "arrived")
    assert shop.what_happened() == [("shirt", "pick", 1), ("shirt", "put_back", 1)]
    assert shop.units("shirt") == 6


def test_a_tag_never_seen_before_is_a_refill() -> None:
    shop = rail()
    shop.tag("z1", epc(SHIRT, 77), "arrived")
    assert shop.what_happened() == [("shirt", "refill", 1)]


def test_a_tag_said_to_arrive_twice_is_one_unit() -> None:
    shop = rail()
    shop.tag("z1", epc(SHIRT, 3), "arrived")
    assert shop.events == []
    assert shop.units("shirt") == 6


def long_rail() -> Shop:
    """A rail of shirts with an antenna at each end, and one shirt before the first."""
    shirt = place("shirt", weight_g=None, zones=("z1", "z2"), gtins=(SHIRT,), capacity=12)
    shop = Shop.of(shirt)
    shop.tag("z1", epc(SHIRT, 1), "arrived")
    shop.tag("z2", epc(SHIRT, 2), "arrived")
    shop.mono_ms += 600_000
    return shop


def test_a_shirt_pushed_along_its_rail_to_the_other_antenna_is_no_event() -> None:
    shop = long_rail()
    shop.tag("z2", epc(SHIRT, 1), "arrived")
    assert shop.units("shirt") == 2
    shop.tag("z1", epc(SHIRT, 1), "departed", after_s=0.0)
    assert shop.units("shirt") == 2
    assert shop.events == []


def test_a_shirt_taken_at_one_end_of_its_rail_and_hung_back_at_the_other_is_put_back() -> None:
    shop = long_rail()
    shop.tag("z1", epc(SHIRT, 1), "departed")
    shop.tag("z2", epc(SHIRT, 1), "arrived")
    assert shop.what_happened() == [("shirt", "pick", 1), ("shirt", "put_back", 1)]


def test_a_scarf_pushed_along_the_rail_of_shirts_is_misplaced_once() -> None:
    shirt = place("shirt", weight_g=None, zones=("z1", "z2"), gtins=(SHIRT,), capacity=12)
    shop = Shop.of(shirt, place("scarf", weight_g=None, zones=("z9",), gtins=(SCARF,), shelf="s2"))
    for zone, serial in (("z1", 1), ("z2", 2)):
        shop.tag(zone, epc(SHIRT, serial), "arrived")
    shop.mono_ms += 600_000
    shop.tag("z1", epc(SCARF, 1), "arrived")
    shop.tag("z2", epc(SCARF, 1), "arrived")
    shop.tag("z1", epc(SCARF, 1), "departed", after_s=0.0)
    assert [(event.kind, event.sku) for event in shop.events] == [("misplace", "SCARF")]


def test_a_tag_of_another_product_is_misplaced_and_shifts_no_count() -> None:
    shop = rail()
    shop.tag("z1", epc(SCARF, 1), "arrived")
    assert [(event.kind, event.sku) for event in shop.events] == [("misplace", "SCARF")]
    assert shop.units("shirt") == 6


def tell(shop: Shop, units: int, *, after_s: float, count_id: int = 1) -> None:
    counts = (counted_by_hand("shirt", units, count_id=count_id, after_s=after_s),)
    shop.model = replace(shop.model, version=shop.model.version + 1, counts=counts)


def test_a_person_counts_the_unit_whose_tag_is_never_read() -> None:
    shop = rail()
    tell(shop, 7, after_s=600)
    shop.tag("z1", epc(SHIRT, 3), "departed")
    assert shop.units("shirt") == 6
    shop.tag("z1", epc(SHIRT, 3), "arrived")
    assert shop.units("shirt") == 7


def test_a_count_of_a_rail_nobody_touches_does_not_wait_for_its_next_tag() -> None:
    shop = rail()
    tell(shop, 7, after_s=600)
    shop.tag("z2", epc(SCARF, 1), "arrived")
    assert shop.units("shirt") == 7
    assert shop.units("scarf") == 1


def test_a_count_made_at_the_opening_waits_until_all_tags_were_read() -> None:
    shirt = place("shirt", weight_g=None, zones=("z1",), gtins=(SHIRT,), capacity=12)
    shop = Shop.of(shirt, counts=(counted_by_hand("shirt", 7),))
    for serial in range(6):
        shop.tag("z1", epc(SHIRT, serial), "arrived")
    assert shop.units("shirt") == 6
    shop.tag("z1", epc(SHIRT, 0), "departed", after_s=600)
    assert shop.units("shirt") == 6


def test_a_count_of_tags_is_brought_forward_over_what_left_since() -> None:
    shop = rail()
    shop.tag("z1", epc(SHIRT, 3), "departed")
    tell(shop, 7, after_s=600)
    shop.tag("z1", epc(SHIRT, 4), "departed")
    assert shop.units("shirt") == 5


def test_a_person_who_counts_again_is_believed_again() -> None:
    shop = rail()
    tell(shop, 7, after_s=600)
    shop.tag("z1", epc(SHIRT, 3), "departed")
    tell(shop, 5, after_s=607, count_id=2)
    shop.tag("z1", epc(SHIRT, 4), "departed", after_s=1)
    assert shop.units("shirt") == 4


def test_what_a_person_counted_of_one_product_is_not_counted_of_the_next() -> None:
    shop = rail()
    tell(shop, 7, after_s=600)
    shop.tag("z1", epc(SHIRT, 3), "departed")
    belt = place("shirt", weight_g=None, zones=("z1",), gtins=(SCARF,), capacity=12)
    shop.model = replace(shop.model, positions=(replace(belt, sku=Sku("BELT")),), counts=())
    shop.tag("z1", epc(SCARF, 9), "arrived")
    assert shop.units("shirt") == 1


def test_where_plates_count_too_tags_make_no_event_but_make_the_count_surer() -> None:
    shop = Shop.of(place("shirt", "l1", zones=("z1",), weight_g=200.0, spread_g=20.0, gtins=(SHIRT,)))
    shop.open(l1=1830.0)
    alone = dict(zip(range(shop.quantities["shirt"].low, 99), shop.quantities["shirt"].pmf, strict=False))
    for serial in range(9):
        shop.tag("z1", epc(SHIRT, serial), "arrived")
    fused = shop.quantities["shirt"]
    assert fused.basis == ("weight", "tag")
    assert fused.best == 9
    assert fused.probability > alone[9]
    assert shop.events == []


def test_tags_of_zones_no_position_names_are_ignored() -> None:
    shop = rail()
    counted = shop.tag("door", epc(SHIRT, 3), "arrived")
    assert counted.touched == frozenset()
    assert replace(counted, state=shop.state).quantities == ()
