"""What the outbox promises: durable when it says so, nothing silently gone, and it starts after anything."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from contract.clock import ManualClock
from contract.errors import ConfigurationError
from contract.records import ClockRecord, Gap, HealthRecord, Record, TagRecord, WeightRecord
from edge.outbox.durable import durable_records
from edge.outbox.outbox import QUOTA_BYTES_MIN, Outbox, OutboxFull
from edge.outbox.rows import DamagedRow, decode_row, encode_row

DAY_S = 24 * 3600.0


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.sqlite"


@pytest.fixture
def outbox(path: Path, clock: ManualClock) -> Iterator[Outbox]:
    opened = open_outbox(path, clock)
    yield opened
    opened.close()


def open_outbox(path: Path, clock: ManualClock, **bounds: int) -> Outbox:
    return Outbox.open(path, boot="boot-1", board_serial="serial", clock=clock, **bounds)


def weight(number: int, kind: str = "step") -> WeightRecord:
    return WeightRecord(mono_ms=number, plate="p1", kind=kind, weight_g=float(number))  # type: ignore[arg-type]


def alarm(lost: int) -> HealthRecord:
    return HealthRecord(mono_ms=0, subject="agent", verdict="outbox_damaged", rejected={"lost": lost})


EVERY_KIND: list[Record] = [
    WeightRecord(mono_ms=1, plate="p1", kind="step", weight_g=3.5, before_g=None, noise_g=0.1, remaining=2),
    TagRecord(mono_ms=2, zone="z1", epc="3034AB", kind="arrived", rssi_dbm=-61.5, reads=4),
    HealthRecord(mono_ms=3, subject="agent", verdict="ok", rejected={"spike": 2}, measured={"cpu_c": 51.5}),
    ClockRecord(mono_ms=4, wall_ms=5, synchronised=True, uncertainty_ms=6),
]


def test_records_come_back_as_they_went_in_numbered_from_one(outbox: Outbox) -> None:
    assert outbox.append(EVERY_KIND) == (1, 4)
    assert outbox.append([weight(9)]) == (5, 5)
    assert outbox.read(outbox.journal, 1, 10) == list(enumerate([*EVERY_KIND, weight(9)], 1))
    assert outbox.read(outbox.journal, 2, 2) == list(enumerate(EVERY_KIND[1:3], 2))
    assert outbox.gaps(outbox.journal, 1, 5) == []


def test_a_restart_opens_a_new_journal_and_never_appends_to_the_old_one(path: Path, clock: ManualClock) -> None:
    first = open_outbox(path, clock)
    first.append([weight(1), weight(2)])
    first.close()
    second = open_outbox(path, clock)
    assert second.append([weight(3)]) == (1, 1)
    assert [held.journal for held in second.held()] == [first.journal, second.journal]
    assert second.read(first.journal, 1, 10) == [(1, weight(1)), (2, weight(2))]
    assert second.boot_of(first.journal) == "boot-1"
    second.close()


def test_a_run_that_numbered_nothing_leaves_no_journal(path: Path, clock: ManualClock) -> None:
    open_outbox(path, clock).close()
    outbox = open_outbox(path, clock)
    assert outbox.held() == []
    outbox.close()


APPEND_UNTIL_KILLED = """
import sys
import zlib
from pathlib import Path
from contract.clock import ManualClock
from contract.records import WeightRecord
from edge.outbox.outbox import Outbox
outbox = Outbox.open(Path(sys.argv[1]), boot="b", board_serial="s", clock=ManualClock())
number = 0
while True:
    records = [WeightRecord(mono_ms=number + i, plate="p1", kind="step", weight_g=1.0) for i in range(7)]
    number = outbox.append(records)[1]
    print(number, flush=True)
"""


def test_what_append_returned_survives_a_kill(path: Path, clock: ManualClock) -> None:
    command = [sys.executable, "-c", APPEND_UNTIL_KILLED, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as agent:
        assert agent.stdout is not None
        promised = [int(agent.stdout.readline()) for _ in range(20)][-1]
        os.kill(agent.pid, signal.SIGKILL)
        promised = max([promised, *(int(line) for line in agent.stdout.read().split())])
    outbox = open_outbox(path, clock)
    (held,) = outbox.held()
    assert held.last >= promised
    assert [seq for seq, _ in outbox.read(held.journal, 1, 10**6)] == list(range(1, held.last + 1))
    assert held.last % 7 == 0, "an episode is whole or not there"
    outbox.close()


def test_two_agents_cannot_share_a_file(outbox: Outbox, path: Path, clock: ManualClock) -> None:
    assert outbox.held() == []
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        open_outbox(path, clock)


def test_committed_records_are_kept_until_the_reserve_is_old(outbox: Outbox, clock: ManualClock) -> None:
    outbox.append([weight(number) for number in range(1, 301)])
    outbox.committed("epoch", {outbox.journal: 100})
    clock.advance(1 * DAY_S)
    outbox.append([weight(number) for number in range(301, 601)])
    assert outbox.held()[0].first == 1
    clock.advance(1.5 * DAY_S)
    outbox.append([weight(number) for number in range(601, 901)])
    assert outbox.held()[0].first == 101
    assert outbox.gaps(outbox.journal, 99, 102) == [Gap(99, 100, "dropped")]


def test_what_was_never_committed_is_not_forgotten_by_age(outbox: Outbox, clock: ManualClock) -> None:
    outbox.append([weight(number) for number in range(1, 301)])
    clock.advance(30 * DAY_S)
    outbox.append([weight(number) for number in range(301, 601)])
    assert len(outbox.read(outbox.journal, 1, 1000)) == 600


def test_an_old_journal_all_committed_still_says_how_far_it_went(path: Path, clock: ManualClock) -> None:
    first = open_outbox(path, clock)
    first.append([weight(number) for number in range(1, 51)])
    first.committed("epoch", {first.journal: 50})
    first.close()
    clock.advance(3 * DAY_S)
    second = open_outbox(path, clock)
    clock.advance(3 * DAY_S)
    second.append([weight(number) for number in range(1, 301)])
    second.close()
    third = open_outbox(path, clock)
    held = {entry.journal: (entry.first, entry.last) for entry in third.held()}
    assert held[first.journal] == (51, 50)
    assert third.gaps(first.journal, 1, 50) == [Gap(1, 50, "dropped")]
    third.close()


def test_over_quota_heartbeats_are_thinned_first_then_the_oldest_go_all_with_exact_gaps(
    path: Path, clock: ManualClock
) -> None:
    outbox = open_outbox(path, clock, quota_bytes=QUOTA_BYTES_MIN)
    for start in range(1, 80_001, 500):
        outbox.append(
            [weight(number, "step" if number % 4 == 0 else "heartbeat") for number in range(start, start + 500)]
        )
    kept = [seq for seq, _ in outbox.read(outbox.journal, 1, 10**6)]
    gaps = outbox.gaps(outbox.journal, 1, 80_000)
    missing = [seq for gap in gaps for seq in range(gap.first, gap.last + 1)]
    assert sorted(kept + missing) == list(range(1, 80_001))
    assert {gap.reason for gap in gaps} >= {"thinned"}
    assert all(seq % 4 for gap in gaps if gap.reason == "thinned" for seq in range(gap.first, gap.last + 1))
    outbox.close()
    assert sum(file.stat().st_size for file in path.parent.iterdir()) <= QUOTA_BYTES_MIN


def test_over_quota_without_heartbeats_the_oldest_are_dropped(path: Path, clock: ManualClock) -> None:
    outbox = open_outbox(path, clock, quota_bytes=QUOTA_BYTES_MIN)
    for start in range(1, 100_001, 500):
        outbox.append([weight(number) for number in range(start, start + 500)])
    (gap,) = outbox.gaps(outbox.journal, 1, 100_000)
    assert (gap.first, gap.reason) == (1, "dropped")
    assert [seq for seq, _ in outbox.read(outbox.journal, 1, 10**6)] == list(range(gap.last + 1, 100_001))
    outbox.close()


def test_over_quota_what_is_committed_goes_before_anything_else(path: Path, clock: ManualClock) -> None:
    outbox = open_outbox(path, clock, quota_bytes=QUOTA_BYTES_MIN)
    for start in range(1, 100_001, 500):
        _, last = outbox.append([weight(number) for number in range(start, start + 500)])
        outbox.committed("epoch", {outbox.journal: last - 500})
    first = outbox.held()[0].first
    assert 1 < first < 99_501
    assert outbox.gaps(outbox.journal, first, 100_000) == []
    outbox.close()


def test_watermarks_are_remembered_and_a_new_epoch_forgets_them(path: Path, clock: ManualClock) -> None:
    first = open_outbox(path, clock)
    first.append([weight(1), weight(2)])
    first.committed("epoch-1", {first.journal: 2})
    first.close()
    second = open_outbox(path, clock)
    assert (second.epoch, second.watermarks()[first.journal]) == ("epoch-1", 2)
    second.committed("epoch-2", {second.journal: 0})
    assert second.watermarks()[first.journal] == 0
    second.close()


def test_a_record_set_aside_becomes_a_gap_once(outbox: Outbox) -> None:
    outbox.append([weight(number) for number in range(1, 6)])
    outbox.set_aside(outbox.journal, 3)
    outbox.set_aside(outbox.journal, 3)
    assert outbox.gaps(outbox.journal, 1, 5) == [Gap(3, 3, "rejected")]
    assert [seq for seq, _ in outbox.read(outbox.journal, 1, 10)] == [1, 2, 4, 5]


def test_a_changed_byte_of_a_row_is_found() -> None:
    row = encode_row("journal", 7, weight(7))
    assert decode_row("journal", 7, row) == weight(7)
    for position in range(len(row)):
        damaged = bytearray(row)
        damaged[position] ^= 0x10
        with pytest.raises(DamagedRow):
            decode_row("journal", 7, bytes(damaged))
    with pytest.raises(DamagedRow):
        decode_row("journal", 8, row)


def test_a_row_of_an_agent_that_told_no_figures_yet_is_still_read() -> None:
    body = msgspec.msgpack.encode((2, 3, "agent", "ok", 7, {"spike": 2}, 0.5, 4))
    row = zlib.crc32(b"journal/7" + body).to_bytes(4, "big") + body
    read = decode_row("journal", 7, row)
    assert read == HealthRecord(
        mono_ms=3, subject="agent", verdict="ok", samples=7, rejected={"spike": 2}, noise_g=0.5, queued=4
    )


def test_a_damaged_record_becomes_a_gap_and_the_rest_goes_on(path: Path, clock: ManualClock) -> None:
    outbox = open_outbox(path, clock)
    outbox.append([weight(number) for number in range(1, 6)])
    journal = outbox.journal
    outbox.close()
    with sqlite3.connect(path) as file:
        file.execute("UPDATE record SET row = x'00112233445566' WHERE seq = 2")
    file.close()
    outbox = open_outbox(path, clock)
    assert [seq for seq, _ in outbox.read(journal, 1, 10)] == [1, 3, 4, 5]
    assert outbox.gaps(journal, 1, 5) == [Gap(2, 2, "lost")]
    outbox.close()


def test_a_file_that_is_no_database_is_set_aside_and_a_new_one_started(path: Path, clock: ManualClock) -> None:
    path.write_bytes(b"not a database" * 1000)
    outbox = open_outbox(path, clock)
    assert outbox.append([weight(1)]) == (2, 2)
    assert outbox.read(outbox.journal, 1, 1) == [(1, alarm(lost=0))]
    outbox.close()
    assert (path.parent / "outbox.sqlite.damaged-1").read_bytes() == b"not a database" * 1000


@pytest.mark.parametrize("page", range(1, 40, 3))
def test_whatever_page_is_damaged_every_number_is_a_record_or_a_gap(path: Path, clock: ManualClock, page: int) -> None:
    outbox = open_outbox(path, clock)
    for start in range(1, 4_001, 500):
        outbox.append([weight(number) for number in range(start, start + 500)])
    journal = outbox.journal
    outbox.close()
    with path.open("r+b") as file:
        file.seek(page * 4096)
        file.write(b"\xff" * 4096)
    outbox = open_outbox(path, clock)
    outbox.read(journal, 1, 10_000)  # damage that only reading finds is mended first
    seen = [seq for seq, _ in outbox.read(journal, 1, 10_000)]
    gaps = outbox.gaps(journal, 1, 4_000)
    missing = [seq for gap in gaps for seq in range(gap.first, gap.last + 1)]
    assert sorted(seen + missing) == list(range(1, 4_001))
    assert all(gap.reason == "lost" for gap in gaps)
    assert len(missing) < 200, "one page holds no more"
    first, last = outbox.append([weight(1)])
    assert outbox.read(outbox.journal, first, 1) == [(last, weight(1))]
    outbox.close()


def test_damage_found_while_it_runs_costs_only_what_is_broken_and_keeps_the_watermarks(
    path: Path, clock: ManualClock
) -> None:
    outbox = open_outbox(path, clock)
    for start in range(1, 4_001, 500):
        outbox.append([weight(number) for number in range(start, start + 500)])
    journal = outbox.journal
    outbox.committed("epoch", {journal: 1_000})
    outbox._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    outbox._connection.execute("PRAGMA cache_size = 1").fetchall()
    with path.open("r+b") as file:
        file.seek(20 * 4096)
        file.write(b"\xff" * 4096)
    outbox.read(journal, 1, 10_000)
    assert outbox.journal != journal, "a damaged file is never appended to"
    assert outbox.read(outbox.journal, 1, 10)[0][1].verdict == "outbox_damaged"  # type: ignore[union-attr]
    assert (outbox.epoch, outbox.watermarks()[journal]) == ("epoch", 1_000)
    records = outbox.read(journal, 1, 10_000)
    gaps = outbox.gaps(journal, 1, 4_000)
    missing = [seq for gap in gaps for seq in range(gap.first, gap.last + 1)]
    assert sorted([*(seq for seq, _ in records), *missing]) == list(range(1, 4_001))
    assert 0 < len(missing) < 200
    assert next(held for held in outbox.held() if held.journal == journal).last == 4_000, "its end is known by heart"
    outbox.close()
    assert open_outbox(path, clock).watermarks()[journal] == 1_000


def test_an_agent_with_a_smaller_quota_than_before_starts_and_shrinks(path: Path, clock: ManualClock) -> None:
    outbox = open_outbox(path, clock, quota_bytes=4 * QUOTA_BYTES_MIN)
    for start in range(1, 150_001, 500):
        outbox.append([weight(number) for number in range(start, start + 500)])
    outbox.close()
    outbox = open_outbox(path, clock, quota_bytes=QUOTA_BYTES_MIN)
    for start in range(1, 5_001, 500):
        outbox.append([weight(number) for number in range(start, start + 500)])
    assert outbox.held()[-1].last == 5_000
    outbox.close()


def test_an_operator_reads_which_numbers_were_durable(path: Path, clock: ManualClock) -> None:
    first = open_outbox(path, clock)
    first.append([weight(number) for number in range(1, 6)])
    first.set_aside(first.journal, 2)
    first.close()
    second = open_outbox(path, clock)
    second.append([weight(1)])
    second.close()
    assert durable_records(path) == {first.journal: [(1, 5)], second.journal: [(1, 1)]}
    with pytest.raises(ConfigurationError, match="found nothing"):
        durable_records(path.with_name("other"))


def test_a_full_disk_costs_the_oldest_records_and_never_a_new_one(outbox: Outbox) -> None:
    for start in range(1, 20_001, 500):
        outbox.append([weight(number) for number in range(start, start + 500)])
    fill_disk(outbox)
    for start in range(20_001, 22_001, 100):
        outbox.append([weight(number) for number in range(start, start + 100)])
    kept = [seq for seq, _ in outbox.read(outbox.journal, 1, 10**6)]
    (gap,) = outbox.gaps(outbox.journal, 1, 22_000)
    assert (gap.first, gap.reason) == (1, "dropped")
    assert kept == list(range(gap.last + 1, 22_001))


def test_a_full_disk_with_nothing_to_give_up_numbers_nothing(outbox: Outbox) -> None:
    fill_disk(outbox)
    with pytest.raises(OutboxFull, match="the disk is full") as full:
        outbox.append([weight(number) for number in range(1, 5_001)])
    assert full.value.retryable
    assert outbox.held() == []


def fill_disk(outbox: Outbox) -> None:
    """Let the file grow no further, as a full disk would: SQLite answers both with SQLITE_FULL."""
    (pages,) = outbox._connection.execute("PRAGMA page_count").fetchone()
    outbox._connection.execute(f"PRAGMA max_page_count = {pages}").fetchall()


def test_a_quota_without_room_for_records_is_refused(path: Path, clock: ManualClock) -> None:
    with pytest.raises(ValueError, match="quota_bytes: found 1000"):
        open_outbox(path, clock, quota_bytes=1000)
