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
from edge.outbox.schema import used_bytes

CHUNK_RECORDS = 1024
"""So many records are forgotten at once at most: an append never waits longer than that takes."""

CHUNKS_MAX = 8
"""So many chunks by quota at once: thinning leaves half-empty pages, so one chunk may free too few."""

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
        for number, first, last in _runs(heartbeats):
            _delete_records(connection, number, first, last)
            add_gap(connection, by_number[number], first, last, "thinned")
        self.thinned_to = (
            heartbeats[-1] if heartbeats else max(self.thinned_to, (newest.number, newest.last - NEWEST_KEPT))
        )
        return bool(heartbeats)


def _forget_aged(connection: sqlite3.Connection, journal: Journal, before_s: float) -> None:
    (aged,) = connection.execute(
        "SELECT max(seq) FROM age_mark WHERE journal_no = ? AND at_s < ?", (journal.number, before_s)
    ).fetchone()
    upto = min(aged or 0, journal.committed, journal.forgotten + CHUNK_RECORDS)
    if upto > journal.forgotten:
        _forget_to(connection, journal, upto)


def _forget_to(connection: sqlite3.Connection, journal: Journal, upto: int) -> None:
    _delete_records(connection, journal.number, 0, upto)
    connection.execute("DELETE FROM gap WHERE journal_no = ? AND last <= ?", (journal.number, upto))
    # The newest mark stays: it remembers how far the journal was numbered when nothing else does.
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
            first, last = journal.forgotten + 1, oldest[-1][0]
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
