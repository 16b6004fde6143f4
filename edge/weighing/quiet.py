"""Learn how quiet a signal is when nothing happens: spreads of one second come in, the quiet spread goes out."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque

HISTORY_S = 240
"""How much history the quiet spread is taken from. A shelf has to be busy for three quarters of it before its own
activity counts as quiet: a customer who rummages for a minute changes nothing, a compressor that was switched on is
learned within three minutes."""

LEARNING_S = 3
"""So many seconds are needed before the lower quartile means anything."""


class QuietSpread:
    """The lower quartile of the spreads (standard deviations over 1 s, in grams) of the last four minutes.

    The quartile, not the minimum, because one lucky second must not make the shelf nervous; the lower one, not the
    median, because a busy shelf is active half of the time (method and figures: measured on recorded plates,
    `edge.weighing.shelf`).
    """

    __slots__ = ("_ordered", "_recent")

    def __init__(self) -> None:
        self._recent: deque[float] = deque()
        self._ordered: list[float] = []

    def add(self, spread_g: float) -> None:
        """Take in the spread of one more second."""
        if len(self._recent) == HISTORY_S:
            oldest = self._recent.popleft()
            del self._ordered[bisect_left(self._ordered, oldest)]
        self._recent.append(spread_g)
        insort(self._ordered, spread_g)

    @property
    def learned(self) -> bool:
        """Tell whether enough seconds were seen."""
        return len(self._ordered) >= LEARNING_S

    @property
    def value_g(self) -> float:
        """The quiet spread in grams, 0.0 before anything was seen."""
        return self._ordered[(len(self._ordered) - 1) // 4] if self._ordered else 0.0
