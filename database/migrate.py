"""Bring the schema up to date: numbered SQL files, each applied once, in order, by one program at a time."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import psycopg
from psycopg import Connection, sql
from psycopg.rows import TupleRow, class_row

from database.connection import connect
from database.errors import MigrationChanged, MigrationError, SchemaTooNew
from database.steps import Applied, Step, read_steps

ADVISORY_LOCK = 0x11FE5E1F
"""Any number nobody else uses; all LiveShelf programs must agree on it."""

LOCK_TIMEOUT_MS = 2_000
"""A step that waits for a table also stops everyone behind it, so it gives up soon and tries again."""
LOCK_TRIES_MAX = 30
LOCK_PAUSE_S = 1.0

DAYS_AHEAD = 7
"""History partitions made beyond the day of `at`; the cloud worker keeps it so from then on."""

TIMESCALEDB_USABLE = """
SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')
       AND current_setting('timescaledb.max_background_workers', true) IS NOT NULL
"""
"""Whether TimescaleDB is installed and preloaded. Its loader defines the setting; without the loader CREATE EXTENSION
would end the connection."""

logger = logging.getLogger(__name__)


def migrate(database: str | Connection[TupleRow], *, at: datetime, steps: Sequence[Step] | None = None) -> list[str]:
    """Apply the steps that are missing and return their names; `at` is the shop time written beside them.

    Also writes the identity of a new database and makes the history partitions from the day before `at` to a week
    after. A connection handed in must not be in a transaction. Raises MigrationChanged, SchemaTooNew or MigrationError,
    naming the file.
    """
    if at.tzinfo is None:
        raise ValueError(f"at: found {at!r} without a time zone, expected an aware time")
    if isinstance(database, str):
        with connect(database, autocommit=True, application_name="liveshelf migrate") as connection:
            return _migrate(connection, read_steps() if steps is None else steps, at)
    with _own_commits(database):
        return _migrate(database, read_steps() if steps is None else steps, at)


def applied_steps(connection: Connection[TupleRow]) -> list[Applied]:
    """Return what was applied to this database, in order; nothing for an empty one."""
    there = connection.execute("SELECT to_regclass('schema_migration') IS NOT NULL").fetchone()
    if there is None or not there[0]:
        return []
    with connection.cursor(row_factory=class_row(Applied)) as cursor:
        return cursor.execute(
            "SELECT number, name, checksum, applied_at FROM schema_migration ORDER BY number"
        ).fetchall()


def missing_steps(steps: Sequence[Step], applied: Sequence[Applied]) -> list[Step]:
    """Return the steps to apply, after checking that what was applied is what these files say (pure)."""
    known = {step.number: step for step in steps}
    for row in applied:
        step = known.get(row.number)
        if step is None:
            raise SchemaTooNew(
                f"the database has migration {row.name}, which this LiveShelf does not know: use a newer one"
            )
        if step.checksum != row.checksum or step.name != row.name:
            raise MigrationChanged(
                f"migration {step.name} was changed after it was applied (as {row.name}, {row.applied_at:%Y-%m-%d}):"
                " undo the change and write a new migration"
            )
    last = applied[-1].number if applied else 0
    return [step for step in steps if step.number > last]


def _migrate(connection: Connection[TupleRow], steps: Sequence[Step], at: datetime) -> list[str]:
    with _migration_lock(connection):
        applied = applied_steps(connection)
        missing = missing_steps(steps, applied)
        if not applied:
            _prepare(connection)
        for step in missing:
            _apply(connection, step, at)
            logger.info("migration applied", extra={"event": "migration_applied", "migration": step.name})
        _write_epoch(connection, at)
        _make_partitions(connection, at.astimezone(UTC).date())
    return [step.name for step in missing]


def _prepare(connection: Connection[TupleRow]) -> None:
    usable = connection.execute(TIMESCALEDB_USABLE).fetchone()
    if usable is not None and usable[0]:
        try:
            connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
        except psycopg.errors.InsufficientPrivilege as error:
            raise MigrationError(
                "TimescaleDB is installed but this role may not use it: let an administrator run"
                " CREATE EXTENSION timescaledb in this database"
            ) from error
    connection.execute(
        """
        CREATE TABLE IF NOT EXISTS schema_migration (
            number     integer PRIMARY KEY,
            name       text NOT NULL UNIQUE,
            checksum   text NOT NULL,
            applied_at timestamptz NOT NULL
        )
        """
    )
    connection.execute("COMMENT ON TABLE schema_migration IS 'writer: database migrations'")


def _apply(connection: Connection[TupleRow], step: Step, at: datetime) -> None:
    try:
        _patiently(lambda: _apply_once(connection, step, at))
    except psycopg.errors.LockNotAvailable as error:
        raise MigrationError(f"migration {step.name}: a table it changes stays locked by another program") from error
    except psycopg.Error as error:
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise MigrationError(f"migration {step.name} failed: {said[0]}") from error


def _patiently(action: Callable[[], object]) -> None:
    """Do something that needs locks, again and again while it gets none."""
    for _ in range(LOCK_TRIES_MAX - 1):
        try:
            action()
        except psycopg.errors.LockNotAvailable:
            time.sleep(LOCK_PAUSE_S)
        else:
            return
    action()


def _apply_once(connection: Connection[TupleRow], step: Step, at: datetime) -> None:
    if step.transactional:
        with connection.transaction():
            connection.execute(step.sql.encode())  # bytes: our own file, not a text put together
            _record(connection, step, at)
    else:
        connection.execute(step.sql.encode())  # bytes: our own file, not a text put together
        _record(connection, step, at)


def _record(connection: Connection[TupleRow], step: Step, at: datetime) -> None:
    connection.execute(
        "INSERT INTO schema_migration (number, name, checksum, applied_at) VALUES (%s, %s, %s, %s)",
        [step.number, step.name, step.checksum, at],
    )


def _write_epoch(connection: Connection[TupleRow], at: datetime) -> None:
    connection.execute(
        "INSERT INTO database_epoch (epoch, made_at) VALUES (%s, %s) ON CONFLICT DO NOTHING", [uuid.uuid4().hex, at]
    )


def _make_partitions(connection: Connection[TupleRow], today: date) -> None:
    span = [today - timedelta(days=1), today + timedelta(days=DAYS_AHEAD)]
    try:
        _patiently(lambda: connection.execute("SELECT make_partitions(%s, %s)", span))
    except psycopg.errors.LockNotAvailable as error:
        raise MigrationError("the partitions of the coming days: a history table stays locked") from error


@contextmanager
def _migration_lock(connection: Connection[TupleRow]) -> Iterator[None]:
    """Hold the advisory lock, waiting for another migrating program as long as it takes."""
    _set(connection, "statement_timeout", 0)
    _set(connection, "lock_timeout", 0)
    connection.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK])
    try:
        _set(connection, "lock_timeout", LOCK_TIMEOUT_MS)
        yield
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s)", [ADVISORY_LOCK])
            connection.execute("RESET statement_timeout")
            connection.execute("RESET lock_timeout")


@contextmanager
def _own_commits(connection: Connection[TupleRow]) -> Iterator[None]:
    before = connection.autocommit
    connection.autocommit = True
    try:
        yield
    finally:
        connection.autocommit = before


def _set(connection: Connection[TupleRow], name: str, value_ms: int) -> None:
    connection.execute(sql.SQL("SET {} = {}").format(sql.Identifier(name), sql.Literal(value_ms)))
