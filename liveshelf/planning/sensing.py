"""What a scale can tell: unit weights, spreads and loads in, the limits of weighing out (pure).

A plate's weight given n units is Normal with variance noise² + drift(t)² + n·spread² + (n·unit_error)² (design of
LiveShelf, section 5). The limits here ask of each part alone that the nearest whole number of units is the right one in
99.5 % of cases, which is what LiveShelf promises of its counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, erf, floor, hypot, sqrt

SURE = 2.807
"""Standard deviations that half a unit must be, so that rounding to whole units is right in 99.5 % of cases: the
two-sided quantile of the normal distribution."""

SURE_ONE_SIDED = 2.576
"""The same where only one neighbour can be meant instead: P(error) = 0.5 % on one side."""

CALM_NOISE_G = 0.68
SHAKY_NOISE_G = 3.07
"""Noise of a plate at rest over one second: median and 90th percentile of 348 plates of a real shop (CPS-IoT 2020,
cps-test-01). Footfall and vibration make it, not the converter: an HX711 adds 0.1 g with a 10 kg cell. No credit is
taken for averaging, because vibration of 8 to 10 Hz aliases at 10 samples a second."""

CREEP_SHARE = 0.0005
CREEP_H = 0.5
"""Creep after a load was put on: at most 0.05 % of that load, over within half an hour (Seeed bar cell, data sheet:
0.05 % of full scale in 30 minutes at full load)."""

ZERO_SHARE_PER_C = 0.00005
"""Drift of the zero: at most 0.05 % of the cell's capacity in 10 degrees (the same data sheet). A 5 kg CZL611 cell with
an HX711 stayed below that over 21 days (kim5jk/loadcell-temp-compensation)."""

TEMPERATURE_C_PER_H = 1.0
TEMPERATURE_C_MAX = 8.7
"""How far the temperature moves in a time: an hour's move is an assumption, the most is what the same 21 days saw
(13.8 to 22.5 degrees)."""

HOURS_BETWEEN_PICKS = 4.0
"""Between two picks from one position, unless told otherwise (assumption: goods that sell a few times a day)."""

EVEN = sqrt(3.0)
"""A limit of a data sheet, evenly distributed between minus and plus, has this part of it as standard deviation."""

WEIGHINGS = 4
"""A catalogue weight is taken for the mean of so few weighings (AIM3S: 294 weighings of 81 products)."""

PICKS = 50
"""After so many picks of one unit the mean is known as well as from so many weighings."""


def drift_g(*, goods_g: float, cell_g: float, hours: float) -> float:
    """Return the standard deviation in grams by which a plate drifts in a time: creep under its goods, and its zero.

    `drift² = (creep · goods · min(1, t / 30 min))² / 3 + (zero · capacity · degrees(t))² / 3`, with the limits above.
    """
    creep_g = CREEP_SHARE * goods_g * min(1.0, hours / CREEP_H)
    zero_g = ZERO_SHARE_PER_C * cell_g * min(TEMPERATURE_C_PER_H * hours, TEMPERATURE_C_MAX)
    return hypot(creep_g, zero_g) / EVEN


def lightest_g(*, noise_g: float, goods_g: float, cell_g: float, plates: int, hours: float) -> float:
    """Return the lightest unit in grams that a scale tells apart from nothing, `hours` after the pick before.

    `unit / 2 >= 2.807 · sqrt(plates · (2 · noise² + drift(t)²))`: a pick is the difference of two weights, each with
    its noise; in between the plates drift. `goods_g` and `cell_g` are those of one of the `plates` it lies on.
    A change below half a unit is never taken for an event (measured on recorded plates).
    """
    drifted_g = drift_g(goods_g=goods_g, cell_g=cell_g, hours=hours)
    return 2.0 * SURE * sqrt(plates * (2.0 * noise_g**2 + drifted_g**2))


def countable_units(spread: float, *, weighings: int) -> int:
    """Return the largest number of units whose weight alone says how many they are in 99.5 % of cases.

    `1/2 >= 2.807 · spread · sqrt(n + n² / weighings)`: n units scatter by their spread, and the mean they are divided
    by has an error of its own. `spread` is the standard deviation of single units as a share of their mean, above 0.
    LiveShelf's measurements say the same: 1.15 % gives 29 and 87 units (4 and 50 weighings), 3 % gives 10 and 23, 10 %
    gives 2.
    """
    room = (0.5 / (SURE * spread)) ** 2
    return floor(weighings / 2.0 * (sqrt(1.0 + 4.0 * room / weighings) - 1.0))


def weighings_for(units: int, spread: float) -> int | None:
    """Return how many weighings make so many units countable, None when no number does."""
    room = (0.5 / (SURE * spread)) ** 2
    if room <= units:
        return None
    return max(1, ceil(units**2 / (room - units)))


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike the weights of two loads are: `told` is the probability of telling which of the two a change was; in
    a `tie` not even the means are known well enough to say which is the heavier. `alike`: `told` is below 99.5 %.
    """

    difference_g: float
    told: float
    alike: bool
    tie: bool


def likeness(one: tuple[float, float], other: tuple[float, float]) -> Likeness:
    """Compare two loads, each given by its mean weight and its standard deviation in grams.

    One weight is put between them; `told = Φ(|difference| / (sd_one + sd_other))` is then right for either. A load
    scatters by `sd² = spread² · (1 + 1 / weighings) + 2 · noise²`. A tie is a difference below two standard deviations
    of the difference of the two catalogue weights, `sqrt(spread_one² + spread_other²) / sqrt(weighings)`.
    """
    difference_g = abs(one[0] - other[0])
    scatter_g = _scatter_g(one[1]) + _scatter_g(other[1])
    told = 0.5 * (1.0 + erf(difference_g / scatter_g / sqrt(2.0)))
    unknown_g = 2.0 * hypot(one[1], other[1]) / sqrt(WEIGHINGS)
    return Likeness(
        difference_g=difference_g,
        told=told,
        alike=difference_g < SURE_ONE_SIDED * scatter_g,
        tie=difference_g <= unknown_g,
    )


def _scatter_g(spread_g: float) -> float:
    return sqrt(spread_g**2 * (1.0 + 1.0 / WEIGHINGS) + 2.0 * CALM_NOISE_G**2)
