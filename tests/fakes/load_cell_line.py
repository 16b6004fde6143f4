"""A load-cell line that plays given codes bit by bit, for unit tests of drivers; no clock, no physics."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

CODE_BITS = 24


class ScriptedLine:
    """Implements `LoadCellLine`: every code waits until it is clocked out, then the next one waits.

    `codes` are conversions, -0x800000 to 0x7FFFFF (or their 24 bits, 0 to 0xFFFFFF). After the last one the line
    stays not ready; `append` gives more. `ends_high=False` is a broken wire: DOUT stays low after the last pulse.
    `frames` holds the pulses given for each code begun, so that a test can tell which gain the driver asked for.
    """

    def __init__(self, codes: Iterable[int] = (), *, ends_high: bool = True) -> None:
        self._codes = deque(codes)
        self._ends_high = ends_high
        self._word = 0
        self.frames: list[int] = []
        self._clocking = False

    def append(self, code: int) -> None:
        """Let one more conversion finish."""
        self._codes.append(code)

    def ready(self) -> bool:
        """Tell whether a code waits. Looking at DOUT ends the frame that was clocked out before."""
        if self._clocking and self.frames[-1] <= CODE_BITS:
            return self._bit(self.frames[-1]) == 0
        self._clocking = False
        return bool(self._codes)

    def clock_bit(self) -> int:
        """Return the next bit, most significant first; 1 when nothing waits and after the last bit."""
        if not self._clocking:
            if not self._codes:
                return 1
            self._word = self._codes.popleft() & 0xFFFFFF
            self._clocking = True
            self.frames.append(0)
        self.frames[-1] += 1
        return self._bit(self.frames[-1])

    def _bit(self, pulse: int) -> int:
        if pulse > CODE_BITS:
            return int(self._ends_high)
        return self._word >> (CODE_BITS - pulse) & 1
