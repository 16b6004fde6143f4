"""SQL of the change numbers. Nothing here commits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow

# One sequencer at a time, whoever runs it; held until its transaction ends.
CLAIM = "SELECT pg_try_advisory_xact_lock(hashtextextended('liveshelf sequencer', 0))"

# Committed rows leave the outbox and get the next numbers, in the order they were written. Returns the highest.
NUMBER = """
    WITH taken AS (
        DELETE FROM change_outbox WHERE outbox_id IN
            (SELECT outbox_id FROM change_outbox ORDER BY outbox_id LIMIT %(rows_max)s FOR UPDATE SKIP LOCKED)
        RETURNING outbox_id, kind, store, subject, body),
    numbered AS (
        INSERT INTO change (number, kind, store, subject, body, numbered_at)
        SELECT h.number + row_number() OVER (ORDER BY t.outbox_id), t.kind, t.store, t.subject, t.body, %(at)s
        FROM taken t CROSS JOIN change_head h
        RETURNING number)
    UPDATE change_head SET number = n.number FROM (SELECT max(number) AS number FROM numbered) n
    WHERE n.number IS NOT NULL RETURNING change_head.number"""

# Numbers rise with time: the first change still young enough ends the walk over the primary key.
FORGET = """DELETE FROM change WHERE number < coalesce(
                (SELECT number FROM change WHERE numbered_at >= %s ORDER BY number LIMIT 1),
                (SELECT number + 1 FROM change_head))"""

# `head`, the oldest number kept and rows come from one statement, hence one snapshot.
CHANGES = """SELECT h.number, coalesce((SELECT min(number) FROM change), h.number + 1),
                    c.number, c.kind, c.store, c.subject, c.body, c.numbered_at
             FROM change_head h LEFT JOIN LATERAL (
                 SELECT * FROM change WHERE number > %(after)s
                     AND ('*' = ANY(%(stores)s) OR store = ANY(%(stores)s))
                 ORDER BY number LIMIT %(limit)s) c ON true
             ORDER BY c.number"""


def claim(link: Connection[TupleRow]) -> bool:
    """Become the sequencer for this transaction; False when another is."""
    row = link.execute(CLAIM).fetchone()
    return bool(row and row[0])


def number(link: Connection[TupleRow], *, rows_max: int, at: datetime) -> int | None:
    """Number what waits and notify the highest number; None when nothing waits."""
    row = link.execute(NUMBER, {"rows_max": rows_max, "at": at}).fetchone()
    if row is None:
        return None
    link.execute("SELECT pg_notify('changed', %s)", (str(row[0]),))
    return int(row[0])


def waiting(link: Connection[TupleRow]) -> bool:
    """Tell whether a committed change waits for its number."""
    row = link.execute("SELECT EXISTS (SELECT FROM change_outbox)").fetchone()
    return bool(row and row[0])


def forget(link: Connection[TupleRow], *, before: datetime) -> None:
    """Forget the changes numbered before a time."""
    link.execute(FORGET, (before,))


async def changes(
    link: AsyncConnection[Any], *, after: int, stores: frozenset[str], limit: int
) -> tuple[int, int, list[tuple[Any, ...]]]:
    """Return the head, the oldest number kept (the next one when none is), and the changes after a number as
    (number, kind, store, subject, body, numbered_at).
    """
    asked = {"after": after, "stores": sorted(stores), "limit": limit}
    rows = await (await link.execute(CHANGES, asked)).fetchall()
    return rows[0][0], rows[0][1], [tuple(row[2:]) for row in rows if row[2] is not None]
