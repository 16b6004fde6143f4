"""Hands in a shelf."""

from __future__ import annotations

from random import Random

import pytest

from firmware_sim.world.movements import Movement, armful_to_shelf, duration_s, reach_to_pick, reach_to_put


@pytest.mark.parametrize("reach", [reach_to_pick, reach_to_put])
@pytest.mark.parametrize("seed", range(20))
def test_a_hand_that_moves_one_unit_is_in_the_shelf_for_one_to_two_seconds(reach: object, seed: int) -> None:
    assert callable(reach)
    movement: Movement = reach(Random(seed), 1, 400.0)
    assert 0.8 <= duration_s(movement) <= 2.0
    assert len({step.press_g for step in movement}) >= 4


@pytest.mark.parametrize("units", [1, 2, 3, 8])
def test_a_hand_moves_all_its_units_and_presses_nothing_when_it_leaves(units: int) -> None:
    for movement in (
        reach_to_pick(Random(1), units, 400.0),
        reach_to_put(Random(1), units, 400.0),
        armful_to_shelf(Random(1), units, 400.0),
    ):
        assert sum(step.units for step in movement) == units
        assert movement[-1].press_g == 0.0
        assert movement[-1].units == 0


def test_an_armful_takes_several_changes_over_seconds() -> None:
    movement = armful_to_shelf(Random(2), 8, 400.0)
    assert duration_s(movement) > 2.0
    assert sum(step.units > 0 for step in movement) >= 3
