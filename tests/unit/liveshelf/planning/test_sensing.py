"""The limits of weighing: what was measured comes out, and what is easier never becomes harder."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveshelf.planning.sensing import (
    CALM_NOISE_G,
    SHAKY_NOISE_G,
    countable_units,
    drift_g,
    lightest_g,
    likeness,
    weighings_for,
)

GRAMS = st.floats(1.0, 50_000.0)
HOURS = st.floats(0.0, 1000.0)
SPREADS = st.floats(0.001, 0.3)
UNITS = st.integers(1, 500)


@pytest.mark.parametrize(
    ("spread", "weighings", "units"),
    [(0.0115, 4, 29), (0.0115, 50, 87), (0.03, 4, 10), (0.03, 50, 23), (0.10, 4, 2)],
)
def test_as_many_units_are_countable_as_were_measured(spread: float, weighings: int, units: int) -> None:
    assert countable_units(spread, weighings=weighings) == units


def test_a_10_kg_cell_tells_a_chewing_gum_on_a_calm_shelf_and_a_chocolate_on_a_shaky_one() -> None:
    calm_g, shaky_g = (
        lightest_g(noise_g=noise_g, goods_g=2_000.0, cell_g=10_000.0, plates=1, hours=4.0)
        for noise_g in (CALM_NOISE_G, SHAKY_NOISE_G)
    )
    assert 5.0 < calm_g < 15.0
    assert 20.0 < shaky_g < 30.0


@given(goods_g=GRAMS, cell_g=GRAMS, hours=HOURS, more=st.floats(1.0, 10.0))
def test_more_goods_a_larger_cell_and_more_time_never_help(
    goods_g: float, cell_g: float, hours: float, more: float
) -> None:
    drifted_g = drift_g(goods_g=goods_g, cell_g=cell_g, hours=hours)
    assert drift_g(goods_g=goods_g * more, cell_g=cell_g, hours=hours) >= drifted_g
    assert drift_g(goods_g=goods_g, cell_g=cell_g * more, hours=hours) >= drifted_g
    assert drift_g(goods_g=goods_g, cell_g=cell_g, hours=hours * more) >= drifted_g


def test_drift_ends_with_the_temperature_of_the_day() -> None:
    day_g = drift_g(goods_g=5_000.0, cell_g=10_000.0, hours=24.0)
    assert drift_g(goods_g=5_000.0, cell_g=10_000.0, hours=inf) == day_g
    assert drift_g(goods_g=5_000.0, cell_g=10_000.0, hours=0.0) == 0.0


@given(spread=SPREADS, weighings=st.integers(1, 100), more=st.integers(1, 100))
def test_more_weighings_never_leave_fewer_units_countable(spread: float, weighings: int, more: int) -> None:
    assert countable_units(spread, weighings=weighings + more) >= countable_units(spread, weighings=weighings)


@given(spread=SPREADS, wider=st.floats(1.0, 3.0), weighings=st.integers(1, 100))
def test_wider_spread_never_leaves_more_units_countable(spread: float, wider: float, weighings: int) -> None:
    assert countable_units(spread * wider, weighings=weighings) <= countable_units(spread, weighings=weighings)


@given(units=UNITS, spread=SPREADS)
def test_the_weighings_asked_for_are_enough_and_one_fewer_is_not(units: int, spread: float) -> None:
    weighings = weighings_for(units, spread)
    if weighings is None:
        assert countable_units(spread, weighings=10_000_000) <= units
        return
    # One more covers what rounding takes when the figures meet exactly.
    assert countable_units(spread, weighings=weighings + 1) >= units
    if weighings > 2:
        assert countable_units(spread, weighings=weighings - 2) < units


@given(one=GRAMS, apart=st.floats(0.0, 1000.0), more=st.floats(0.0, 1000.0), spread_g=st.floats(0.0, 100.0))
def test_weights_farther_apart_are_never_harder_to_tell(one: float, apart: float, more: float, spread_g: float) -> None:
    near = likeness((one, spread_g), (one + apart, spread_g))
    far = likeness((one, spread_g), (one + apart + more, spread_g))
    assert far.told >= near.told - 1e-9
    assert near.alike or not far.alike
    assert near.tie or not far.tie


@given(one=GRAMS, other=GRAMS, spread_g=st.floats(0.0, 100.0), wide_g=st.floats(0.0, 100.0))
def test_likeness_is_mutual_and_a_tie_is_always_alike(one: float, other: float, spread_g: float, wide_g: float) -> None:
    like = likeness((one, spread_g), (other, wide_g))
    assert like == likeness((other, wide_g), (one, spread_g))
    assert 0.5 <= like.told <= 1.0
    assert like.alike or not like.tie


def test_equal_weights_are_a_tie_even_when_every_unit_weighs_the_same() -> None:
    assert likeness((100.0, 0.0), (100.0, 0.0)).tie
    assert not likeness((100.0, 0.0), (101.0, 0.0)).tie
