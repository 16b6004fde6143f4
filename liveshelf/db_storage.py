"""The part of `liveshelf db status` that tells how history is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from database.editions import CONTINUOUS_AGGREGATE, jobs, rollups
from database.storage import compression, partitions, slow_queries, stale_since, table_sizes

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import Connection
    from psycopg.rows import TupleRow

TABLES_MAX = 10
QUERIES_MAX = 5
QUERY_CHARS_MAX = 80

Say = Callable[[object], None]


def print_storage(say: Say, connection: Connection[TupleRow]) -> None:
    """Say how large tables are, which days they have, how much is compressed, and how rollups, jobs and queries do.

    The connection is in autocommit mode, on a migrated database.
    """
    _print_sizes(say, connection)
    _print_partitions(say, connection)
    _print_compression(say, connection)
    _print_rollups(say, connection)
    _print_slow_queries(say, connection)


def _print_sizes(say: Say, connection: Connection[TupleRow]) -> None:
    table = Table("table", "MB", "of it indexes", "partitions", title="largest tables")
    for size in table_sizes(connection, TABLES_MAX):
        megabytes = (f"{size.total_bytes / 1e6:.1f}", f"{size.index_bytes / 1e6:.1f}")
        table.add_row(size.name, *megabytes, str(size.parts or ""))
    say(table)


def _print_partitions(say: Say, connection: Connection[TupleRow]) -> None:
    table = Table("history", "days", "from", "to", "rows in no day", title="daily partitions")
    for one in partitions(connection):
        table.add_row(one.name, str(one.days), str(one.first or ""), str(one.last or ""), str(one.rest_rows or ""))
    if table.row_count:
        say(table)


def _print_compression(say: Say, connection: Connection[TupleRow]) -> None:
    table = Table("history", "chunks", "compressed", "MB before", "MB after", title="columnstore")
    for one in compression(connection):
        sizes = (f"{one.before_bytes / 1e6:.1f}", f"{one.after_bytes / 1e6:.1f}")
        table.add_row(one.name, str(one.chunks), str(one.compressed), *sizes)
    if table.row_count:
        say(table)
    elif any(one.edition == CONTINUOUS_AGGREGATE for one in rollups(connection)):
        say("columnstore: no chunks yet")
    else:
        say("no columnstore: that is a part of TimescaleDB's full edition")


def _print_rollups(say: Say, connection: Connection[TupleRow]) -> None:
    known, stale = rollups(connection), stale_since(connection)
    table = Table("rollup", "kept as", "complete up to", "last refresh", "to sum up again from", title="rollups")
    for one in known:
        oldest = _moment(stale[one.name], "not known yet") if one.name in stale else ""
        last = _moment(one.refreshed_at, "never: is a worker running?")
        told = (_moment(one.upto, "nothing yet"), last, oldest)
        table.add_row(one.name, one.edition, *(("", "see jobs", "") if one.edition == CONTINUOUS_AGGREGATE else told))
    say(table)
    if any(one.edition == CONTINUOUS_AGGREGATE for one in known):
        _print_jobs(say, connection)


def _print_jobs(say: Say, connection: Connection[TupleRow]) -> None:
    table = Table("job", "task", "of", "last run", "succeeded at", "next at", "failures", title="TimescaleDB's jobs")
    for job in jobs(connection):
        times = (_moment(job.succeeded_at, "never"), _moment(job.next_start, ""))
        table.add_row(str(job.job_id), job.task, job.subject, job.status or "", *times, str(job.failures or 0))
    say(table if table.row_count else "TimescaleDB has no jobs of ours yet: a worker gives them to it")


def _print_slow_queries(say: Say, connection: Connection[TupleRow]) -> None:
    slow = slow_queries(connection, QUERIES_MAX)
    if slow is None:
        say("slow queries: not known, pg_stat_statements is not loaded")
        return
    table = Table("mean ms", "calls", "total s", "query", title="slowest queries")
    for one in slow:
        query = escape(" ".join(one.query.split())[:QUERY_CHARS_MAX])
        table.add_row(f"{one.mean_ms:.1f}", str(one.calls), f"{one.total_s:.1f}", query)
    say(table)


def _moment(at: datetime | None, otherwise: str) -> str:
    return otherwise if at is None else f"{at:%Y-%m-%d %H:%M:%S}"
