"""Clock many HX711 converters by one clock line: bits of all lines come in, counts of all plates go out.

Every chip converts by its own oscillator, so the lines become ready one after another: they are read when all that
live are. A line that is dead is not waited for. Pulses also reach a chip that is not ready; what it says next may be
the rest of a word, so it is not believed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter_ns

from contract.hardware import ClockedLines
from contract.ids import PlateId
from edge.sampling.hx711 import PULSES, doubt_frame
from edge.sampling.judge import AWAY_CONVERSIONS, ConversionJudge
from edge.sampling.samples import RawSample, Rejected

PATIENCE_PERIODS = 2.0
"""So long the first line that is ready waits for the others: a chip at half its rate is still read with them."""


class SharedClockHx711:
    """Implements `WeightDriver` for converters of one rate on one clock; plate `i` is on data line `i`."""

    def __init__(
        self,
        plates: Sequence[PlateId],
        lines: ClockedLines,
        *,
        rate_sps: float,
        mono_ms: int,
        wall_ns: Callable[[], int] = perf_counter_ns,
    ) -> None:
        self.plates = tuple(plates)
        self._lines = lines
        self._wall_ns = wall_ns
        self._patience_ms = PATIENCE_PERIODS * 1000.0 / rate_sps
        self._judges = [ConversionJudge(plate, rate_sps=rate_sps, mono_ms=mono_ms) for plate in self.plates]
        self._all = (1 << len(self.plates)) - 1
        self._first_ready_ms: int | None = None
        self._disturbed = 0

    def poll(self, mono_ms: int) -> list[RawSample | Rejected]:
        """Return one conversion of every line that is ready, once the lines that live are."""
        ready = ~self._lines.levels() & self._all
        if ready != self._all:
            self._miss(self._all & ~ready, mono_ms)
        if not ready:
            self._first_ready_ms = None
            return []
        if self._first_ready_ms is None:
            self._first_ready_ms = mono_ms
        if self._awaited() & ~ready and mono_ms - self._first_ready_ms < self._patience_ms:
            return []
        self._first_ready_ms = None
        return self._read(ready, mono_ms)

    def take_counts(self, plate: PlateId) -> tuple[int, dict[str, int]]:
        """Return the samples of a plate and its rejections by reason since the last call."""
        return self._judges[self.plates.index(plate)].take_counts()

    def close(self) -> None:
        """Nothing runs: the lines belong to the hardware."""

    def _awaited(self) -> int:
        awaited = 0
        for index, judge in enumerate(self._judges):
            if judge.missed < AWAY_CONVERSIONS:
                awaited |= 1 << index
        return awaited

    def _miss(self, silent: int, mono_ms: int) -> None:
        for index, judge in enumerate(self._judges):
            if silent >> index & 1:
                judge.absent(mono_ms)

    def _read(self, ready: int, mono_ms: int) -> list[RawSample | Rejected]:
        frame, longest_ns = self._clock_frame()
        found = []
        for index, judge in enumerate(self._judges):
            if not ready >> index & 1:
                continue
            bits = 0
            for levels in frame[:-1]:
                bits = bits << 1 | levels >> index & 1
            doubt = doubt_frame(longest_ns, released=bool(frame[-1] >> index & 1))
            if doubt is None and self._disturbed >> index & 1:
                doubt = "unready"
            found.append(judge.judge(mono_ms, bits, doubt))
        self._disturbed = self._all & ~ready
        if doubt_frame(longest_ns, released=True) == "power_down":
            self._restart_silent(ready)
        return found

    def _clock_frame(self) -> tuple[list[int], int]:
        """Return the levels after each pulse, and how long the longest pulse was.

        DOUT is looked at when the clock is low again, where it holds, so that many lines make no pulse longer.
        """
        pulse, levels, wall_ns = self._lines.pulse, self._lines.levels, self._wall_ns
        frame = []
        longest_ns = 0
        for _ in PULSES:
            before_ns = wall_ns()
            pulse()
            longest_ns = max(longest_ns, wall_ns() - before_ns)
            frame.append(levels())
        return frame, longest_ns

    def _restart_silent(self, ready: int) -> None:
        for index, judge in enumerate(self._judges):
            if not ready >> index & 1:
                judge.restart()
