"""All tables of one database to another, of the same edition or not, in one transaction on either side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from graphlib import TopologicalSorter
from typing import Any, LiteralString

from psycopg import Connection, IsolationLevel, sql
from psycopg.rows import TupleRow, scalar_row

from contract.errors import ConfigurationError
from database.editions import AFTER_COPY, BEFORE_COPY, OLDEST_WEIGHTS, PAST_MINUTES, TAKE_OVER, rollups
from database.errors import CopyMismatch
from database.migrate import applied_steps, missing_steps
from database.steps import read_steps

OWN = frozenset(
    {
        "schema_migration", "database_epoch", "history_table", "rollup", "rollup_stale", "plate_minute_kept",
        "plate_minute_past", "sku_hour_kept",
    }
)  # fmt: skip
"""What each database has for itself: how it was made, and what it sums up."""

SEEDED = "change_head"
"""The one table a migration puts a row into."""

DAYS_MAX = 4_000
"""More days than so in a history come of broken clocks; their rows stay in the rest partition."""

TABLES = """
SELECT c.relname, array(SELECT a.attname::text FROM pg_attribute a
                        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)
FROM pg_class c
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
ORDER BY c.relname
"""

REFERENCES = """
SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND conrelid <> confrelid
"""

SEQUENCES = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"

MINUTE_COLUMNS = ("store", "plate", "minute", "readings", "min_g", "max_g", "avg_g", "last_g", "good_share")

Rows = int


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """A table that was copied, and its rows, counted on both sides."""

    table: str
    rows: int


def check_migrated(connection: Connection[TupleRow]) -> None:
    """Raise ConfigurationError when a database is not on the schema of this version."""
    missing = missing_steps(read_steps(), applied_steps(connection))
    connection.commit()
    if missing:
        raise ConfigurationError(f"the database lacks migration {missing[0].name}; run `liveshelf db migrate`")


def copy_database(
    source: Connection[TupleRow],
    target: Connection[TupleRow],
    *,
    keep_epoch: bool,
    tell: Callable[[Copied], object] = lambda _: None,
) -> list[Copied]:
    """Copy every table as it is at one moment; `tell` hears of each.

    Both databases are migrated, the target has no rows; neither connection is in autocommit mode. The source may be in
    use. Unless `keep_epoch`, the target keeps the epoch it was made with. Raises ConfigurationError when the target has
    rows, CopyMismatch when counts differ; then nothing was copied.
    """
    source.isolation_level, source.read_only = IsolationLevel.REPEATABLE_READ, True
    for connection in (source, target):
        connection.execute(
            "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET lock_timeout = 0"
        )
        connection.commit()
    with source.transaction(), target.transaction():
        columns = _columns(source)
        _check_empty(target, columns)
        edition = rollups(target)[0].edition
        _run(target, BEFORE_COPY[edition])
        copied = []
        for table in in_order(columns, source.execute(REFERENCES).fetchall()):
            _make_days(source, target, table)
            copied.append(Copied(table=table, rows=_copy_table(source, target, table, columns[table])))
            tell(copied[-1])
        _copy_past_minutes(source, target)
        _run(target, AFTER_COPY[edition])
        _copy_sequences(source, target)
        if keep_epoch:
            _copy_epoch(source, target)
    return copied


def in_order(tables: Iterable[str], references: Iterable[tuple[str, str]]) -> list[str]:
    """Return tables so that each comes after those it refers to, else by name (pure). References are (from, to)."""
    names = sorted(tables)
    graph: dict[str, set[str]] = {name: set() for name in names}
    for referring, referred in references:
        if referring in graph and referred in graph:
            graph[referring].add(referred)
    return list(TopologicalSorter(graph).static_order())


def _columns(connection: Connection[TupleRow]) -> Mapping[str, Sequence[str]]:
    return {name: columns for name, columns in connection.execute(TABLES) if name not in OWN}


def _check_empty(target: Connection[TupleRow], tables: Iterable[str]) -> None:
    for table in tables:
        if table == SEEDED:
            target.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
        elif _one(target, sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(table))):
            raise ConfigurationError(f"--to: found rows in its table {table}, expected an empty database")


def _copy_table(source: Connection[TupleRow], target: Connection[TupleRow], table: str, columns: Sequence[str]) -> Rows:
    name = sql.Identifier(table)
    _stream(source, target, table, columns, sql.SQL("SELECT {} FROM {}").format(_list(columns), name))
    counted = sql.SQL("SELECT count(*) FROM {}").format(name)
    expected, found = _one(source, counted), _one(target, counted)
    if expected != found:
        raise CopyMismatch(f"{table}: found {found} rows in the copy, expected {expected}; nothing was copied")
    return int(found)


def _stream(
    source: Connection[TupleRow],
    target: Connection[TupleRow],
    table: str,
    columns: Sequence[str],
    asked: sql.Composed,
) -> None:
    out = sql.SQL("COPY ({}) TO STDOUT (FORMAT BINARY)").format(asked)
    into = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(sql.Identifier(table), _list(columns))
    with source.cursor().copy(out) as reading, target.cursor().copy(into) as writing:
        for block in reading:
            writing.write(block)


def _make_days(source: Connection[TupleRow], target: Connection[TupleRow], table: str) -> None:
    """Make the partitions a history needs before its rows come; without effect where TimescaleDB makes chunks."""
    row = target.execute(
        "SELECT time_column FROM history_table WHERE name = %s AND edition = 'partitioned'", [table]
    ).fetchone()
    if row is not None:
        days = sql.SQL(
            "SELECT DISTINCT ({} AT TIME ZONE 'UTC')::date AS day FROM {} ORDER BY day DESC LIMIT {}"
        ).format(sql.Identifier(row[0]), sql.Identifier(table), sql.Literal(DAYS_MAX))
        _make_partitions(target, table, [day for (day,) in source.execute(days)])


def _make_partitions(target: Connection[TupleRow], table: str, days: Sequence[Any]) -> None:
    target.execute("SELECT count(make_partition(%s, day)) FROM unnest(%s::date[]) AS day", [table, list(days)])


def _copy_past_minutes(source: Connection[TupleRow], target: Connection[TupleRow]) -> None:
    """Copy the minutes whose weights the source has no longer: nobody can sum them up again."""
    since: datetime | None = _one(source, sql.SQL(OLDEST_WEIGHTS[rollups(source)[0].edition]))
    if since is None:
        return
    edition = rollups(target)[0].edition
    before = sql.SQL("FROM plate_minute WHERE minute < {}").format(sql.Literal(since))
    if edition == "table":
        days = sql.SQL("SELECT DISTINCT (minute AT TIME ZONE 'UTC')::date {}").format(before)
        _make_partitions(target, PAST_MINUTES[edition], [day for (day,) in source.execute(days)])
    asked = sql.SQL("SELECT {} {}").format(_list(MINUTE_COLUMNS), before)
    _stream(source, target, PAST_MINUTES[edition], MINUTE_COLUMNS, asked)
    _run(target, TAKE_OVER[edition], {"since": since})


def _copy_sequences(source: Connection[TupleRow], target: Connection[TupleRow]) -> None:
    for name, last in source.execute(SEQUENCES).fetchall():
        target.execute("SELECT setval(quote_ident(%s)::regclass, %s)", [name, last])


def _copy_epoch(source: Connection[TupleRow], target: Connection[TupleRow]) -> None:
    row = source.execute("SELECT epoch, made_at FROM database_epoch").fetchone()
    target.execute("UPDATE database_epoch SET epoch = %s, made_at = %s", row)


def _run(
    target: Connection[TupleRow], statements: Iterable[LiteralString], values: Mapping[str, Any] | None = None
) -> None:
    for statement in statements:
        target.execute(statement, values)


def _list(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _one(connection: Connection[TupleRow], query: sql.SQL | sql.Composed) -> Any:  # noqa: ANN401 - one value of any SQL type
    with connection.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(query).fetchone()
