"""How a database keeps its history: sizes, partitions, compression, rollups, jobs, and which queries are slow.

Read only; works on either edition, beside programs that write.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow, class_row, scalar_row

from database.editions import CONTINUOUS_AGGREGATE, Rollup, rollups


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSize:
    """A table with all its partitions or chunks; `total_bytes` includes `index_bytes`. Whole: no `parts`."""

    name: str
    total_bytes: int
    index_bytes: int
    parts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Partitions:
    """The daily partitions of a history table, and rows (counted up to `REST_ROWS_MAX`) that are in none."""

    name: str
    days: int
    first: date | None
    last: date | None
    rest_rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Compression:
    """Chunks of a hypertable in the columnstore, and their bytes before and after."""

    name: str
    chunks: int
    compressed: int
    before_bytes: int
    after_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowQuery:
    """A statement by how long it takes on average (`mean_ms`)."""

    calls: int
    mean_ms: float
    total_s: float
    query: str


REST_ROWS_MAX = 100_000
"""A rest partition with more rows is told to hold so many: nobody counts millions to look at a status."""

# Partitions count for their table, a hypertable's chunks likewise.
TABLE_SIZES = """
SELECT c.relname AS name, sum(pg_total_relation_size(coalesce(p.relid, c.oid)))::bigint AS total_bytes,
       sum(pg_indexes_size(coalesce(p.relid, c.oid)))::bigint AS index_bytes,
       count(*) FILTER (WHERE p.level > 0) AS parts
FROM pg_class c LEFT JOIN LATERAL pg_partition_tree(c.oid) p ON true
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
  AND NOT EXISTS (SELECT FROM history_table h WHERE h.name = c.relname AND h.edition = 'hypertable')
GROUP BY c.relname
"""

HYPERTABLE_SIZES = """
SELECT h.name, coalesce(d.total_bytes, 0) AS total_bytes, coalesce(d.index_bytes, 0) AS index_bytes,
       (SELECT count(*) FROM timescaledb_information.chunks k WHERE k.hypertable_name = h.name) AS parts
FROM history_table h
CROSS JOIN LATERAL (SELECT sum(s.total_bytes)::bigint AS total_bytes, sum(s.index_bytes)::bigint AS index_bytes
                    FROM hypertable_detailed_size(h.name::regclass) s) d
WHERE h.edition = 'hypertable'
"""

PARTITIONS = """
SELECT h.name, count(d.day) AS days, min(d.day) AS first, max(d.day) AS last
FROM history_table h
LEFT JOIN LATERAL (SELECT to_date(right(c.relname, 8), 'YYYYMMDD') AS day
                   FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                   WHERE i.inhparent = h.name::regclass AND c.relname ~ '_[0-9]{8}$') d ON true
WHERE h.edition = 'partitioned' GROUP BY h.name ORDER BY h.name
"""

COMPRESSION = """
SELECT h.name, s.total_chunks AS chunks, coalesce(s.number_compressed_chunks, 0) AS compressed,
       coalesce(s.before_compression_total_bytes, 0) AS before_bytes,
       coalesce(s.after_compression_total_bytes, 0) AS after_bytes
FROM history_table h CROSS JOIN LATERAL hypertable_compression_stats(h.name::regclass) s ORDER BY h.name
"""

STALE_SINCE = """
SELECT name, min(lower(span)) FROM rollup_stale GROUP BY name
"""

SLOW_QUERIES = """
SELECT calls, mean_exec_time AS mean_ms, total_exec_time / 1000 AS total_s, query
FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY mean_exec_time DESC LIMIT %s
"""


def table_sizes(connection: Connection[TupleRow], count_max: int) -> Sequence[TableSize]:
    """Return the largest tables, the largest first."""
    with connection.cursor(row_factory=class_row(TableSize)) as cursor:
        sizes = cursor.execute(TABLE_SIZES).fetchall()
        if _has_hypertables(connection):
            sizes += cursor.execute(HYPERTABLE_SIZES).fetchall()
    return sorted(sizes, key=lambda size: (-size.total_bytes, size.name))[:count_max]


def partitions(connection: Connection[TupleRow]) -> Sequence[Partitions]:
    """Return the daily partitions of every history table; nothing where TimescaleDB makes chunks."""
    found = connection.execute(PARTITIONS).fetchall()
    return [
        Partitions(name=name, days=days, first=first, last=last, rest_rows=_rest_rows(connection, name))
        for name, days, first, last in found
    ]


def compression(connection: Connection[TupleRow]) -> Sequence[Compression]:
    """Return how much of each hypertable is in the columnstore; nothing where there is none."""
    if not _has_jobs(rollups(connection)):
        return []
    with connection.cursor(row_factory=class_row(Compression)) as cursor:
        return cursor.execute(COMPRESSION).fetchall()


def stale_since(connection: Connection[TupleRow]) -> dict[str, datetime | None]:
    """Return by rollup the oldest time that is to be summed up again (None: not known before it is looked up)."""
    return dict(connection.execute(STALE_SINCE).fetchall())


def slow_queries(connection: Connection[TupleRow], count_max: int) -> Sequence[SlowQuery] | None:
    """Return the slowest statements by mean; None where pg_stat_statements is not there, or not ours to read.

    The connection is in autocommit mode.
    """
    try:
        with connection.cursor(row_factory=class_row(SlowQuery)) as cursor:
            return cursor.execute(SLOW_QUERIES, [count_max]).fetchall()
    except (
        psycopg.errors.UndefinedTable,
        psycopg.errors.ObjectNotInPrerequisiteState,
        psycopg.errors.InsufficientPrivilege,
    ):
        return None


def _rest_rows(connection: Connection[TupleRow], name: str) -> int:
    counted = psycopg.sql.SQL("SELECT count(*) FROM (SELECT FROM {} LIMIT %s) r").format(
        psycopg.sql.Identifier(f"{name}_rest")
    )
    with connection.cursor(row_factory=scalar_row) as cursor:
        return int(cursor.execute(counted, [REST_ROWS_MAX]).fetchone() or 0)


def _has_hypertables(connection: Connection[TupleRow]) -> bool:
    row = connection.execute("SELECT EXISTS (SELECT FROM history_table WHERE edition = 'hypertable')").fetchone()
    return bool(row and row[0])


def _has_jobs(known: Sequence[Rollup]) -> bool:
    return any(one.edition == CONTINUOUS_AGGREGATE for one in known)
