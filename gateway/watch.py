"""Whether a gateway lives and can do its work, seen from outside its story."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from gateway.counters import Counters

STUCK_S = 120.0
"""A story that has the database and has not gone round for so long will not by itself."""

SLOW_S = 10.0
"""Nobody is sent to a gateway that has not gone round for so long: a load takes a second or two."""


class Watch:
    """What is known of a gateway from outside its story. `stop` is set by SIGTERM."""

    def __init__(
        self, counters: Counters, stop: threading.Event, *, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self.connected: Callable[[], bool] = lambda: False
        self.counters = counters
        self._stop = stop
        self._now_s = now_s

    @property
    def why_stuck(self) -> str:
        """Why starting it again would help; empty while it lives.

        A gateway that waits for its database lives: to start it again helps nobody.
        """
        still_s = self._now_s() - self.counters.turned_at_s
        return f"no progress for {still_s:.0f} s" if self.counters.ready and still_s > STUCK_S else ""

    @property
    def why_unready(self) -> str:
        """Why it loads nothing now; empty when it does."""
        if self._stop.is_set():
            return "it was told to stop"
        if not self.counters.ready:
            return "the database is away, or another gateway has the store"
        if not self.connected():
            return "the broker is away"
        still_s = self._now_s() - self.counters.turned_at_s
        return f"no progress for {still_s:.0f} s" if still_s > SLOW_S else ""
