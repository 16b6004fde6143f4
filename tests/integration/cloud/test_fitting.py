"""A position is fitted: one place of the planogram changes, everything else stays, and the gateways hear of it once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud.catalog.model import PlanogramPosition
from cloud.catalog.repository import positions_at
from cloud.devices.fitting import Fitting, FittingRefused
from cloud.devices.service import learn_unit_weight, place_position
from contract.ids import StoreId
from tests.fixtures.cases import cases
from tests.integration.cloud.shop import STORE, Client, Shop

pytestmark = pytest.mark.database

GUM = Fitting(store=STORE, position="p-gum", bay="b1", shelf="b1-s1", sku="gum", plates=("b1-s1-l2",), capacity=20)


def _positions(shop: Shop, store: str = STORE) -> dict[str, PlanogramPosition]:
    with shop.connection.transaction():
        found = positions_at(shop.connection, StoreId(store), at=shop.clock.now())
    return {one.position: one for one in found}


def _evidence(shop: Shop, store: str = STORE) -> int:
    rows = shop.rows(f"SELECT version FROM evidence_version WHERE store = '{store}'")
    return int(rows[0][0]) if rows else 0


def _place(shop: Shop, fitting: Fitting) -> None:
    shop.clock.advance(1)
    place_position(shop.connection, fitting.store, fitting, by="mei", at=shop.clock.now())


def _refused(shop: Shop, fitting: Fitting) -> FittingRefused:
    before, evidence = _positions(shop), _evidence(shop)
    with pytest.raises(FittingRefused) as refused:
        _place(shop, fitting)
    assert _positions(shop) == before
    assert _evidence(shop) == evidence
    return refused.value


PLACES = st.sampled_from(["p-tea", "p-gum", "d-gum", "p-new", "b9-s1-p1"])
FITTINGS = st.builds(
    Fitting,
    store=st.just(STORE),
    position=PLACES,
    bay=st.just("b1"),
    shelf=st.just("b1-s1"),
    sku=st.sampled_from(["tea", "gum"]),
    plates=st.lists(st.sampled_from(["b1-s1-l1", "b1-s1-l2", "b1-s1-l3"]), unique=True).map(tuple),
    zones=st.sampled_from([None, (), ("z1",), ("z1", "z2")]),
    capacity=st.integers(2, 99),
    low_units=st.sampled_from([None, 0, 1]),
    unit_weight_g=st.sampled_from([None, 30.0, 31.5]),
    shared=st.just(True),
)


@settings(max_examples=cases(25, nightly=400), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fitting=FITTINGS)
def test_fitting_one_position_changes_that_one_alone_and_is_told_once(shop: Shop, fitting: Fitting) -> None:
    before, evidence = _positions(shop), _evidence(shop)
    if fitting.position != "d-gum" and fitting.plates:
        shelf_of = {one.shelf for one in before.values() if set(one.plates) & set(fitting.plates)}
        fitting = replace(fitting, shelf=next(iter(shelf_of), "b1-s1"))
    _place(shop, fitting)
    after = _positions(shop)
    assert {name: one for name, one in after.items() if name != fitting.position} == {
        name: one for name, one in before.items() if name != fitting.position
    }
    changed = after[fitting.position]
    assert (changed.sku, changed.plates, changed.capacity) == (fitting.sku, fitting.plates, fitting.capacity)
    was = before.get(fitting.position)
    assert changed.zones == (fitting.zones if fitting.zones is not None else was.zones if was else ())
    assert _evidence(shop) == evidence + 1


def test_a_fitted_position_is_counted_and_replenished_like_an_imported_one(shop: Shop, client: Client) -> None:
    _place(shop, replace(GUM, position="p-new", plates=("b1-s1-l3",), sku="tea", capacity=8))
    assert _positions(shop)["p-new"].low_units == 2
    shop.load("p-new", "tea", 1)
    shop.load("p-tea", "tea", 8)
    shop.work()
    shop.work(after_s=20)
    assert [(one["position"], one["suggested_units"]) for one in client.tasks()] == [("p-new", 6)]
    assert client.get("/v1/availability/tea", store=STORE)["on_shelf"] == 9


def test_goods_that_stand_elsewhere_by_the_fitting_are_awaited_here_no_more(shop: Shop, client: Client) -> None:
    shop.load("p-tea", "tea", 1)
    shop.work()
    shop.work(after_s=20)
    assert [one["state"] for one in client.tasks()] == ["open"]
    _place(shop, replace(GUM, position="p-tea", plates=("b1-s1-l1",)))
    shop.work()
    assert [one["state"] for one in client.tasks()] == ["cancelled"]
    assert client.get("/v1/availability/tea", store=STORE)["on_shelf"] == 0


def test_the_first_position_makes_the_store(shop: Shop) -> None:
    _place(shop, replace(GUM, store="second", position="b1-s1-p1", plates=("s2-p1",), unit_weight_g=31.0))
    assert list(_positions(shop, "second")) == ["b1-s1-p1"]
    assert _evidence(shop, "second") == 1
    assert shop.rows("SELECT made_by FROM planogram WHERE store = 'second'") == [("mei",)]


def test_a_planogram_for_tomorrow_holds_tomorrow_as_it_was_imported(shop: Shop) -> None:
    tomorrow = shop.clock.now() + timedelta(days=1)
    shop.put_planogram(
        "position,sku,bay,shelf,plates,zones,capacity,low_units,valid_from\n"
        f"p-tea,gum,b1,b1-s1,b1-s1-l1,,12,3,{tomorrow.isoformat()}\n"
    )
    _place(shop, replace(GUM, capacity=33))
    assert _positions(shop)["p-gum"].capacity == 33
    shop.clock.advance(90_000)
    assert list(_positions(shop)) == ["p-tea"]


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"sku": "teas"}, "sku", "sku_unknown"),
        ({"position": "p gum"}, "position", "name_unusable"),
        ({"bay": ""}, "bay", "name_unusable"),
        ({"shelf": "b1/s1"}, "shelf", "name_unusable"),
        ({"plates": ("b1-s1-l1",)}, "plates", "plate_taken"),
        ({"plates": ("b1-s1-l1",), "shelf": "b1-s2", "shared": True}, "plates", "plate_elsewhere"),
        ({"plates": ("b1-s1-l2", "b1-s1-l2")}, "plates", "names_unusable"),
        ({"plates": ("+",)}, "plates", "name_unusable"),
        ({"zones": ("z 1",)}, "zones", "name_unusable"),
        ({"capacity": 0}, "capacity", "capacity_unusable"),
        ({"low_units": 20}, "low_units", "low_units_unusable"),
        ({"low_units": -1}, "low_units", "low_units_unusable"),
        ({"unit_weight_g": 0.0}, "unit_weight_g", "weight_unusable"),
        ({"unit_weight_g": float("nan")}, "unit_weight_g", "weight_unusable"),
        ({"unit_weight_g": 30.0, "unit_spread_g": 31.0}, "unit_spread_g", "spread_unusable"),
        ({"device": "bay-9"}, "device", "device_unknown"),
        ({"store": "_new"}, "store", "name_unusable"),
    ],
)
def test_what_is_wrong_with_a_fitting_is_said_by_field_and_nothing_changes(
    shop: Shop, change: dict[str, Any], field: str, code: str
) -> None:
    refused = _refused(shop, replace(GUM, **change))
    assert (refused.field, refused.code, refused.facts["field"]) == (field, code, field)


def test_a_slip_of_the_keyboard_is_told_with_what_was_meant(shop: Shop) -> None:
    assert _refused(shop, replace(GUM, sku="teas")).facts["meant"] == "tea"
    assert _refused(shop, replace(GUM, plates=("b1-s1-l1",))).facts["position"] == "p-tea"


def test_a_plate_that_was_shared_on_purpose_stays_so(shop: Shop) -> None:
    _place(shop, replace(GUM, plates=("b1-s1-l1",), shared=True))
    _place(shop, replace(GUM, plates=("b1-s1-l1",), capacity=30))
    assert _positions(shop)["p-gum"].capacity == 30


def test_a_taught_weight_reaches_every_store_once_and_is_on_record(shop: Shop) -> None:
    _place(shop, replace(GUM, store="second", position="b1-s1-p1", plates=("s2-p1",)))
    here, there = _evidence(shop), _evidence(shop, "second")
    for weight_g in (31.25, 31.25):
        learn_unit_weight(shop.connection, "gum", weight_g, None, by="mei", at=shop.clock.now())
    assert (_evidence(shop), _evidence(shop, "second")) == (here + 1, there + 1)
    assert shop.rows("SELECT unit_weight_g, unit_spread_g FROM product WHERE sku = 'gum'") == [(31.25, 0.5)]
    assert shop.rows("SELECT sku, before_g, unit_weight_g, learned_by FROM unit_weight_learned") == [
        ("gum", 30.0, 31.25, "mei")
    ]
    with pytest.raises(FittingRefused, match="did you mean gum"):
        learn_unit_weight(shop.connection, "gun", 31.0, None, by="mei", at=shop.clock.now())
