"""Clock an HX711 converter: bits of its line come in, counts with their time go out, or why there is none.

Timing and meaning of the pulses: Avia HX711 data sheet, "Serial interface". Which counts are not to be believed was
learned from drivers in the field: bogde/HX711 issue 83, google/periph issue 439, gandalf15/HX711, ESPHome hx711.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter_ns
from typing import Literal

from msgspec import Struct

from contract.hardware import LoadCellLine
from contract.ids import PlateId

PULSES = tuple(range(25))
"""24 bits and one pulse more, which asks for channel A at gain 128 again (table 3)."""

PULSE_NS_MAX = 50_000
"""PD_SCK may be high for 0.2 to 50 us (figure 2)."""

POWER_DOWN_NS = 60_000
"""High for longer, the chip powers down, resets when it is low again, and has to settle."""

SETTLE_CONVERSIONS = 4
"""Settling after power-up or reset takes 400 ms at 10 samples/s and 50 ms at 80: four conversions at both rates."""

UNPOWERED_CONVERSIONS = SETTLE_CONVERSIONS + 1
"""A chip that gave no data for so many conversions in a row was without power or plug, and settles when it is back."""

RAIL_MAX = 0x7FFFFF
RAIL_MIN_BITS = 0x800000
"""The output saturates there (data sheet p. 4); the second one as its 24 bits, before the sign is taken."""

ALL_ONES = 0xFFFFFF
"""What a line reads that is not driven, or is read before data were ready: half of all samples in periph issue 439."""

NEIGHBOUR_COUNTS_MAX = 256
"""A count of the form 2^k - 1 so near to the one before is weight, not bits that were lost: twelve times the noise of
the converter (50 nV rms are 21 counts). Farther away it costs one sample to be careful."""

RejectReason = Literal[
    "settling", "unready", "long_pulse", "power_down", "not_released", "all_ones", "saturated", "lost_bits"
]


class RawSample(Struct, frozen=True, gc=False):
    """One conversion: `count` is signed, 24 bits; `mono_ms` is the shop time at which it was read."""

    plate: PlateId
    mono_ms: int
    count: int


class Rejected(Struct, frozen=True, gc=False):
    """A conversion that says no weight, and why."""

    plate: PlateId
    mono_ms: int
    reason: RejectReason


class Hx711:
    """One converter on its line. `rate_sps` is its RATE pin, 10 or 80; `wall_ns` measures pulses.

    `samples` and `rejected` count what came and what did not, until `take_counts` empties them.
    """

    __slots__ = (
        "_due_ms",
        "_last_count",
        "_line",
        "_missed",
        "_period_ms",
        "_unsettled",
        "_wall_ns",
        "plate",
        "rejected",
        "samples",
    )

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
        self.samples = 0
        self.rejected: dict[RejectReason, int] = {}
        self._line = line
        self._wall_ns = wall_ns
        self._period_ms = 1000.0 / rate_sps
        self._unsettled = SETTLE_CONVERSIONS
        self._due_ms = mono_ms + SETTLE_CONVERSIONS * self._period_ms
        self._last_count: int | None = None
        self._missed = 0

    def poll(self, mono_ms: int) -> RawSample | Rejected | None:
        """Return the conversion that waits, read at shop time `mono_ms`; None when none waits. Never waits itself."""
        line = self._line
        if not line.ready():
            if mono_ms > self._due_ms + self._period_ms:
                self._miss()
            return None
        if self._missed:
            self._end_silence()
        clock_bit, wall_ns = line.clock_bit, self._wall_ns
        word = longest_ns = 0  # written out flat: this runs for every bit, 25 times 4,800 times a second
        before_ns = wall_ns()
        for _ in PULSES:
            word = word << 1 | clock_bit()
            now_ns = wall_ns()
            if now_ns - before_ns > PULSE_NS_MAX:
                longest_ns = max(longest_ns, now_ns - before_ns)
            before_ns = now_ns
        self._due_ms = mono_ms + self._period_ms
        reason = self._doubt(word, longest_ns)
        if reason is not None:
            self.rejected[reason] = self.rejected.get(reason, 0) + 1
            return Rejected(self.plate, mono_ms, reason)
        self.samples += 1
        count = word >> 1
        self._last_count = count = count - 0x1000000 if count & 0x800000 else count
        return RawSample(self.plate, mono_ms, count)

    def take_counts(self) -> tuple[int, dict[str, int]]:
        """Return the samples taken and the rejections by reason since the last call."""
        samples, rejected = self.samples, self.rejected
        self.samples, self.rejected = 0, {}
        return samples, {str(reason): count for reason, count in rejected.items()}

    def _doubt(self, word: int, longest_ns: int) -> RejectReason | None:
        """Return why a frame of 24 bits and the pulse after them is not to be believed.

        A pulse is measured from the end of the one before, so it was never longer than it seems.
        """
        if longest_ns > PULSE_NS_MAX:
            return self._doubt_pulse(longest_ns)
        if self._unsettled:
            # Counted, not timed: whoever was preempted long enough for a reset does not know when the chip restarted.
            self._unsettled -= 1
            return "settling"
        if not word & 1:
            return "not_released"
        return doubt_bits(word >> 1, self._last_count)

    def _doubt_pulse(self, longest_ns: int) -> RejectReason:
        if longest_ns <= POWER_DOWN_NS:
            return "long_pulse"
        self._unsettled = SETTLE_CONVERSIONS
        return "power_down"

    def _miss(self) -> None:
        """Count a conversion that never came. The next one is due a period later."""
        self._missed += 1
        self._due_ms += self._period_ms
        self.rejected["unready"] = self.rejected.get("unready", 0) + 1

    def _end_silence(self) -> None:
        if self._missed >= UNPOWERED_CONVERSIONS:
            self._unsettled = SETTLE_CONVERSIONS
        self._missed = 0


def doubt_bits(bits: int, last_count: int | None) -> RejectReason | None:
    """Return why 24 bits are not a weight, given the count before them; None when they are."""
    if bits in (RAIL_MAX, RAIL_MIN_BITS):
        return "saturated"
    if bits == ALL_ONES:
        return "all_ones"
    ones_to_the_end = not bits & (bits + 1)
    if ones_to_the_end and (last_count is None or abs(bits - last_count) > NEIGHBOUR_COUNTS_MAX):
        return "lost_bits"
    return None
