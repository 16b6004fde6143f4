"""What lights show at a time: kept up, taken away, and no flashing that hurts."""

from __future__ import annotations

import math

import pytest

from edge.lighting.showing import Glow, Showing
from edge.lighting.signals import IDENTIFY, SIGNALS, STEP_S, STEPS

POSITIONS = ("p1", "p2")


def test_what_was_asked_holds_until_its_time_and_not_longer() -> None:
    showing = Showing({"p1": "take"}, until_s=100.0)
    assert showing.at(99.9, POSITIONS) == {"p1": Glow(SIGNALS["take"].colour, lit=True)}
    assert showing.at(100.0, POSITIONS) == {}
    assert showing.next_change_s(10.0, POSITIONS) == 100.0
    assert showing.next_change_s(100.0, POSITIONS) == math.inf


def test_a_device_that_is_looked_for_shows_afterwards_what_it_did() -> None:
    showing = Showing({"p1": "take"}, until_s=100.0, identify_until_s=20.0)
    assert set(showing.at(19.0, POSITIONS)) == set(POSITIONS)
    assert set(showing.at(20.0, POSITIONS)) == {"p1"}


def test_a_pattern_changes_at_the_next_step() -> None:
    showing = Showing({"p1": "taken"}, until_s=100.0)
    assert showing.at(4.0, POSITIONS)["p1"].lit
    assert showing.next_change_s(4.0, POSITIONS) == 4.0 + STEP_S
    assert not showing.at(4.0 + STEP_S, POSITIONS)["p1"].lit


@pytest.mark.parametrize("signal", [*SIGNALS.values(), IDENTIFY])
def test_nothing_flashes_more_than_three_times_a_second(signal: object) -> None:
    pattern = signal.pattern  # type: ignore[attr-defined]
    assert len(pattern) == STEPS
    around = pattern * 2
    begun = [around[at : at + 2] == "-#" for at in range(STEPS)]
    a_second = round(1.0 / STEP_S)
    assert max(sum((begun * 2)[at : at + a_second]) for at in range(STEPS)) <= 3


def test_every_meaning_has_a_pattern_and_a_colour_of_its_own() -> None:
    signals = [*SIGNALS.values(), IDENTIFY]
    assert len({signal.pattern for signal in signals}) == len({signal.colour for signal in signals}) == len(signals)
