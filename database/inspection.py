"""What an operator asks a store's database: which edition, how big, how far, and whether projections are true.

Read only. Every query also works on a database that other programs are writing to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg import Connection
from psycopg.rows import TupleRow, class_row, scalar_row


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The server behind a connection. `edition` is how history is kept: partitioned, hypertable, or nothing yet."""

    version: str
    edition: str
    timescaledb: str | None
    database: str
    size_bytes: int
    epoch: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watermark:
    """How far a journal of a device is committed."""

    device: str
    journal: str
    seq: int
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GapCount:
    """Numbers of a device that will never come, by reason."""

    device: str
    reason: str
    gaps: int
    numbers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A payload that could not be used; `times` it came, the same each time. `replayed_at`: it was taken in since."""

    dead_letter_id: int
    topic: str
    device: str
    journal: str | None
    first_seq: int | None
    last_seq: int | None
    reason: str
    detail: str
    payload_bytes: int
    times: int
    first_at: datetime
    last_at: datetime
    replayed_at: datetime | None
    replayed_records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StockDifference:
    """A place where the projected units are not the sum of the ledger."""

    store: str
    sku: str
    place: str
    projected: int
    by_ledger: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WatermarkShortfall:
    """A journal with numbers in the history above its watermark."""

    device: str
    journal: str
    watermark: int
    highest: int


SERVER = """
SELECT current_setting('server_version') AS version,
       (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS timescaledb,
       current_database() AS database,
       pg_database_size(current_database()) AS size_bytes
"""

WATERMARKS = """
SELECT device, journal, seq, updated_at FROM journal_watermark ORDER BY updated_at DESC LIMIT %s
"""

GAPS = """
SELECT device, reason, count(*) AS gaps, sum(last_seq - first_seq + 1)::bigint AS numbers
FROM gap GROUP BY device, reason ORDER BY device, reason
"""

_DEAD_LETTER = """
SELECT dead_letter_id, topic, device, journal, first_seq, last_seq, reason, detail, payload_bytes, times, first_at,
       last_at, replayed_at, replayed_records
FROM dead_letter
"""

# The store is a level of the topic: a letter may come of a topic that is no good.
DEAD_LETTERS = f"""{_DEAD_LETTER}
WHERE (%(reason)s::text IS NULL OR reason = %(reason)s) AND (%(device)s::text IS NULL OR device = %(device)s)
      AND (%(store)s::text IS NULL OR split_part(topic, '/', 3) = %(store)s)
      AND (%(replayed_too)s OR replayed_at IS NULL)
ORDER BY last_at DESC, dead_letter_id DESC LIMIT %(count_max)s
"""

DEAD_LETTER = f"{_DEAD_LETTER} WHERE dead_letter_id = %s"

# The projection of stock_ledger, made anew from its first row, beside the one the worker keeps.
STOCK_DIFFERENCES = """
WITH moved AS (
    SELECT store, sku, to_place AS place, units FROM stock_ledger WHERE to_place IS NOT NULL
    UNION ALL
    SELECT store, sku, from_place, -units FROM stock_ledger WHERE from_place IS NOT NULL
), by_ledger AS (
    SELECT store, sku, place, sum(units)::integer AS units FROM moved GROUP BY store, sku, place
)
SELECT store, sku, place, coalesce(p.units, 0) AS projected, coalesce(l.units, 0) AS by_ledger
FROM stock_place p FULL JOIN by_ledger l USING (store, sku, place)
WHERE coalesce(p.units, 0) <> coalesce(l.units, 0)
ORDER BY store, sku, place
"""


# Everything a journal has in the history lies at or below its watermark.
WATERMARK_SHORTFALLS = """
WITH numbers AS (
    SELECT device, journal, max(seq) AS seq FROM reading GROUP BY device, journal
    UNION ALL SELECT device, journal, max(seq) FROM tag_event GROUP BY device, journal
    UNION ALL SELECT device, journal, max(seq) FROM health_event GROUP BY device, journal
    UNION ALL SELECT device, journal, max(seq) FROM clock_event GROUP BY device, journal
    UNION ALL SELECT device, journal, max(last_seq) FROM gap GROUP BY device, journal
), highest AS (
    SELECT device, journal, max(seq) AS seq FROM numbers GROUP BY device, journal
)
SELECT device, journal, coalesce(w.seq, 0) AS watermark, h.seq AS highest
FROM highest h LEFT JOIN journal_watermark w USING (device, journal)
WHERE coalesce(w.seq, 0) < h.seq
ORDER BY device, journal
"""


def inspect_server(connection: Connection[TupleRow]) -> Server:
    """Return what the server is. Works on a database without a schema too."""
    with connection.cursor() as cursor:
        version, timescaledb, database, size_bytes = cursor.execute(SERVER).fetchone() or ("", None, "", 0)
    has_schema = _one(connection, "SELECT to_regclass('history_table') IS NOT NULL")
    return Server(
        version=version,
        edition=_one(connection, "SELECT min(edition) FROM history_table") or "none yet" if has_schema else "none yet",
        timescaledb=timescaledb,
        database=database,
        size_bytes=size_bytes,
        epoch=_one(connection, "SELECT epoch FROM database_epoch") if has_schema else None,
    )


def newest_watermarks(connection: Connection[TupleRow], count_max: int) -> Sequence[Watermark]:
    """Return the journals that moved last, newest first."""
    with connection.cursor(row_factory=class_row(Watermark)) as cursor:
        return cursor.execute(WATERMARKS, [count_max]).fetchall()


def gap_counts(connection: Connection[TupleRow]) -> Sequence[GapCount]:
    """Return how many numbers will never come, by device and reason."""
    with connection.cursor(row_factory=class_row(GapCount)) as cursor:
        return cursor.execute(GAPS).fetchall()


def newest_dead_letters(
    connection: Connection[TupleRow],
    count_max: int,
    *,
    reason: str | None = None,
    device: str | None = None,
    store: str | None = None,
    replayed_too: bool = False,
) -> Sequence[DeadLetter]:
    """Return the payloads that could not be used, newest first, without their bytes: of a reason, device or store."""
    facts = {"reason": reason, "device": device, "store": store}
    with connection.cursor(row_factory=class_row(DeadLetter)) as cursor:
        return cursor.execute(DEAD_LETTERS, {**facts, "replayed_too": replayed_too, "count_max": count_max}).fetchall()


def dead_letter(connection: Connection[TupleRow], dead_letter_id: int) -> tuple[DeadLetter, bytes] | None:
    """Return one payload that could not be used with its bytes (at most 64 KiB of them), or None."""
    with connection.cursor(row_factory=class_row(DeadLetter)) as cursor:
        letter = cursor.execute(DEAD_LETTER, [dead_letter_id]).fetchone()
    if letter is None:
        return None
    with connection.cursor(row_factory=scalar_row) as cursor:
        cursor.execute("SELECT payload FROM dead_letter WHERE dead_letter_id = %s", [dead_letter_id])
        return letter, bytes(cursor.fetchone() or b"")


def dead_letter_count(connection: Connection[TupleRow]) -> int:
    """Return how many different payloads could not be used and wait for a fix."""
    return int(_one(connection, "SELECT count(*) FROM dead_letter WHERE replayed_at IS NULL") or 0)


def stock_differences(connection: Connection[TupleRow]) -> Sequence[StockDifference]:
    """Return where the stock the worker keeps is not what its ledger adds up to; nothing when all is well."""
    with connection.cursor(row_factory=class_row(StockDifference)) as cursor:
        return cursor.execute(STOCK_DIFFERENCES).fetchall()


def watermark_shortfalls(connection: Connection[TupleRow]) -> Sequence[WatermarkShortfall]:
    """Return the journals with numbers above their watermark; nothing when all is well."""
    with connection.cursor(row_factory=class_row(WatermarkShortfall)) as cursor:
        return cursor.execute(WATERMARK_SHORTFALLS).fetchall()


def _one(connection: Connection[TupleRow], query: LiteralString) -> Any:  # noqa: ANN401 - one value of any SQL type
    with connection.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(query).fetchone()
