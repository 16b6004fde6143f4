"""Decide which conversions are believed: the 24 bits of a converter come in, samples and rejections go out (pure).

Which counts are not to be believed was learned from drivers in the field: bogde/HX711 issue 83, google/periph issue
439, gandalf15/HX711, ESPHome hx711. Every driver keeps one judge for each plate.
"""

from __future__ import annotations

from contract.ids import PlateId
from edge.sampling.samples import RawSample, Rejected, RejectReason

SETTLE_CONVERSIONS = 4
"""Settling after power-up or reset takes 400 ms at 10 samples/s and 50 ms at 80: four conversions at both rates."""

AWAY_CONVERSIONS = 2
"""A chip that missed so many conversions in a row may have been without power or plug: nobody waits for it, and it
settles when it is back. One alone may only have come late."""

RAIL_MAX = 0x7FFFFF
RAIL_MIN_BITS = 0x800000
"""The output saturates there (data sheet p. 4); the second one as its 24 bits, before the sign is taken."""

RAIL_STAYS = 3
"""So many conversions in a row at a rail are overload. One alone may be bits that were lost: bogde/HX711 issue 83 saw
8388607 in 1 to 5 % of readings, so three in a row come by chance once in 8,000 to 1,000,000 conversions."""

ALL_ONES = 0xFFFFFF
"""What a line reads that is not driven, or is read before data were ready: half of all samples in periph issue 439."""

NEIGHBOUR_COUNTS_MAX = 256
"""A count of the form 2^k - 1 so near to the one before is weight, not bits that were lost: twelve times the noise of
the converter (50 nV rms are 21 counts). Farther away it costs one sample to be careful."""


class ConversionJudge:
    """What is known of one converter of `rate_sps` samples a second, powered or not, since `mono_ms`.

    `missed` is how many conversions in a row did not come. Samples and rejections are counted until `take_counts`.
    """

    __slots__ = (
        "_due_ms",
        "_last_count",
        "_period_ms",
        "_railed",
        "_rejected",
        "_samples",
        "_unsettled",
        "missed",
        "plate",
    )

    def __init__(self, plate: PlateId, *, rate_sps: float, mono_ms: int) -> None:
        self.plate = plate
        self.missed = 0
        self._period_ms = 1000.0 / rate_sps
        self._due_ms = mono_ms + SETTLE_CONVERSIONS * self._period_ms
        self._unsettled = SETTLE_CONVERSIONS
        self._last_count: int | None = None
        self._railed = 0
        self._samples = 0
        self._rejected: dict[RejectReason, int] = {}

    def judge(self, mono_ms: int, bits: int, doubt: RejectReason | None = None) -> RawSample | Rejected:
        """Return what becomes of 24 bits read at `mono_ms`. `doubt` is what the driver itself has against them."""
        if self.missed:
            self._end_silence()
        self._due_ms = mono_ms + self._period_ms
        reason = self._reason(bits, doubt)
        if reason is None:
            self._samples += 1
            self._railed = 0
            self._last_count = count = bits - 0x1000000 if bits & 0x800000 else bits
            return RawSample(self.plate, mono_ms, count)
        self.reject(reason)
        self._railed = self._railed + 1 if reason == "saturated" else 0
        return Rejected(self.plate, mono_ms, reason, overload=self._railed >= RAIL_STAYS)

    def absent(self, mono_ms: int, reason: RejectReason = "unready") -> None:
        """Take in that nothing waits at `mono_ms`; a conversion that is a whole period late is counted as missed."""
        if mono_ms > self._due_ms + self._period_ms:
            self.missed += 1
            self._due_ms += self._period_ms
            self.reject(reason)

    def restart(self) -> None:
        """Believe nothing before the chip has settled again.

        Counted in conversions, not timed: whoever was held up long enough for a reset does not know when the chip
        restarted.
        """
        self._unsettled = SETTLE_CONVERSIONS

    def reject(self, reason: RejectReason) -> None:
        """Count one rejection more."""
        self._rejected[reason] = self._rejected.get(reason, 0) + 1

    def take_counts(self) -> tuple[int, dict[str, int]]:
        """Return the samples believed and the rejections by reason since the last call."""
        samples, rejected = self._samples, self._rejected
        self._samples, self._rejected = 0, {}
        return samples, {str(reason): count for reason, count in rejected.items()}

    def _reason(self, bits: int, doubt: RejectReason | None) -> RejectReason | None:
        if doubt == "power_down":
            self.restart()
        if doubt in {"power_down", "long_pulse", "unready"}:
            return doubt
        if self._unsettled:
            self._unsettled -= 1
            return "settling"
        return doubt or doubt_bits(bits, self._last_count)

    def _end_silence(self) -> None:
        if self.missed >= AWAY_CONVERSIONS:
            self.restart()
        self.missed = 0


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
