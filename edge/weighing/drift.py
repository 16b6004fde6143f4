"""Follow how the zero of a plate moves: its weights at rest come in, what was put on or taken left out (pure).

A drifting cell shows in the weight at rest and in nothing else, so the changes of steps are summed and taken off: what
is left is one line through all rests, whatever stood on the plate. Medians of whole hours are compared a day apart, at
the same hour, so that the temperature of the day falls out. Nothing is corrected by it: a plate that drifts is a case
for a person, and goods are never tared away.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from edge.weighing.plate import median_of

HOUR_MS = 3_600_000
DAY_HOURS = 24

RESTS_MAX = 120
"""One rest in 30 s; a plate that tells more often in an hour is not known better for it."""


class _Hour(NamedTuple):
    """The median of an hour, and how uncertain the steps until then made it (a variance)."""

    weight_g: float
    steps_g2: float


class DriftLedger:
    """The zero of one plate over the last day, in hours of shop time."""

    __slots__ = ("_hour", "_hours", "_moved_g", "_new", "_rest_g", "_rests", "_steps_g2")

    def __init__(self) -> None:
        self._hours: dict[int, _Hour] = {}
        self._hour = 0
        self._rests: list[float] = []
        self._rest_g = 0.0
        self._moved_g = 0.0
        self._steps_g2 = 0.0
        self._new = True

    def rest(self, mono_ms: int, weight_g: float) -> None:
        """Take in the weight of a plate at rest."""
        hour = mono_ms // HOUR_MS
        if hour != self._hour:
            self._close_hour(hour)
        if self._new:
            self._moved_g, self._new = weight_g - self._rest_g, False
        self._rest_g = weight_g - self._moved_g
        if len(self._rests) < RESTS_MAX:
            self._rests.append(self._rest_g)

    def moved(self, change_g: float, noise_g: float) -> None:
        """Take in that goods changed the weight by so much, known to so much (a standard deviation)."""
        self._moved_g += change_g
        self._steps_g2 += noise_g * noise_g

    def begin_anew(self) -> None:
        """Take the next rest for the continuation of the last one: what happened between them is not known."""
        self._new = True

    def per_day_g(self) -> tuple[float, float] | None:
        """Return by how many grams the zero moved within the last day, or since it is known if that is shorter, and
        how well steps let that be known (a standard deviation). None before two hours were seen.
        """
        if len(self._hours) < 2:
            return None
        first, last = min(self._hours), max(self._hours)
        before, now = self._hours[first], self._hours[last]
        return now.weight_g - before.weight_g, math.sqrt(now.steps_g2 - before.steps_g2)

    def _close_hour(self, hour: int) -> None:
        if self._rests:
            self._hours[self._hour] = _Hour(median_of(self._rests), self._steps_g2)
            self._rests = []
            for old in [held for held in self._hours if held < self._hour - DAY_HOURS]:
                del self._hours[old]
        self._hour = hour
