"""Bring records into the past: numbers that stood as a gap `rejected` become rows of the load that rejected them.

The gap rows are the guard. A number is in the history or in a gap, never in both; both change in one transaction, with
the gap rows locked, so a record cannot get in twice. Watermarks, counts and events are not touched: late data corrects
history and never raises an order (design section 4, rule 9).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import psycopg
from psycopg import Connection

from contract.codec import NumberedRecord, pack
from contract.ids import DeviceId, JournalId
from contract.records import Gap
from gateway.loading import history
from gateway.loading.session import REFUSED_BY_DATABASE
from gateway.model import KeptLetter, Readings

LETTER = """
SELECT dead_letter_id, topic, reason, detail, payload, payload_bytes, first_at, replayed_at, replayed_records
FROM dead_letter WHERE dead_letter_id = %(number)s FOR UPDATE
"""

# Letters that still wait, oldest first, so that a journal is filled in its order.
WAITING = """
SELECT dead_letter_id FROM dead_letter
WHERE replayed_at IS NULL AND (%(reason)s::text IS NULL OR reason = %(reason)s)
ORDER BY dead_letter_id
"""

WATERMARK = "SELECT seq FROM journal_watermark WHERE device = %(device)s AND journal = %(journal)s"

# Gaps begun before the batch may reach into it.
HOLES = """
SELECT first_seq, last_seq, reason, load_id, recorded_at FROM gap
WHERE device = %(device)s AND journal = %(journal)s AND first_seq <= %(last)s AND last_seq >= %(first)s
      AND reason = 'rejected'
ORDER BY first_seq FOR UPDATE
"""

CLOSE_HOLE = "DELETE FROM gap WHERE device = %(device)s AND journal = %(journal)s AND first_seq = %(first)s"
LEAVE_HOLE = """
INSERT INTO gap (device, journal, first_seq, last_seq, reason, load_id, recorded_at)
VALUES (%(device)s, %(journal)s, %(first)s, %(last)s, %(reason)s, %(load_id)s, %(at)s)
"""
COUNT_RECORDS = "UPDATE load SET readings = readings + %(records)s WHERE load_id = %(load_id)s"

# What was summed up of the load is summed up again; a continuous aggregate notices by itself.
MAKE_STALE = """
INSERT INTO rollup_stale (name, span, load_id)
SELECT name, NULL, %(load_id)s FROM rollup WHERE source = 'reading' AND edition = 'table'
"""

# A journal is one run on one clock: the neighbours of a record tell when that clock was 0.
_NEIGHBOUR = """
SELECT zero_at, time_known FROM (
    (SELECT seq, time - mono_ms * interval '1 millisecond' AS zero_at, time_known FROM reading
     WHERE device = %(device)s AND journal = %(journal)s AND seq {side} ORDER BY seq {order} LIMIT 1)
    UNION ALL
    (SELECT seq, time - mono_ms * interval '1 millisecond', time_known FROM tag_event
     WHERE device = %(device)s AND journal = %(journal)s AND seq {side} ORDER BY seq {order} LIMIT 1)
    UNION ALL
    (SELECT seq, time - mono_ms * interval '1 millisecond', time_known FROM health_event
     WHERE device = %(device)s AND journal = %(journal)s AND seq {side} ORDER BY seq {order} LIMIT 1)
    UNION ALL
    (SELECT seq, time - mono_ms * interval '1 millisecond', time_known FROM clock_event
     WHERE device = %(device)s AND journal = %(journal)s AND seq {side} ORDER BY seq {order} LIMIT 1)
) AS neighbours ORDER BY seq {order} LIMIT 1
"""
NEIGHBOUR_BEFORE = _NEIGHBOUR.format(side="< %(first)s", order="DESC")
NEIGHBOUR_AFTER = _NEIGHBOUR.format(side="> %(last)s", order="ASC")

SETTLE = """
UPDATE dead_letter SET replayed_at = %(at)s, replayed_records = replayed_records + %(records)s
WHERE dead_letter_id = %(number)s
"""
STILL_WAITS = """
UPDATE dead_letter SET reason = %(reason)s, detail = %(detail)s, replayed_records = replayed_records + %(records)s
WHERE dead_letter_id = %(number)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """A gap of rejected numbers, and the load that rejected them."""

    gap: Gap
    load_id: int
    recorded_at: datetime


def letter(connection: Connection[Any], number: int) -> KeptLetter | None:
    """Return a dead letter and hold its row until the transaction ends, None when there is none."""
    row = connection.execute(LETTER, {"number": number}).fetchone()
    if row is None:
        return None
    return KeptLetter(
        number=row[0],
        topic=row[1],
        reason=row[2],
        detail=row[3],
        payload=bytes(row[4]),
        payload_bytes=row[5],
        first_at=row[6],
        replayed_at=row[7],
        replayed_records=row[8],
    )


def waiting(connection: Connection[Any], reason: str | None) -> list[int]:
    """Return the numbers of the letters that wait for a fix, oldest first; of one reason or of all."""
    return [row[0] for row in connection.execute(WAITING, {"reason": reason})]


def watermark(connection: Connection[Any], device: DeviceId, journal: JournalId) -> int:
    """Return the last committed number of a journal, 0 when there is none."""
    row = connection.execute(WATERMARK, {"device": device, "journal": journal}).fetchone()
    return 0 if row is None else int(row[0])


def holes(connection: Connection[Any], device: DeviceId, journal: JournalId, first: int, last: int) -> list[Hole]:
    """Return the gaps `rejected` that have numbers from `first` to `last`, locked until the transaction ends."""
    facts = {"device": device, "journal": journal, "first": first, "last": last}
    rows = connection.execute(HOLES, facts).fetchall()
    return [Hole(gap=Gap(row[0], row[1], row[2]), load_id=row[3], recorded_at=row[4]) for row in rows]


def zero_beside(connection: Connection[Any], readings: Readings) -> Readings:
    """Return records dated as the ones before them in their journal, else those after; as they are when it has none."""
    facts = {
        "device": readings.device,
        "journal": readings.journal,
        "first": readings.first,
        "last": readings.last,
    }
    for statement in (NEIGHBOUR_BEFORE, NEIGHBOUR_AFTER):
        row = connection.execute(statement, facts).fetchone()
        if row is not None:
            return replace(readings, mono_zero_at=row[0], time_known=row[1])
    return readings


def fill(
    connection: Connection[Any], readings: Readings, records: Sequence[NumberedRecord], load_id: int
) -> tuple[set[int], str]:
    """Write records as part of a load of the past; return which numbers got in, and what the database said of others.

    What it refuses is found record by record, so that one bad value costs no more than itself.
    """
    refused = _copy(connection, readings, records, load_id)
    if not refused:
        return {seq for seq, _ in records}, ""
    taken = set()
    for record in records:
        said = _copy(connection, readings, [record], load_id)
        refused = said or refused
        if not said:
            taken.add(record[0])
    return taken, refused


def close(connection: Connection[Any], readings: Readings, hole: Hole, left: Sequence[Gap], records: int) -> None:
    """Put what is left of a hole in its place, and count the records with the load they belong to."""
    journal = {"device": readings.device, "journal": readings.journal, "load_id": hole.load_id}
    connection.execute(CLOSE_HOLE, {**journal, "first": hole.gap.first})
    for gap in left:
        facts = {"first": gap.first, "last": gap.last, "reason": gap.reason, "at": hole.recorded_at}
        connection.execute(LEAVE_HOLE, {**journal, **facts})
    connection.execute(COUNT_RECORDS, {**journal, "records": records})
    connection.execute(MAKE_STALE, journal)


def settle(connection: Connection[Any], number: int, *, records: int, at: datetime) -> None:
    """Nothing is left of a letter to take in."""
    connection.execute(SETTLE, {"number": number, "records": records, "at": at})


def still_waits(connection: Connection[Any], number: int, *, reason: str, detail: str, records: int) -> None:
    """A letter stays, with the reason of today."""
    facts = {"number": number, "reason": reason, "detail": detail, "records": records}
    connection.execute(STILL_WAITS, facts)


def _copy(connection: Connection[Any], readings: Readings, records: Sequence[NumberedRecord], load_id: int) -> str:
    """Write records behind a savepoint; return what the database said when it refused, else nothing."""
    packed = replace(readings, blocks=pack(records))
    try:
        with connection.transaction(), connection.cursor() as cursor:
            for statement, stream in history.copies([packed], load_id):
                with cursor.copy(statement.encode()) as copy:
                    copy.write(stream)
    except REFUSED_BY_DATABASE as error:
        said = str(error).splitlines() or [type(error).__name__]
        return said[0] if isinstance(error, psycopg.Error) else str(error)
    return ""
