"""The wall clock steps by -10 years, to 1970 and by a day while an agent works: no number twice, none out of order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contract.clock import ManualClock
from contract.records import ClockRecord, Record, WeightRecord
from edge.outbox.outbox import Outbox

DAY = timedelta(days=1)
STEPS = [-3_652 * DAY, DAY, datetime(1970, 1, 1, tzinfo=UTC) - datetime(2026, 1, 1, tzinfo=UTC), 3_652 * DAY]


def weight(number: int) -> WeightRecord:
    return WeightRecord(mono_ms=number, plate="p1", kind="step", weight_g=float(number))


def open_outbox(path: Path, clock: ManualClock, *, reserve_age_s: float = 2 * 86_400.0) -> Outbox:
    return Outbox.open(path, boot="boot", board_serial="serial", clock=clock, reserve_age_s=reserve_age_s)


@pytest.mark.parametrize("step", STEPS)
def test_a_step_of_the_clock_doubles_nothing_and_keeps_the_order(tmp_path: Path, step: timedelta) -> None:
    clock = ManualClock()
    outbox = open_outbox(tmp_path / "outbox.sqlite", clock)
    first = outbox.journal
    expected: list[Record] = []
    for number in range(1, 601):
        if number == 300:
            clock.at += step
        clock.advance(10.0)
        told = ClockRecord(
            mono_ms=clock.mono_ms(), wall_ms=round(clock.now().timestamp() * 1000), synchronised=False, uncertainty_ms=1
        )
        expected += [weight(number), told]
        outbox.append([weight(number), told])
    outbox.committed("epoch", {first: 1_000})
    outbox.append([weight(601)])
    outbox.close()
    clock.at += step
    again = open_outbox(tmp_path / "outbox.sqlite", clock)
    assert again.journal != first
    assert again.append([weight(1)]) == (1, 1)
    assert again.read(first, 1, 10_000) == list(enumerate([*expected, weight(601)], 1))
    assert again.gaps(first, 1, 1_201) == []
    assert [held.journal for held in again.held()] == [first, again.journal]
    again.close()


@pytest.mark.parametrize("step", STEPS)
def test_a_step_of_the_clock_neither_empties_the_reserve_nor_keeps_it_for_ever(tmp_path: Path, step: timedelta) -> None:
    clock = ManualClock()
    outbox = open_outbox(tmp_path / "outbox.sqlite", clock, reserve_age_s=86_400.0)
    outbox.append([weight(number) for number in range(1, 301)])
    outbox.committed("epoch", {outbox.journal: 300})
    clock.at += step
    clock.advance(3_600.0)
    outbox.append([weight(number) for number in range(301, 601)])
    assert outbox.held()[0].first == 1, "an hour of service is no day"
    clock.advance(90_000.0)
    outbox.append([weight(number) for number in range(601, 901)])
    assert outbox.held()[0].first == 301
    outbox.close()


def test_service_time_goes_on_over_restarts(tmp_path: Path) -> None:
    path, clock = tmp_path / "outbox.sqlite", ManualClock()
    outbox = open_outbox(path, clock, reserve_age_s=86_400.0)
    first = outbox.journal
    outbox.append([weight(number) for number in range(1, 301)])
    outbox.committed("epoch", {first: 300})
    for _ in range(10):
        outbox.close()
        clock = ManualClock()  # a new boot: its monotonic clock begins anew
        outbox = open_outbox(path, clock, reserve_age_s=86_400.0)
        clock.advance(4 * 3_600.0)
        outbox.append([weight(1)])
        clock.advance(600.0)
        outbox.append([weight(number) for number in range(2, 303)])
    assert {held.journal: held.first for held in outbox.held()}[first] == 301
    outbox.close()
