"""Gap rows of the outbox: which numbers will never come, and why; together with the records they leave no hole."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from contract.records import Gap, GapReason
from edge.outbox.journals import Journal


def add_gap(connection: sqlite3.Connection, journal: Journal, first: int, last: int, reason: GapReason) -> None:
    """Record a gap, joined with neighbours of the same reason; rows wholly inside it become part of it."""
    touching = connection.execute(
        "SELECT first, last FROM gap WHERE journal_no = ? AND last >= ? AND first <= ?"
        " AND (reason = ? OR (first >= ? AND last <= ?))",
        (journal.number, first - 1, last + 1, reason, first, last),
    ).fetchall()
    for old_first, old_last in touching:
        connection.execute("DELETE FROM gap WHERE journal_no = ? AND first = ?", (journal.number, old_first))
        first, last = min(first, old_first), max(last, old_last)
    connection.execute("INSERT INTO gap VALUES (?, ?, ?, ?)", (journal.number, first, last, reason))


def read_gaps(connection: sqlite3.Connection, journal: Journal, first: int, last: int) -> list[Gap]:
    """Return the gaps within `first` to `last`, in order.

    A number that is neither a record nor in a gap row is a gap too: `dropped` where the reserve forgot it, else
    `lost`, which is what damage leaves behind.
    """
    rows = connection.execute(
        "SELECT first, last, reason FROM gap WHERE journal_no = ? AND last >= ? AND first <= ? ORDER BY first",
        (journal.number, first, last),
    )
    known = [Gap(max(low, first), min(high, last), reason) for low, high, reason in rows]
    records = connection.execute(
        "SELECT seq FROM record WHERE journal_no = ? AND seq BETWEEN ? AND ?", (journal.number, first, last)
    )
    return name_holes(known, [seq for (seq,) in records], first, last, journal.forgotten)


def name_holes(known: list[Gap], records: Iterable[int], first: int, last: int, forgotten: int) -> list[Gap]:
    """Return the known gaps and those between them and the records, so that `first` to `last` is covered (pure)."""
    covered = sorted([(gap.first, gap.last) for gap in known] + [(seq, seq) for seq in records])
    return sorted(known + _holes(covered, first, last, forgotten), key=lambda gap: gap.first)


def _holes(covered: list[tuple[int, int]], first: int, last: int, forgotten: int) -> list[Gap]:
    holes: list[Gap] = []
    expected = first
    for low, high in [*covered, (last + 1, last + 1)]:
        if low > expected:
            holes.extend(_named_hole(expected, low - 1, forgotten))
        expected = max(expected, high + 1)
    return holes


def _named_hole(first: int, last: int, forgotten: int) -> list[Gap]:
    if last <= forgotten:
        return [Gap(first, last, "dropped")]
    if first > forgotten:
        return [Gap(first, last, "lost")]
    return [Gap(first, forgotten, "dropped"), Gap(forgotten + 1, last, "lost")]
