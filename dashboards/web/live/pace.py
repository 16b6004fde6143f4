"""How soon the next frame may be made: at once when it is quiet, less often when much happens (pure)."""

from __future__ import annotations

APART_S = 0.1
"""Two frames are at least so far apart: a pick and what the worker makes of it come one right after the other."""

WINDOW_S = 0.45
"""Of any three frames the first and the last are at least so far apart: 4.4 a second, however much happens."""


class Pace:
    """Remembers the last two frames. All times are wall seconds of one clock that never steps back."""

    def __init__(self) -> None:
        self._last_s = self._before_s = float("-inf")
        self._ended_s = self._took_s = 0.0

    def next_s(self) -> float:
        """Return the earliest time of the next frame: a machine that is slow to make one rests as long as it took."""
        return max(self._last_s + APART_S, self._before_s + WINDOW_S, self._ended_s + self._took_s)

    def made(self, began_s: float, ended_s: float) -> None:
        """Note that a frame was made between these times."""
        self._before_s, self._last_s = self._last_s, began_s
        self._ended_s, self._took_s = ended_s, ended_s - began_s
