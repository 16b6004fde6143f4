"""What the outbox may forget, in which order: by age and quota, never by the acknowledgement alone (rule 6).

Committed records older than the reserve go silently: the gateway has them. When the quota is reached, committed
records go first; then the heartbeats of what nobody has yet, thinned out; then the oldest records, whatever they
are. What was not committed always leaves an exact gap.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from edge.outbox.gaps import add_gap
from edge.outbox.journals import Journal, save_progress
from edge.outbox.rows import DamagedFile, seal, whole
from edge.outbox.schema import used_bytes

CHUNK_RECORDS = 1024
"""So many records are forgotten at once at most: an append never waits longer than that takes."""

CHUNKS_MAX = 8
"""So many chunks by quota at once: thinning leaves half-empty pages, so one chunk may free too few."""

THIN_SPAN = 4 * CHUNK_RECORDS
"""The heartbeats of one chunk lie within so many numbers: some 70 pages."""

NEWEST_KEPT = 4096
"""So many of the newest numbers are never thinned: what the shelf looks like now matters most."""


@dataclass(slots=True, kw_only=True)
class Reserve:
    """The bounds of an outbox. `thinned_to` is (journal number, seq) up to which no heartbeat is left to thin."""

    age_s: float
    quota_bytes: int
    thinned_to: tuple[int, int] = (0, 0)

    def forget(self, connection: sqlite3.Connection, journals: Iterable[Journal], *, now_s: int) -> None:
        """Forget one chunk by age and, when over quota, a few by quota; within the caller's transaction."""
        oldest_first = [journal for journal in journals if journal.last > journal.forgotten]
        for journal in oldest_first:
            _forget_aged(connection, journal, now_s - self.age_s)
        for _ in range(CHUNKS_MAX):
            if used_bytes(connection) <= self.quota_bytes:
                return
            self.free_a_chunk(connection, oldest_first)

    def free_a_chunk(self, connection: sqlite3.Connection, oldest_first: list[Journal]) -> None:
        """Forget one chunk, of what hurts least; within the caller's transaction."""
        for journal in oldest_first:
            if journal.committed > journal.forgotten:
                _forget_to(connection, journal, min(journal.forgotten + CHUNK_RECORDS, journal.committed, journal.last))
                return
        if oldest_first and not self._thin(connection, oldest_first):
            _drop_oldest(connection, oldest_first)

    def _thin(self, connection: sqlite3.Connection, journals: list[Journal]) -> bool:
        by_number = {journal.number: journal for journal in journals}
        newest = journals[-1]
        heartbeats = connection.execute(
            "SELECT journal_no, seq FROM record WHERE heartbeat = 1 AND (journal_no, seq) > (?, ?)"
            " AND (journal_no, seq) <= (?, ?) ORDER BY journal_no, seq LIMIT ?",
            (*self.thinned_to, newest.number, newest.last - NEWEST_KEPT, CHUNK_RECORDS),
        ).fetchall()
        heartbeats = [(whole(number), whole(seq)) for number, seq in heartbeats]
        # Those that lie far apart are left for the next chunk: a transaction must not touch too many pages.
        heartbeats = [row for row in heartbeats if row[0] == heartbeats[0][0] and row[1] < heartbeats[0][1] + THIN_SPAN]
        for number, first, last in _runs(heartbeats):
            if number not in by_number:
                raise DamagedFile(f"record {first} belongs to no journal")
            _delete_records(connection, number, first, last)
            add_gap(connection, by_number[number], first, last, "thinned")
        self.thinned_to = (
            heartbeats[-1] if heartbeats else max(self.thinned_to, (newest.number, newest.last - NEWEST_KEPT))
        )
        return bool(heartbeats)


def mark_age(connection: sqlite3.Connection, number: int, seq: int, at_s: int) -> None:
    """Note that a journal had given `seq` at `at_s`, in seconds of service; within the caller's transaction."""
    mark = (number, seq, at_s)
    connection.execute("INSERT OR IGNORE INTO age_mark VALUES (?, ?, ?, ?)", (*mark, seal(*mark)))


def served_s(connection: sqlite3.Connection) -> int:
    """Return the seconds of service at the newest sound age mark.

    Age counts the time an agent ran, and no clock: one that steps by years must neither empty the reserve nor fill
    the disk, and while the power is away nothing needs to be forgotten.
    """
    marks = connection.execute("SELECT journal_no, seq, at_s, seal FROM age_mark").fetchall()
    return max((mark[2] for mark in marks if mark[-1] == seal(*mark[:-1])), default=0)


def _forget_aged(connection: sqlite3.Connection, journal: Journal, before_s: float) -> None:
    marks = connection.execute(
        "SELECT journal_no, seq, at_s, seal FROM age_mark WHERE journal_no = ? AND at_s < ? ORDER BY seq DESC",
        (journal.number, before_s),
    )
    aged = next((mark[1] for mark in marks.fetchall() if mark[-1] == seal(*mark[:-1])), 0)
    upto = min(aged, journal.committed, journal.forgotten + CHUNK_RECORDS)
    if upto > journal.forgotten:
        _forget_to(connection, journal, upto)


def _forget_to(connection: sqlite3.Connection, journal: Journal, upto: int) -> None:
    _delete_records(connection, journal.number, 0, upto)
    connection.execute("DELETE FROM gap WHERE journal_no = ? AND last <= ?", (journal.number, upto))
    connection.execute(
        "DELETE FROM age_mark WHERE journal_no = ? AND seq <= ? AND seq < ?", (journal.number, upto, journal.last)
    )
    journal.forgotten = upto
    save_progress(connection, journal)


def _drop_oldest(connection: sqlite3.Connection, oldest_first: list[Journal]) -> None:
    for journal in oldest_first:
        oldest = connection.execute(
            "SELECT seq FROM record WHERE journal_no = ? ORDER BY seq LIMIT ?", (journal.number, CHUNK_RECORDS)
        ).fetchall()
        if oldest:
            first, last = journal.forgotten + 1, whole(oldest[-1][0])
            _delete_records(connection, journal.number, first, last)
            add_gap(connection, journal, first, last, "dropped")
            return


def _delete_records(connection: sqlite3.Connection, number: int, first: int, last: int) -> None:
    connection.execute("DELETE FROM record WHERE journal_no = ? AND seq BETWEEN ? AND ?", (number, first, last))


def _runs(rows: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
    runs: list[tuple[int, int, int]] = []
    for number, seq in rows:
        if runs and runs[-1][0] == number and runs[-1][2] == seq - 1:
            runs[-1] = (number, runs[-1][1], seq)
        else:
            runs.append((number, seq, seq))
    return runs
