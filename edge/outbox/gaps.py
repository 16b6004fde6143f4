"""Gap rows of the outbox: which numbers will never come, and why; together with the records they leave no hole."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from contract.records import Gap, GapReason
from edge.outbox.journals import Journal
from edge.outbox.rows import DamagedFile, seal, whole


@dataclass(frozen=True, slots=True)
class Loss:
    """So many records that gave way before they were numbered: they get their numbers as a gap."""

    count: int
    reason: GapReason


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
    gap = (journal.number, first, last, reason)
    connection.execute("INSERT INTO gap VALUES (?, ?, ?, ?, ?)", (*gap, seal(*gap)))


def read_gaps(connection: sqlite3.Connection, journal: Journal, first: int, last: int) -> tuple[list[Gap], list[Gap]]:
    """Return the gaps within `first` to `last`, in order, and those of them that no gap row told until now.

    A number that is neither a record nor in a gap row is a gap too: `dropped` where the reserve forgot it, else
    `lost`, which is what damage leaves behind. Raises DamagedFile when a gap row is not sound or meets another.
    """
    rows = connection.execute(
        "SELECT journal_no, first, last, reason, seal FROM gap WHERE journal_no = ? AND last >= ? AND first <= ?"
        " ORDER BY first",
        (journal.number, first, last),
    ).fetchall()
    known: list[Gap] = []
    for *gap, sealed in rows:
        _, low, high, reason = gap
        if sealed != seal(*gap) or (known and low <= known[-1].last):
            raise DamagedFile(f"gap {low} of journal {journal.name} is not sound")
        known.append(Gap(max(low, first), min(high, last), reason))
    records = connection.execute(
        "SELECT seq FROM record WHERE journal_no = ? AND seq BETWEEN ? AND ?", (journal.number, first, last)
    )
    found = [whole(seq) for (seq,) in records]
    _check_apart(journal, known, found)
    gaps = name_holes(known, found, first, last, journal.forgotten)
    told = set(known)
    return gaps, [gap for gap in gaps if gap not in told]


def name_holes(known: list[Gap], records: Iterable[int], first: int, last: int, forgotten: int) -> list[Gap]:
    """Return the known gaps and those between them and the records, so that `first` to `last` is covered (pure)."""
    covered = sorted([(gap.first, gap.last) for gap in known] + [(seq, seq) for seq in records])
    return sorted(known + holes(covered, first, last, forgotten), key=lambda gap: gap.first)


def _check_apart(journal: Journal, gaps: list[Gap], records: list[int]) -> None:
    """A number is a record or in a gap, never both: the gateway takes no batch that says otherwise."""
    starts = [gap.first for gap in gaps]
    for seq in records:
        at = bisect_right(starts, seq) - 1
        if at >= 0 and seq <= gaps[at].last:
            raise DamagedFile(f"record {seq} of journal {journal.name} lies in a gap")


def holes(covered: Iterable[tuple[int, int]], first: int, last: int, forgotten: int) -> list[Gap]:
    """Return what the covered ranges, in order, leave of `first` to `last` (pure)."""
    found: list[Gap] = []
    expected = first
    for low, high in chain(covered, [(last + 1, last + 1)]):
        if low > expected:
            found.extend(_named_hole(expected, low - 1, forgotten))
        expected = max(expected, high + 1)
    return found


def _named_hole(first: int, last: int, forgotten: int) -> list[Gap]:
    if last <= forgotten:
        return [Gap(first, last, "dropped")]
    if first > forgotten:
        return [Gap(first, last, "lost")]
    return [Gap(first, forgotten, "dropped"), Gap(forgotten + 1, last, "lost")]
