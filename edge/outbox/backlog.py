"""Say how much of an outbox the gateway has not committed, and how old the oldest of it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from edge.outbox.journals import Journal
from edge.outbox.rows import DamagedRow, decode_row
from edge.outbox.schema import used_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits: how many numbers, their bytes on the disk (by the mean of all that is held), shop seconds since the
    oldest was recorded.
    """

    rows: int = 0
    bytes: int = 0
    oldest_s: float = 0.0

    def figures(self) -> dict[str, float]:
        """Return it as figures of a health record."""
        return {"queue_rows": self.rows, "queue_bytes": self.bytes, "queue_oldest_s": round(self.oldest_s, 1)}


def backlog_of(
    connection: sqlite3.Connection, journals: Iterable[Journal], *, boot: str, mono_ms: int, now_s: int
) -> Backlog:
    """Return what waits in these journals, oldest first. `now_s` are seconds of service, `mono_ms` those of `boot`."""
    holding = [journal for journal in journals if journal.last > journal.forgotten]
    waiting = [journal for journal in holding if journal.last > _done(journal)]
    rows = sum(journal.last - _done(journal) for journal in waiting)
    if not rows:
        return Backlog()
    held = sum(journal.last - journal.forgotten for journal in holding)
    oldest_s = _age_s(connection, waiting[0], boot=boot, mono_ms=mono_ms, now_s=now_s)
    return Backlog(rows=rows, bytes=used_bytes(connection) * rows // held, oldest_s=max(0.0, oldest_s))


def _done(journal: Journal) -> int:
    return max(journal.committed, journal.forgotten)


def _age_s(connection: sqlite3.Connection, journal: Journal, *, boot: str, mono_ms: int, now_s: int) -> float:
    """Return the age of the first record that waits: by its own time in the same boot, else by the age marks,
    which lie ten minutes apart.
    """
    recorded_ms = _recorded_ms(connection, journal) if journal.boot == boot else None
    if recorded_ms is not None:
        return (mono_ms - recorded_ms) / 1000.0
    # Its own mark, or the one after it; without any the run ended within one distance of marks after the last.
    marked = connection.execute(
        "SELECT coalesce(min(at_s) FILTER (WHERE seq > ?), max(at_s)) FROM age_mark WHERE journal_no = ?",
        (_done(journal), journal.number),
    ).fetchone()[0]
    return now_s - marked if isinstance(marked, int) else 0.0


def _recorded_ms(connection: sqlite3.Connection, journal: Journal) -> int | None:
    found = connection.execute(
        "SELECT seq, row FROM record WHERE journal_no = ? AND seq > ? ORDER BY seq LIMIT 1",
        (journal.number, _done(journal)),
    ).fetchone()
    try:
        return None if found is None else decode_row(journal.name, *found).mono_ms
    except DamagedRow:
        return None
