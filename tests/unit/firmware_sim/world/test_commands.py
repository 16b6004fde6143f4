"""What a visitor asks of the world, and what then happens in the shop."""

from __future__ import annotations

from typing import Any

import pytest

from firmware_sim.faults.commanded import COMMANDABLE
from firmware_sim.faults.table import FAULT_OF, FaultKind
from firmware_sim.world.commands import obey
from tests.fakes.shop_day import ShopDay, corner_shop

MINUTES_5_S = 300.0


def _quiet_shop(seed: int = 21, **behaviour: Any) -> ShopDay:
    return ShopDay(corner_shop(seed, **{"shoppers_per_hour": 0.0, **behaviour})).open_for(1.0)


def _ask(day: ShopDay, **command: object) -> dict[str, Any]:
    return dict(obey(day.shop.orders, command))


def test_in_a_rush_hour_six_times_as_many_come_and_then_no_more_than_before() -> None:
    day = ShopDay(corner_shop(22)).open_for(60.0)

    def come_in(minutes: float) -> int:
        entered = day.shop._entrance.new_name
        before = int(entered().removeprefix("shopper-"))
        day.run_for(minutes * 60.0)
        return int(entered().removeprefix("shopper-")) - before - 1

    ordinary = come_in(20.0)
    told = _ask(day, do="rush_hour", minutes=20)
    assert told == {"ok": True, "said": "rush_hour_began", "facts": {"minutes": 20.0, "shoppers_per_hour": 900.0}}
    rushed = come_in(20.0)
    afterwards = come_in(20.0)
    assert 35 <= ordinary <= 70
    assert 240 <= rushed <= 360
    assert 35 <= afterwards <= 70
    assert day.shop.goods.everywhere() == day.shop.goods.made


def test_a_rush_hour_in_a_rush_hour_only_makes_it_longer() -> None:
    day = ShopDay(corner_shop(23)).open_for(60.0)
    for _ in range(5):
        _ask(day, do="rush_hour", minutes=10)
    before = int(day.shop._entrance.new_name().removeprefix("shopper-"))
    day.run_for(600.0)
    assert int(day.shop._entrance.new_name().removeprefix("shopper-")) - before < 200


@pytest.mark.parametrize("seed", [21, 24, 25])
def test_a_sweep_clears_most_of_the_fullest_shelf_within_seconds_and_nobody_pays(seed: int) -> None:
    day = _quiet_shop(seed)
    facts = _ask(day, do="sweep")["facts"]
    on_shelf = {
        place.position: day.shop.goods.units_at(place.position)
        for place in day.world.positions
        if place.shelf == facts["shelf"]
    }
    assert facts["units"] >= 0.7 * sum(on_shelf.values())
    assert all(0 <= on_shelf[position] - units <= 2 for position, units in facts["positions"].items())
    day.run_for(22.0)
    assert {line["position"]: -line["change"] for line in day.of_kind("pick")} == facts["positions"]
    assert day.shop.shelves.at_rest
    day.run_for(MINUTES_5_S)
    assert not day.shop.goods.sold
    assert day.shop.goods.everywhere() == day.shop.goods.made


def test_the_shelf_to_sweep_may_be_named() -> None:
    day = _quiet_shop()
    assert _ask(day, do="sweep", shelf="b2-s3")["facts"]["shelf"] == "b2-s3"
    day.run_for(60.0)
    assert {line["position"][:5] for line in day.of_kind("pick")} == {"b2-s3"}


def test_a_shelf_with_nothing_left_is_not_swept() -> None:
    day = _quiet_shop(sweep_leaves=(1.0,), staff=0)
    for _ in range(6):
        _ask(day, do="sweep", shelf="b2-s3")
        day.run_for(60.0)
    picks = len(day.of_kind("pick"))
    assert _ask(day, do="sweep", shelf="b2-s3")["said"] == "nothing_there"
    day.run_for(60.0)
    assert len(day.of_kind("pick")) == picks


def test_an_unplugged_scale_is_told_to_its_wires_and_plugged_in_again_by_itself() -> None:
    day = _quiet_shop()
    day.shop.shelves.changes()
    told = _ask(day, do="unplug_scale", plate="b1-s1-l2", for_s=30)
    assert told["facts"] == {"plate": "b1-s1-l2", "for_s": 30.0, "positions": ["b1-s1-p2"]}
    assert day.shop.shelves.changes().unplugged == frozenset({"b1-s1-l2"})
    assert day.shop.shelves.snapshot(["b1-s1-l1", "b1-s1-l2"], []).unplugged == frozenset({"b1-s1-l2"})
    assert day.shop.shelves.snapshot(["b1-s1-l1"], []).unplugged == frozenset()
    day.shop.stop_acting()
    day.run_for(31.0)
    assert day.shop.shelves.unplugged == frozenset()


def test_a_scale_is_chosen_among_those_that_are_plugged_in() -> None:
    day = _quiet_shop()
    plates = {plate for position in day.world.positions for plate in position.plates}
    chosen = [_ask(day, do="unplug_scale", for_s=3000)["facts"]["plate"] for _ in plates]
    assert set(chosen) == plates
    assert _ask(day, do="unplug_scale")["facts"]["expected"] == "a shop with a scale that is plugged in"


def test_a_fault_somebody_asked_for_is_told_to_the_wires_it_strikes_and_ends_by_itself() -> None:
    day = _quiet_shop()
    day.shop.shelves.changes()
    told = _ask(day, do="fault", kind="spikes", subject="b1-s1-l2", for_s=30, size=-500)
    facts = {"kind": "spikes", "subject": "b1-s1-l2", "for_s": 30.0, "size": -500.0}
    assert told == {"ok": True, "said": "fault_began", "facts": facts}
    [fault] = day.shop.shelves.changes().faults or ()
    assert (fault.kind, fault.subject, fault.for_s, fault.size) == ("spikes", "b1-s1-l2", 30.0, -500.0)
    assert day.shop.shelves.snapshot(["b1-s1-l2"], []).faults == (fault,)
    assert day.shop.shelves.snapshot(["b1-s1-l1"], []).faults == ()
    day.shop.stop_acting()
    day.run_for(31.0)
    assert day.shop.shelves.faults == ()


@pytest.mark.parametrize("kind", COMMANDABLE)
def test_what_is_left_open_of_a_fault_is_drawn_from_its_row(kind: FaultKind) -> None:
    day, row = _quiet_shop(), FAULT_OF[kind]
    facts = _ask(day, do="fault", kind=kind)["facts"]
    assert row.lasts_s[0] <= facts["for_s"] + 0.001
    assert facts["for_s"] <= row.lasts_s[1] + 0.001
    if row.size is not None:
        assert row.size.low <= abs(facts["size"]) <= row.size.high
    places = day.shop.shelves.plates if row.subject in {"plate", "bay"} else day.shop.shelves.zones
    assert facts["subject"] in places


def test_a_shopper_takes_what_was_asked_and_pays() -> None:
    day = _quiet_shop()
    there = day.shop.goods.units_at("b1-s1-p1")
    assert _ask(day, do="pick", position="b1-s1-p1", units=2)["facts"] == {"position": "b1-s1-p1", "units": 2}
    day.run_for(10.0)
    assert day.shop.goods.units_at("b1-s1-p1") == there - 2
    assert [(line["position"], line["change"]) for line in day.of_kind("pick")] == [("b1-s1-p1", -2)]
    day.run_for(90.0)
    assert sum(day.api.sold.values()) == 2


def test_nobody_takes_more_than_there_is() -> None:
    day = _quiet_shop(staff=0)
    there = day.shop.goods.units_at("b1-s1-p1")
    assert _ask(day, do="pick", position="b1-s1-p1", units=500)["facts"]["units"] == there
    day.run_for(120.0)
    assert _ask(day, do="pick", position="b1-s1-p1")["said"] == "nothing_there"


def test_a_hand_brings_from_the_backroom_what_is_there_and_fits() -> None:
    day = _quiet_shop(staff=0)
    position = next(
        place
        for place in day.world.positions
        if place.plates and day.shop.goods.backroom_units(place.sku) > 3 and day.shop.goods.room_at(place.position) > 3
    )
    backroom, room = day.shop.goods.backroom_units(position.sku), day.shop.goods.room_at(position.position)
    there = day.shop.goods.units_at(position.position)
    first = _ask(day, do="refill", position=position.position, units=2)
    assert (first["said"], first["facts"]["units"], first["facts"]["backroom"]) == ("refill_began", 2, backroom - 2)
    day.run_for(30.0)
    rest = _ask(day, do="refill", position=position.position, units=None)["facts"]
    assert rest["units"] == min(backroom, room) - 2
    day.run_for(60.0)
    assert day.shop.goods.units_at(position.position) == there + min(backroom, room)
    assert sum(line["change"] for line in day.of_kind("refill")) == min(backroom, room)
    said = _ask(day, do="refill", position=position.position)["said"]
    assert said == ("shelf_full" if room <= backroom else "backroom_empty")
    assert day.shop.goods.everywhere() == day.shop.goods.made


@pytest.mark.parametrize(
    ("command", "field", "found", "expected"),
    [
        ("sweep", "command", "sweep", "an object"),
        ({"do": "burn"}, "do", "burn", "one of rush_hour, sweep, unplug_scale, pick, refill, lay_mass, fault"),
        ({"do": ["sweep"]}, "do", ["sweep"], "one of rush_hour, sweep, unplug_scale, pick, refill, lay_mass, fault"),
        ({"do": "sweep", "bay": 1}, "bay", 1, "only shelf beside do"),
        ({"do": "sweep", "shelf": "b9"}, "shelf", "b9", "a shelf with scales"),
        ({"do": "sweep", "shelf": ["b1"]}, "shelf", ["b1"], "a shelf with scales"),
        ({"do": "rush_hour", "minutes": 0}, "minutes", 0, "a number above 0, at most 120"),
        ({"do": "rush_hour", "minutes": True}, "minutes", True, "a number above 0, at most 120"),
        ({"do": "unplug_scale", "for_s": "long"}, "for_s", "long", "a number above 0, at most 3600"),
        ({"do": "unplug_scale", "plate": "p"}, "plate", "p", "a plate that carries goods and is plugged in"),
        ({"do": "pick"}, "position", None, "a position of the shop"),
        ({"do": "pick", "position": "b1-s1-p1", "units": 0}, "units", 0, "a whole number from 1 to 1000"),
        ({"do": "fault", "kind": "power_cut"}, "kind", "power_cut", f"one of {', '.join(COMMANDABLE)}"),
        ({"do": "fault", "kind": "spikes", "subject": "z"}, "subject", "z", "a plate of the shop"),
        ({"do": "fault", "kind": "reader_away", "subject": "z"}, "subject", "z", "a zone of the shop"),
        ({"do": "fault", "kind": "spikes", "for_s": 1e6}, "for_s", 1e6, "a number above 0, at most 86400"),
        ({"do": "fault", "kind": "spikes", "size": 1}, "size", 1, "50 to 5000 g, or less than 0"),
        ({"do": "fault", "kind": "overload", "size": -6}, "size", -6, "5 to 9 times the capacity"),
        ({"do": "fault", "kind": "unplugged", "size": 6}, "size", 6, "none: unplugged has no size"),
        ({"do": "refill", "position": "b1-s1-p1", "units": 1.5}, "units", 1.5, "a whole number from 1 to 1000"),
    ],
)
def test_a_wrong_command_is_answered_with_field_found_and_expected(
    command: object, field: str, found: object, expected: str
) -> None:
    answer = obey(_quiet_shop().shop.orders, command)
    assert answer == {
        "ok": False,
        "said": "wrong_command",
        "facts": {"field": field, "found": found, "expected": expected},
    }


def test_a_shop_that_closes_does_nothing_any_more() -> None:
    day = _quiet_shop().close()
    assert _ask(day, do="sweep")["facts"]["expected"] == "nothing any more: the shop is closing"


def test_a_mass_laid_on_a_plate_weighs_beside_its_goods_until_it_is_taken_off() -> None:
    day = _quiet_shop()
    shelves, plate = day.shop.shelves, day.world.plates[0].plate
    goods_g = shelves.load_g(plate)
    told = _ask(day, do="lay_mass", plate=plate, mass_g=1000)
    assert told == {"ok": True, "said": "mass_laid", "facts": {"plate": plate, "mass_g": 1000.0}}
    assert shelves.changes().loads == {plate: pytest.approx(goods_g + 1000.0)}
    _ask(day, do="lay_mass", plate=plate, mass_g=500.0)
    assert shelves.snapshot([plate], []).loads == {plate: pytest.approx(goods_g + 500.0)}
    _ask(day, do="lay_mass", plate=plate, mass_g=0)
    assert shelves.changes().loads == {plate: goods_g}
    assert not day.of_kind("pick"), "a mass is no goods: the truth log says nothing of it"


@pytest.mark.parametrize(
    ("command", "field"),
    [
        ({"mass_g": 1000}, "plate"),
        ({"plate": "b9-s9-l9", "mass_g": 1000}, "plate"),
        ({"plate": "b1-s1-l1"}, "mass_g"),
        ({"plate": "b1-s1-l1", "mass_g": -1}, "mass_g"),
        ({"plate": "b1-s1-l1", "mass_g": True}, "mass_g"),
        ({"plate": "b1-s1-l1", "mass_g": float("nan")}, "mass_g"),
        ({"plate": "b1-s1-l1", "mass_g": 1e6}, "mass_g"),
    ],
)
def test_a_mass_that_nobody_can_lay_is_told_what_is_wrong(command: dict[str, object], field: str) -> None:
    answer = _ask(_quiet_shop(), do="lay_mass", **command)
    assert (answer["said"], answer["facts"]["field"]) == ("wrong_command", field)
