"""Remember the last seconds of one scale in bins of 100 ms, and how its last step looked: for whoever wants to see what
a hand, a loose foot or a motor does to it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

WAVE_BINS = 100
"""Ten seconds: a hand is on a shelf for one to three, and rest is known a second later."""


@dataclass(frozen=True, slots=True)
class Waveform:
    """Means of bins in grams, oldest first; the last bin ends at shop time `end_mono_ms`."""

    end_mono_ms: int
    weights_g: tuple[float, ...]


class Wave:
    """What a scale weighed lately. `step` is the wave that ended when its shelf last came to rest somewhere else."""

    __slots__ = ("_bins", "_end_ms", "step")

    def __init__(self) -> None:
        self.step: Waveform | None = None
        self._bins: deque[float] = deque(maxlen=WAVE_BINS)
        self._end_ms = 0

    def add(self, end_ms: int, weight_g: float, *, heard: bool) -> None:
        """Take in the mean of the bin that ended. A wave begins with a bin in which the scale was `heard`."""
        if heard or self._bins:
            self._bins.append(weight_g)
            self._end_ms = end_ms

    def latest(self) -> Waveform:
        """Return what is remembered; nothing of a scale that was not heard yet."""
        return Waveform(self._end_ms, tuple(self._bins))

    def keep_step(self) -> None:
        """Keep what is remembered as the last step."""
        self.step = self.latest()

    def break_off(self) -> None:
        """Forget the bins: time was left out, and a wave has none missing."""
        self._bins.clear()

    def begin_anew(self) -> None:
        """Forget everything: the grams to come are of another line."""
        self._bins.clear()
        self.step = None
