"""How much the gateway has not committed, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from contract.clock import ManualClock
from contract.records import WeightRecord
from edge.outbox.backlog import Backlog
from edge.outbox.outbox import Outbox


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def outbox(tmp_path: Path, clock: ManualClock) -> Iterator[Outbox]:
    with closing(open_outbox(tmp_path, clock, boot="boot-1")) as outbox:
        yield outbox


def open_outbox(folder: Path, clock: ManualClock, *, boot: str) -> Outbox:
    return Outbox.open(folder / "outbox.sqlite", boot=boot, board_serial="serial", clock=clock)


def weights(clock: ManualClock, count: int) -> list[WeightRecord]:
    return [WeightRecord(mono_ms=clock.mono_ms(), plate="l1", kind="step", weight_g=1.0) for _ in range(count)]


def test_an_outbox_without_records_has_no_backlog(outbox: Outbox) -> None:
    assert outbox.backlog() == Backlog()


def test_what_is_not_committed_waits_from_the_time_of_its_oldest_record(outbox: Outbox, clock: ManualClock) -> None:
    outbox.append(weights(clock, 10))
    clock.advance(60.0)
    outbox.append(weights(clock, 5))
    clock.advance(30.0)
    backlog = outbox.backlog()
    assert (backlog.rows, backlog.oldest_s) == (15, 90.0)
    outbox.committed("epoch", {outbox.journal: 10})
    later = outbox.backlog()
    assert (later.rows, later.oldest_s) == (5, 30.0)
    assert later.bytes == pytest.approx(backlog.bytes / 3, abs=1)
    outbox.committed("epoch", {outbox.journal: 15})
    assert outbox.backlog() == Backlog()


def test_the_records_of_an_earlier_run_wait_too(tmp_path: Path, clock: ManualClock) -> None:
    with closing(open_outbox(tmp_path, clock, boot="boot-1")) as first:
        first.append(weights(clock, 10))
    clock.advance(120.0)
    with closing(open_outbox(tmp_path, clock, boot="boot-1")) as second:
        second.append(weights(clock, 1))
        backlog = second.backlog()
    assert (backlog.rows, backlog.oldest_s) == (11, 120.0)


def test_of_an_earlier_boot_the_age_is_the_time_agents_ran_since(tmp_path: Path, clock: ManualClock) -> None:
    with closing(open_outbox(tmp_path, clock, boot="boot-1")) as first:
        first.append(weights(clock, 10))
        clock.advance(1_200.0)
        first.append(weights(clock, 10))
    with closing(open_outbox(tmp_path, clock, boot="boot-2")) as second:
        clock.advance(600.0)
        assert second.backlog().oldest_s == pytest.approx(1_800.0, abs=1.0)
        second.committed("epoch", {first.journal: 10})
        assert second.backlog().oldest_s == pytest.approx(600.0, abs=1.0)
