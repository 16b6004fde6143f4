"""What a hand does on a shelf: how many units and how heavy in, a sequence of pushes and moves of goods out.

A hand reaches in, rests on things, grips, lifts or sets down, and goes: 0.8 to 2 s in several changes of load. No
public recording of hands alone is known, so the pushes are assumptions; their order of size follows the transients of
cps-test-01 (tens to some hundreds of grams around a pick).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

REACH_S = (0.8, 2.0)
"""How long a hand is in the shelf for one unit."""

NEXT_UNIT_S = (0.3, 0.7)
"""How much longer for each further unit of the same reach."""

ARMFUL_UNIT_S = (0.5, 1.1)
"""How long staff take to set down the next few units of an armful."""

HANDFUL_S = (0.35, 0.7)
"""How long a hand in a hurry takes for two to four units at once."""

REST_G = (10.0, 80.0)
PUSH_G = (60.0, 300.0)


@dataclass(frozen=True, slots=True)
class Step:
    """One change of load: after `wait_s`, `units` change place and the hand presses with `press_g` from then on."""

    wait_s: float
    press_g: float
    units: int = 0


Movement = tuple[Step, ...]


def reach_to_pick(rng: Random, units: int, unit_weight_g: float) -> Movement:
    """Return the movement of a hand that takes `units` one after another."""
    duration_s = rng.uniform(*REACH_S) + sum(rng.uniform(*NEXT_UNIT_S) for _ in range(units - 1))
    return _paced(duration_s, (*_approach(rng), *_lifts(rng, units, unit_weight_g), *_withdrawal(rng)))


def reach_to_put(rng: Random, units: int, unit_weight_g: float) -> Movement:
    """Return the movement of a hand that sets down `units` one after another."""
    duration_s = rng.uniform(*REACH_S) + sum(rng.uniform(*NEXT_UNIT_S) for _ in range(units - 1))
    return _paced(duration_s, (*_approach(rng), *_settings_down(rng, [1] * units, unit_weight_g), *_withdrawal(rng)))


def armful_to_shelf(rng: Random, units: int, unit_weight_g: float) -> Movement:
    """Return the movement of staff who set down an armful, one to three units at a time."""
    groups: list[int] = []
    while sum(groups) < units:
        groups.append(min(rng.randint(1, 3), units - sum(groups)))
    duration_s = rng.uniform(*REACH_S) + sum(rng.uniform(*ARMFUL_UNIT_S) for _ in groups)
    return _paced(duration_s, (*_approach(rng), *_settings_down(rng, groups, unit_weight_g), *_withdrawal(rng)))


def sweep_by_the_handful(rng: Random, units: int, unit_weight_g: float) -> Movement:
    """Return the movement of somebody who clears a place, two to four units at a time, and does not dwell."""
    groups: list[int] = []
    while sum(groups) < units:
        groups.append(min(rng.randint(2, 4), units - sum(groups)))
    duration_s = rng.uniform(*REACH_S) + sum(rng.uniform(*HANDFUL_S) for _ in groups)
    return _paced(duration_s, (*_approach(rng), *_handfuls(rng, groups, unit_weight_g), *_withdrawal(rng)))


def duration_s(movement: Movement) -> float:
    """Return how long the hand is in the shelf."""
    return sum(step.wait_s for step in movement)


def _approach(rng: Random) -> Iterator[Step]:
    yield Step(0.0, rng.uniform(*REST_G))
    yield Step(rng.uniform(0.5, 1.5), rng.uniform(*PUSH_G))


def _lifts(rng: Random, units: int, unit_weight_g: float) -> Iterator[Step]:
    for _ in range(units):
        yield Step(rng.uniform(0.5, 1.5), -unit_weight_g * rng.uniform(0.2, 0.8))
        yield Step(rng.uniform(0.5, 1.5), rng.uniform(*REST_G), units=1)


def _handfuls(rng: Random, groups: list[int], unit_weight_g: float) -> Iterator[Step]:
    for group in groups:
        yield Step(rng.uniform(0.5, 1.5), -group * unit_weight_g * rng.uniform(0.2, 0.8))
        yield Step(rng.uniform(0.5, 1.5), rng.uniform(*REST_G), units=group)


def _settings_down(rng: Random, groups: list[int], unit_weight_g: float) -> Iterator[Step]:
    for group in groups:
        yield Step(rng.uniform(0.5, 1.5), group * unit_weight_g * rng.uniform(0.2, 0.8))
        yield Step(rng.uniform(0.5, 1.5), rng.uniform(*PUSH_G), units=group)


def _withdrawal(rng: Random) -> Iterator[Step]:
    yield Step(rng.uniform(0.5, 1.5), rng.uniform(*REST_G))
    yield Step(rng.uniform(0.5, 1.0), 0.0)


def _paced(total_s: float, steps: Movement) -> Movement:
    """Stretch the pauses between the steps, so that the whole takes `total_s`."""
    drawn_s = sum(step.wait_s for step in steps)
    return tuple(Step(step.wait_s * total_s / drawn_s, step.press_g, step.units) for step in steps)
