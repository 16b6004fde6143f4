"""Find the shop time at which a device's clock was 0: times of arrival and clock records in, a time base out (pure).

For the running boot: shop time of arrival minus the time of sending on the device's clock. A message cannot arrive
before it was sent, so the smallest difference seen lately is the best one. A synchronised wall clock of the device is
used instead when both agree. Event times of one boot never step back from one batch to the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from contract.records import Blocks, ClockBlock

AGREE_S = 2.0
"""A synchronised device clock and ours agree within so many wall seconds (design section 4, Time)."""

MINIMUM_OVER_MS = 300_000
"""The smallest difference is sought over 5 to 10 minutes: crystals of 50 ppm part by 30 ms in that time."""

_MS = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeBase:
    """When the device's `mono_ms` was 0, whether that is known or only a bound, and how far the clocks disagree.

    `difference_s` is set when a synchronised device clock was not believed: an alarm.
    """

    zero_at: datetime
    known: bool
    difference_s: float | None = None

    def time_of(self, mono_ms: int) -> datetime:
        """Return the shop time of a moment on the device's clock."""
        return self.zero_at + mono_ms * _MS


@dataclass(frozen=True, slots=True, kw_only=True)
class BootTime:
    """What is known of one boot's clock: the smallest differences of the current and the previous 5 minutes, the
    zero a synchronised clock gave, and the zero and newest time handed out last.
    """

    lowest: datetime | None = None
    lowest_before: datetime | None = None
    since_ms: int = 0
    wall_zero: datetime | None = None
    zero_at: datetime | None = None
    newest_ms: int = 0


def date_running_boot(
    known: BootTime, *, received_at: datetime, sent_mono_ms: int, blocks: Blocks, rate: float
) -> tuple[TimeBase, BootTime]:
    """Return the time base of a batch of the boot that is running, and what is known after it.

    `rate` is shop seconds per wall second: transport takes wall time, so clocks may differ by 2 s times the rate.
    """
    heard = _heard(known, received_at - sent_mono_ms * _MS, sent_mono_ms)
    heard = replace(heard, wall_zero=_synchronised_zero(blocks.clock) or heard.wall_zero)
    arrival = min(zero for zero in (heard.lowest, heard.lowest_before) if zero is not None)
    zero, difference_s = arrival, None
    if heard.wall_zero is not None:
        apart_s = (heard.wall_zero - arrival).total_seconds()
        if abs(apart_s) <= AGREE_S * rate:
            zero = heard.wall_zero
        else:
            difference_s = apart_s
    zero, heard = _never_back(heard, zero, blocks)
    return TimeBase(zero_at=zero, known=True, difference_s=difference_s), heard


def date_other_boot(
    known: BootTime, *, running_zero_at: datetime, blocks: Blocks, rate: float
) -> tuple[TimeBase, BootTime]:
    """Return the time base of a batch of an earlier boot, and what is known after it.

    A synchronised clock record makes it known. Otherwise it is a bound: an earlier boot ended before the running one
    began (`running_zero_at`), and a clock that was never synchronised may only say that it was earlier still.
    """
    newest_ms = max(known.newest_ms, _first_and_last(blocks)[1])
    bound = running_zero_at - newest_ms * _MS
    wall_zero = _synchronised_zero(blocks.clock) or known.wall_zero
    if wall_zero is not None and wall_zero <= bound + timedelta(seconds=AGREE_S * rate):
        zero, heard = _never_back(replace(known, wall_zero=wall_zero), wall_zero, blocks)
        return TimeBase(zero_at=zero, known=True), heard
    said = _any_zero(blocks.clock) or known.zero_at or bound
    zero = min(said, bound)
    return TimeBase(zero_at=zero, known=False), replace(known, zero_at=zero, newest_ms=newest_ms)


def _heard(known: BootTime, zero: datetime, sent_mono_ms: int) -> BootTime:
    if known.lowest is None:
        return replace(known, lowest=zero, since_ms=sent_mono_ms)
    if sent_mono_ms - known.since_ms >= MINIMUM_OVER_MS:
        return replace(known, lowest_before=known.lowest, lowest=zero, since_ms=sent_mono_ms)
    return replace(known, lowest=min(known.lowest, zero))


def _never_back(known: BootTime, zero: datetime, blocks: Blocks) -> tuple[datetime, BootTime]:
    first_ms, last_ms = _first_and_last(blocks)
    if known.zero_at is not None:
        # The zero may move back by no more than the device's clock moved on since the newest record dated.
        zero = max(zero, known.zero_at - max(0, first_ms - known.newest_ms) * _MS)
    return zero, replace(known, zero_at=zero, newest_ms=max(known.newest_ms, last_ms))


def _synchronised_zero(block: ClockBlock | None) -> datetime | None:
    if block is None:
        return None
    return _newest_zero(block, (index for index, sure in enumerate(block.synchronised) if sure))


def _any_zero(block: ClockBlock | None) -> datetime | None:
    return _newest_zero(block, range(len(block.seq))) if block is not None else None


def _newest_zero(block: ClockBlock, indexes: Iterable[int]) -> datetime | None:
    newest = max(indexes, default=None)
    if newest is None:
        return None
    try:
        return _EPOCH + (block.wall_ms[newest] - block.mono_ms[newest]) * _MS
    except OverflowError:  # a wall clock beyond the year 9999 says nothing
        return None


def _first_and_last(blocks: Blocks) -> tuple[int, int]:
    columns = [
        block.mono_ms for block in (blocks.weight, blocks.tag, blocks.health, blocks.clock) if block and block.mono_ms
    ]
    if not columns:
        return 0, 0
    return min(min(column) for column in columns), max(max(column) for column in columns)
