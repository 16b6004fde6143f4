"""Find a change too small to be felt: means of 100 ms of a plate at rest come in, a shift of its mean goes out (pure).

Method: the mean of the last 1.6 s is compared with that of 1.6 s before it, 0.2 s apart: a test of two sliding windows
for a change in the mean (Basseville and Nikiforov, Detection of Abrupt Changes, 1993, chapter 2). It averages where the
spread of a second does not, and so sees what stays below that; it tells it some 1.8 s after it happened.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from edge.weighing.plate import SPREAD_FLOOR_G

SIDE_BINS = 16
"""The bins on either side. With the gap, each of two changes 2 s apart has sides of its own."""

GAP_BINS = 2
"""While goods are put down, no mean is of use: the plate swings for a tenth of a second."""

WHOLE_BINS = SIDE_BINS + GAP_BINS + SIDE_BINS

LIMIT_SIGMAS = 5.3
"""From here on a shift is believed. A plate is asked 6 million times a week, a third of them anew; white
noise passes once in some weeks (`false_steps_per_plate_week` of the bench)."""

QUARTILE_OF_SPREAD = 0.768
"""The lower quartile of standard deviations of ten values each, in true ones (chi-squared, nine degrees of freedom)."""

SHIFT_OF_BIN = math.sqrt(2.0 / SIDE_BINS)
"""The standard deviation of the difference of two sides, in that of a bin."""

MEAN_OF_SHIFT = 0.798
"""The mean magnitude of a normal value, in standard deviations: the square root of 2 / pi."""

LEARNING = 400
"""So many stretches of 3.4 s at rest, 23 minutes, are needed to know by how much the means usually differ. Before
that nothing is believed: real plates sway and settle by tenths of a gram that no white noise explains."""

MEMORY = 25_000
"""So many stretches are remembered then, a day of rest: an hour of small goods is no sway."""

CREEP_SHARE = 0.01
"""Of a change that was told, so much may follow as creep (recorded plates: 0.55 g in 7 s after 100 g were taken)."""


class Sides(NamedTuple):
    """The means of the 1.6 s before and after a gap, in grams."""

    before_g: float
    after_g: float

    @property
    def shift_g(self) -> float:
        """By how much they differ, whatever the direction."""
        return abs(self.after_g - self.before_g)


class ShiftWatch:
    """The last 3.4 s of one plate at rest."""

    __slots__ = ("_best", "_bins", "_creep_g", "_fresh", "_learned", "_usual_g")

    def __init__(self) -> None:
        self._bins: deque[float] = deque(maxlen=WHOLE_BINS)
        self._best: Sides | None = None
        self._fresh = 0
        self._usual_g = self._creep_g = 0.0
        self._learned = 0

    def begin(self, rested: Sequence[float], change_g: float) -> None:
        """Look at nothing that was before these bins: the shelf has just come to rest, changed by so much."""
        self._creep_g = CREEP_SHARE * abs(change_g)
        self._bins.clear()
        self._bins.extend(rested)
        self._best, self._fresh = None, 0

    def tell(self) -> None:
        """Take what is on the later side for the earlier one of the next shift: this one was told."""
        self._best, self._fresh = None, 0

    def add(self, mean_g: float, quiet_g: float) -> bool:
        """Take in one more bin, and the quiet spread of a second; tell whether a shift has just passed through."""
        self._bins.append(mean_g)
        self._fresh += 1
        if len(self._bins) < WHOLE_BINS or self._fresh < SIDE_BINS:
            return False
        sides, sigma_g = self._sides(), self._sigma_g(quiet_g)
        if self._fresh % WHOLE_BINS == 0:
            self._learn(sides.shift_g)
        if self._learned < LEARNING:
            return False
        if self._best is not None and sides.shift_g <= self._best.shift_g:
            return True
        self._best = sides if sides.shift_g > LIMIT_SIGMAS * sigma_g + self._creep_g else None
        return False

    def sides(self) -> Sides | None:
        """Return the sides of the shift that has just passed, or those of now; None while too little is known."""
        return self._best or (self._sides() if len(self._bins) == WHOLE_BINS else None)

    def _sides(self) -> Sides:
        bins = list(self._bins)
        return Sides(sum(bins[:SIDE_BINS]) / SIDE_BINS, sum(bins[-SIDE_BINS:]) / SIDE_BINS)

    def _sigma_g(self, quiet_g: float) -> float:
        """Return how well a shift is known: as white noise lets it, or worse where the floor does not keep still."""
        bin_g = max(quiet_g / QUARTILE_OF_SPREAD, SPREAD_FLOOR_G)
        return max(bin_g * SHIFT_OF_BIN, self._usual_g / MEAN_OF_SHIFT)

    def _learn(self, shift_g: float) -> None:
        """Take in by how much the two sides differed, whatever the reason."""
        self._learned += 1
        weight = self._learned if self._learned <= LEARNING else MEMORY
        self._usual_g += (shift_g - self._usual_g) / weight
