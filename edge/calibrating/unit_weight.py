"""Learn what one unit weighs from units put on or taken off: changes of weight come in, mean and uncertainty go out.

Weighted least squares through the origin over the additions. Weighing pieces singly and in lots is how counting scales
are taught (Mettler-Toledo, "Counting"); that a lot divided by a single piece is a whole number shows a miscount.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

GAIN_SHARE = 0.003
"""How sure the gain of a scale is when nobody measured it (`gateway.counting.assumptions`, a calibrated scale)."""

MISCOUNT = 0.5
"""An addition that is off by half a unit or more was another number of units."""

SPREAD_SHARE = 0.0115
"""Spread of single units of common goods: median coefficient of variation of 81 products (AIM3S)."""

COVERAGE = 3.0
"""So many standard deviations units may differ before a miscount is the likelier reason."""

NOISE_MIN_G = 1e-6
"""Two weighings never agree by less than rounding."""


@dataclass(frozen=True, slots=True)
class Addition:
    """Units put on (negative: taken off), by how much the weight changed, and the standard uncertainty of that."""

    units: int
    change_g: float
    error_g: float


@dataclass(frozen=True, slots=True)
class UnitWeight:
    """`unit_spread_g` is the standard deviation of single units, None from one addition; `consistent` tells that every
    addition was the number of units it was told to be, as far as the others can say.
    """

    units: int
    unit_weight_g: float
    uncertainty_g: float
    unit_spread_g: float | None
    consistent: bool


def learn(additions: Sequence[Addition], gain_share: float = GAIN_SHARE) -> UnitWeight:
    """Return what one unit weighs. `gain_share` is the standard uncertainty of the scale's gain, as a share of it."""
    mean_g, _ = _mean(additions, 0.0)
    spread_g = _spread(additions, mean_g)
    mean_g, statistical_g = _mean(additions, spread_g or 0.0)
    return UnitWeight(
        units=sum(addition.units for addition in additions),
        unit_weight_g=mean_g,
        uncertainty_g=math.hypot(statistical_g, gain_share * mean_g),
        unit_spread_g=spread_g,
        consistent=all(_agrees(additions, index) for index in range(len(additions))),
    )


def _mean(additions: Sequence[Addition], spread_g: float) -> tuple[float, float]:
    """Return the weight of a unit and its standard uncertainty, for units of this spread."""
    weights = [
        1.0 / (max(addition.error_g, NOISE_MIN_G) ** 2 + abs(addition.units) * spread_g**2) for addition in additions
    ]
    pairs = list(zip(weights, additions, strict=True))
    square = sum(weight * addition.units**2 for weight, addition in pairs)
    product = sum(weight * addition.units * addition.change_g for weight, addition in pairs)
    return product / square, math.sqrt(1.0 / square)


def _spread(additions: Sequence[Addition], mean_g: float) -> float | None:
    """Return the standard deviation of single units, by what the additions differ beyond the noise of the scale."""
    if len(additions) < 2:
        return None
    excess = sum(
        ((addition.change_g - addition.units * mean_g) ** 2 - addition.error_g**2) / abs(addition.units)
        for addition in additions
    )
    return math.sqrt(max(0.0, excess / (len(additions) - 1)))


def _agrees(additions: Sequence[Addition], index: int) -> bool:
    """Tell whether one addition is the number of units it was told to be, by a unit of the others."""
    others = [*additions[:index], *additions[index + 1 :]]
    if not others:
        return True
    unit_g, _ = _mean(others, 0.0)
    one = additions[index]
    known_by = math.sqrt(sum(abs(other.units) for other in others))
    limit = max(MISCOUNT, COVERAGE * abs(one.units) * SPREAD_SHARE / known_by)
    return abs(one.change_g - one.units * unit_g) < limit * abs(unit_g)
