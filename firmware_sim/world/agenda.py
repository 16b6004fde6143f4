"""What happens next in the shop: actions with their shop time go in, and run when their time has come."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

from contract.clock import Clock

Action = Callable[[], None]


class Agenda:
    """A queue of actions ordered by shop time; equal times run in the order they were noted.

    Times count from the clock as it is now, not from when an action was due: on a machine that is late, the shop
    slows down instead of squeezing its movements together.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: list[tuple[int, int, Action]] = []
        self._number = count()

    def after(self, wait_s: float, action: Action) -> None:
        """Note an action for `wait_s` shop seconds from now."""
        due_ms = self._clock.mono_ms() + round(wait_s * 1000)
        heapq.heappush(self._waiting, (due_ms, next(self._number), action))

    @property
    def next_ms(self) -> int | None:
        """Shop time (`Clock.mono_ms`) of the next action; None when nothing is noted."""
        return self._waiting[0][0] if self._waiting else None

    def run_due(self) -> None:
        """Run all actions whose time has come."""
        now_ms = self._clock.mono_ms()
        while self._waiting and self._waiting[0][0] <= now_ms:
            _, _, action = heapq.heappop(self._waiting)
            action()
