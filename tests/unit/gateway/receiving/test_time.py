"""When things happened, from clocks that know only how long they run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from contract.codec import pack
from contract.records import Blocks, ClockRecord, WeightRecord
from gateway.receiving.device_clock import BOOTS_MAX, DeviceClock
from gateway.receiving.time import BootTime, TimeBase, date_other_boot, date_running_boot

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
MS = timedelta(milliseconds=1)


def weights(*mono_ms: int) -> Blocks:
    return pack([(i, WeightRecord(mono_ms=ms, plate="p", kind="step", weight_g=1)) for i, ms in enumerate(mono_ms, 1)])


def clock(mono_ms: int, wall: datetime, *, synchronised: bool = True) -> Blocks:
    wall_ms = round(wall.timestamp() * 1000)
    return pack([(1, ClockRecord(mono_ms=mono_ms, wall_ms=wall_ms, synchronised=synchronised, uncertainty_ms=1))])


def running(
    known: BootTime, sent_ms: int, delay_ms: float, blocks: Blocks | None = None, rate: float = 1.0
) -> tuple[TimeBase, BootTime]:
    arrival = START + (sent_ms + delay_ms) * MS
    return date_running_boot(
        known, received_at=arrival, sent_mono_ms=sent_ms, blocks=blocks or weights(sent_ms), rate=rate
    )


def test_the_fastest_message_sets_the_time() -> None:
    base, known = running(BootTime(), 1_000, 80)
    assert base.zero_at == START + 80 * MS
    base, known = running(known, 2_000, 5)
    assert base.zero_at == START + 5 * MS
    base, _ = running(known, 3_000, 900)
    assert base.zero_at == START + 5 * MS


def test_a_slow_crystal_is_followed() -> None:
    known = BootTime()
    for minute in range(60):
        base, known = running(known, minute * 60_000, 10 + minute * 3)
    assert base.zero_at >= START + 100 * MS


@given(st.lists(st.tuples(st.integers(0, 2_000), st.floats(0, 5_000)), min_size=2, max_size=40))
@settings(deadline=None)
def test_event_times_never_step_back(steps: list[tuple[int, float]]) -> None:
    known, mono_ms, newest = BootTime(), 0, START - timedelta(days=1)
    for step_ms, delay_ms in steps:
        mono_ms += step_ms
        base, known = running(known, mono_ms, delay_ms)
        assert base.time_of(mono_ms) >= newest
        newest = base.time_of(mono_ms)


def test_a_synchronised_clock_is_believed_when_it_agrees() -> None:
    base, known = running(BootTime(), 5_000, 700, clock(5_000, START + 5_000 * MS))
    assert (base.zero_at, base.known, base.difference_s) == (START, True, None)
    base, _ = running(known, 6_000, 300)
    assert base.zero_at == START


def test_a_synchronised_clock_that_disagrees_is_an_alarm_and_not_believed() -> None:
    base, _ = running(BootTime(), 5_000, 10, clock(5_000, START + 5_000 * MS + timedelta(seconds=3)))
    assert base.zero_at == START + 10 * MS
    assert base.difference_s is not None
    assert 2.9 < base.difference_s < 3.0


def test_at_twenty_times_the_rate_transport_may_take_twenty_times_as_long() -> None:
    base, _ = running(BootTime(), 50_000, 30_000, clock(50_000, START + 50_000 * MS), rate=20.0)
    assert (base.zero_at, base.difference_s) == (START, None)


def test_an_unsynchronised_clock_is_not_used_for_the_running_boot() -> None:
    base, _ = running(BootTime(), 5_000, 10, clock(5_000, START + 5_000 * MS, synchronised=False))
    assert base.zero_at == START + 10 * MS


def other(known: BootTime, blocks: Blocks) -> tuple[TimeBase, BootTime]:
    return date_other_boot(known, running_zero_at=START, blocks=blocks, rate=1.0)


def test_an_earlier_boot_ended_before_the_running_one_began() -> None:
    base, known = other(BootTime(), weights(10_000, 20_000))
    assert not base.known
    assert base.time_of(20_000) <= START
    base, _ = other(known, weights(30_000, 90_000))
    assert base.time_of(90_000) <= START


def test_a_clock_record_makes_an_earlier_boot_known() -> None:
    began = START - timedelta(days=1)
    base, known = other(BootTime(), clock(1_000, began + 1_000 * MS))
    assert (base.zero_at, base.known) == (began, True)
    assert other(known, weights(5_000))[0] == TimeBase(zero_at=began, known=True)


def test_a_clock_that_was_never_synchronised_only_says_it_was_earlier() -> None:
    began = START - timedelta(days=1)
    base, _ = other(BootTime(), clock(1_000, began + 1_000 * MS, synchronised=False))
    assert (base.zero_at, base.known) == (began, False)
    base, _ = other(BootTime(), clock(1_000, START + timedelta(days=9), synchronised=False))
    assert base.time_of(1_000) <= START


def test_a_device_that_restarts_a_thousand_times_costs_no_memory() -> None:
    device = DeviceClock()
    for boot in range(1000):
        device.born(f"boot-{boot}")
        device.date(boot=f"boot-{boot}", received_at=START, sent_mono_ms=1, blocks=weights(1), rate=1.0)
    assert len(device.boots) == BOOTS_MAX
