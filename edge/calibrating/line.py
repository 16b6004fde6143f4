"""Turn measured points into a line from counts to grams, and say how sure it is (pure).

Two points make a line (any load-cell application note); more are fitted by weighted least squares (Bevington and
Robinson, "Data Reduction and Error Analysis", chapter 6). The uncertainty of a point is that of its counts and that of
its mass, taken together as JCGM 100:2008, 5.1.2 has it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edge.calibrating.masses import uncertainty_g
from edge.calibrating.resting import NOISE_COUNT_MIN, RATED_COUNT, Rest

LINEARITY_SHARE = 0.001
"""How far a good cell may be from its line, as a share of the heaviest mass it was tried with: 0.05 % each of
non-linearity and hysteresis of a full load (Seeed bar cell, data sheet). Not of its capacity: a cell that bends by b at
half of it shows only b (m/c)² at half of a mass m, 6 g of 150 g with 2 kg on a cell of 10 kg.
`gateway.counting.assumptions` takes a calibrated scale for that good."""

COVERAGE = 3.0
"""So many standard uncertainties what is measured may be off before it speaks against the line."""

CHANGE_RATIO = 6.0
"""What moved by less than so many standard deviations of a mean of 100 ms has not moved."""

WEAKEST_SHARE, STRONGEST_SHARE = 0.1, 10.0
"""Cells and levers there are give 0.2 to 4 mV/V at the capacity of their plate. Ten times less or more than 1 mV/V is
a wrong capacity, or kilograms for grams."""

CHANGE_SHARE = 0.25
"""A change of less than a quarter of what was told is somebody's finger."""


@dataclass(frozen=True, slots=True)
class Point:
    """A known mass and where the plate rested under it. `mass_error_g` is how far the mass may be off at most."""

    mass_g: float
    rest: Rest
    mass_error_g: float


@dataclass(frozen=True, slots=True)
class Line:
    """`zero_count` is the count without any load, `counts_per_g` the gain; `*_error` are standard uncertainties, that
    of the zero in counts, that of the gain in counts per gram.
    """

    zero_count: float
    counts_per_g: float
    zero_error: float
    gain_error: float

    @property
    def uncertainty_share(self) -> float:
        """The standard uncertainty of the gain, as a share of it."""
        return abs(self.gain_error / self.counts_per_g)

    def grams(self, count: float) -> float:
        """Return the weight a count stands for."""
        return (count - self.zero_count) / self.counts_per_g


@dataclass(frozen=True, slots=True)
class Check:
    """What a mass the line was not made with was measured as."""

    mass_g: float
    measured_g: float
    error_g: float
    limit_g: float

    @property
    def passed(self) -> bool:
        """Tell whether the line holds there too."""
        return abs(self.error_g) <= self.limit_g


def fit(points: Sequence[Point], goods_g: float = 0.0) -> Line:
    """Return the line through points of at least two different masses and counts. `goods_g` stands below all of them.

    Weighted least squares, the weights from the slope of the two points that are farthest apart.
    """
    ordered = sorted(points, key=lambda point: point.mass_g)
    first, last = ordered[0], ordered[-1]
    slope = (last.rest.count - first.rest.count) / (last.mass_g - first.mass_g)
    weights = [1.0 / _variance(point, slope) for point in ordered]
    total = sum(weights)
    mean_g = sum(weight * point.mass_g for weight, point in zip(weights, ordered, strict=True)) / total
    mean_count = sum(weight * point.rest.count for weight, point in zip(weights, ordered, strict=True)) / total
    spread = sum(weight * (point.mass_g - mean_g) ** 2 for weight, point in zip(weights, ordered, strict=True))
    gain = (
        sum(
            weight * (point.mass_g - mean_g) * (point.rest.count - mean_count)
            for weight, point in zip(weights, ordered, strict=True)
        )
        / spread
    )
    without_g = -goods_g - mean_g
    return Line(
        zero_count=mean_count + gain * without_g,
        counts_per_g=gain,
        zero_error=math.sqrt(1.0 / total + without_g**2 / spread),
        gain_error=math.sqrt(1.0 / spread),
    )


def _variance(point: Point, slope: float) -> float:
    """Return the variance of a point, all of it in counts."""
    return point.rest.error_count**2 + (slope * uncertainty_g(point.mass_error_g)) ** 2


def check(line: Line, point: Point, *, goods_g: float, heaviest_g: float) -> Check:
    """Return what a mass the line was not made with is measured as, and how far off that may be.

    `heaviest_g` is the heaviest mass of all, this one included.
    """
    measured_g = line.grams(point.rest.count) - goods_g
    own_g = math.sqrt(_variance(point, line.counts_per_g)) / abs(line.counts_per_g)
    gain_g = line.uncertainty_share * (point.mass_g + goods_g)
    zero_g = line.zero_error / abs(line.counts_per_g)
    limit_g = LINEARITY_SHARE * heaviest_g + COVERAGE * math.hypot(own_g, gain_g, zero_g)
    return Check(point.mass_g, measured_g, measured_g - point.mass_g, limit_g)


def least_change(mass_g: float, noise_count: float, *, capacity_g: float, counts_per_g: float | None = None) -> float:
    """Return by how many counts a plate has to move at least for `mass_g` more or less to have been laid on it.

    Without a gain any cell there is must do: the weakest is taken. A gain above that of a common cell is not asked for:
    it may come of a mass told in kilograms.
    """
    common = RATED_COUNT / capacity_g
    gain = WEAKEST_SHARE * common if counts_per_g is None else min(abs(counts_per_g), common)
    return max(CHANGE_RATIO * max(noise_count, NOISE_COUNT_MIN), CHANGE_SHARE * gain * abs(mass_g))


def gain_is_usual(counts_per_g: float, capacity_g: float) -> bool:
    """Tell whether a cell there is gives so many counts for a gram."""
    share = abs(counts_per_g) * capacity_g / RATED_COUNT
    return WEAKEST_SHARE <= share <= STRONGEST_SHARE
