"""Clock an HX711 converter: bits of its line come in, counts with their time go out, or why there is none.

Timing and meaning of the pulses: Avia HX711 data sheet, "Serial interface".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter_ns

from contract.hardware import LoadCellLine
from contract.ids import PlateId
from edge.sampling.judge import ConversionJudge
from edge.sampling.samples import RawSample, Rejected, RejectReason

PULSES = tuple(range(25))
"""24 bits and one pulse more, which asks for channel A at gain 128 again (table 3)."""

PULSE_NS_MAX = 50_000
"""PD_SCK may be high for 0.2 to 50 us (figure 2)."""

POWER_DOWN_NS = 60_000
"""High for longer, the chip powers down, resets when it is low again, and has to settle."""


class Hx711:
    """One converter on its line. `rate_sps` is its RATE pin, 10 or 80; `wall_ns` measures pulses.

    What came and what did not is counted until `take_counts` empties the counters.
    """

    __slots__ = ("_judge", "_line", "_wall_ns", "plate", "take_counts")

    def __init__(
        self,
        plate: PlateId,
        line: LoadCellLine,
        *,
        rate_sps: float,
        mono_ms: int,
        wall_ns: Callable[[], int] = perf_counter_ns,
    ) -> None:
        self.plate = plate
        self._line = line
        self._wall_ns = wall_ns
        self._judge = ConversionJudge(plate, rate_sps=rate_sps, mono_ms=mono_ms)
        self.take_counts = self._judge.take_counts

    def poll(self, mono_ms: int) -> RawSample | Rejected | None:
        """Return the conversion that waits, read at shop time `mono_ms`; None when none waits. Never waits itself."""
        line = self._line
        if not line.ready():
            self._judge.absent(mono_ms)
            return None
        clock_bit, wall_ns = line.clock_bit, self._wall_ns
        word = longest_ns = 0  # written out flat: this runs for every bit, 25 times 4,800 times a second
        before_ns = wall_ns()
        for _ in PULSES:
            word = word << 1 | clock_bit()
            now_ns = wall_ns()
            if now_ns - before_ns > PULSE_NS_MAX:
                longest_ns = max(longest_ns, now_ns - before_ns)
            before_ns = now_ns
        return self._judge.judge(mono_ms, word >> 1, doubt_frame(longest_ns, released=bool(word & 1)))


class Hx711Lines:
    """Implements `WeightDriver` for converters that have a clock line each."""

    def __init__(
        self,
        lines: Mapping[PlateId, tuple[LoadCellLine, float]],
        *,
        mono_ms: int,
        wall_ns: Callable[[], int] = perf_counter_ns,
    ) -> None:
        """`lines` gives each plate its line and the rate of its converter in samples a second."""
        self._converters = {
            plate: Hx711(plate, line, rate_sps=rate_sps, mono_ms=mono_ms, wall_ns=wall_ns)
            for plate, (line, rate_sps) in lines.items()
        }
        self._polls = [converter.poll for converter in self._converters.values()]
        self.plates = tuple(lines)

    def poll(self, mono_ms: int) -> list[RawSample | Rejected]:
        """Return the conversions that wait."""
        return [found for poll in self._polls if (found := poll(mono_ms)) is not None]

    def take_counts(self, plate: PlateId) -> tuple[int, dict[str, int]]:
        """Return the samples of a plate and its rejections by reason since the last call."""
        return self._converters[plate].take_counts()

    def close(self) -> None:
        """Nothing runs: the lines belong to the hardware."""


def doubt_frame(longest_ns: int, *, released: bool) -> RejectReason | None:
    """Return what the frame itself says against its bits: its longest pulse, and whether DOUT was high at its end.

    A pulse is measured from the end of the one before, so it was never longer than it seems.
    """
    if longest_ns > PULSE_NS_MAX:
        return "long_pulse" if longest_ns <= POWER_DOWN_NS else "power_down"
    return None if released else "not_released"
