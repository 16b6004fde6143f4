"""Bringing a real database up to date: once, again, by two programs at once, and with a file that is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg.rows import TupleRow

from database import migrate as migrating
from database.connection import connect
from database.errors import MigrationChanged, MigrationError, SchemaTooNew
from database.migrate import applied_steps, migrate
from database.steps import NO_TRANSACTION, Step, read_step, read_steps
from tests.fixtures.database import MIGRATED_AT

pytestmark = pytest.mark.database

AT = datetime(2026, 6, 10, 9, 30, tzinfo=UTC)
LAST = len(read_steps())
HISTORY_TABLES = 7


@pytest.fixture
def connection(empty_database_url: str) -> Iterator[psycopg.Connection[TupleRow]]:
    with connect(empty_database_url, autocommit=True) as opened:
        yield opened


def with_step(sql: str, number: int = LAST + 1) -> list[Step]:
    return [*read_steps(), read_step(f"{number:04}_one_more.sql", sql)]


def one(connection: psycopg.Connection[TupleRow], query: str) -> object:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def test_an_empty_database_gets_every_step_and_keeps_when(connection: psycopg.Connection[TupleRow]) -> None:
    names = migrate(connection, at=AT)
    assert names == [step.name for step in read_steps()]
    assert [(row.name, row.applied_at) for row in applied_steps(connection)] == [(name, AT) for name in names]


def test_migrating_again_changes_nothing(connection: psycopg.Connection[TupleRow]) -> None:
    migrate(connection, at=AT)
    epoch = one(connection, "SELECT epoch FROM database_epoch")
    assert migrate(connection, at=AT + timedelta(days=1)) == []
    assert one(connection, "SELECT epoch FROM database_epoch") == epoch
    assert one(connection, "SELECT made_at FROM database_epoch") == AT


def test_two_databases_have_two_epochs(empty_database_url: str, database_url: str) -> None:
    migrate(empty_database_url, at=AT)
    with connect(empty_database_url) as one_of_them, connect(database_url) as other:
        query = "SELECT epoch FROM database_epoch"
        assert one(one_of_them, query) != one(other, query)


def test_two_programs_migrating_at_once_apply_each_step_once(empty_database_url: str) -> None:
    with ThreadPoolExecutor(2) as programs:
        runs = list(programs.map(lambda _: migrate(empty_database_url, at=AT), range(2)))
    assert sorted(len(names) for names in runs) == [0, LAST]


def test_an_edited_migration_is_refused_and_named(connection: psycopg.Connection[TupleRow]) -> None:
    migrate(connection, at=AT, steps=with_step("CREATE TABLE shelf_colour (colour text)"))
    with pytest.raises(MigrationChanged, match=f"{LAST + 1:04}_one_more.sql was changed"):
        migrate(connection, at=AT, steps=with_step("CREATE TABLE shelf_colour (colour integer)"))


def test_a_database_of_a_newer_version_is_refused(connection: psycopg.Connection[TupleRow]) -> None:
    migrate(connection, at=AT, steps=with_step("SELECT 1"))
    with pytest.raises(SchemaTooNew):
        migrate(connection, at=AT)


def test_a_failing_step_leaves_nothing_of_itself(connection: psycopg.Connection[TupleRow]) -> None:
    with pytest.raises(MigrationError, match=f"migration {LAST + 1:04}_one_more.sql failed: .*no_such_table"):
        migrate(connection, at=AT, steps=with_step("CREATE TABLE half (n int); SELECT * FROM no_such_table"))
    assert one(connection, "SELECT to_regclass('half')") is None
    assert len(applied_steps(connection)) == LAST


def test_a_step_may_run_outside_a_transaction(connection: psycopg.Connection[TupleRow]) -> None:
    statement = "CREATE INDEX CONCURRENTLY IF NOT EXISTS task_kind ON task (kind)"
    with pytest.raises(MigrationError, match="cannot run inside a transaction block"):
        migrate(connection, at=AT, steps=with_step(statement))
    names = migrate(connection, at=AT, steps=with_step(f"{NO_TRANSACTION}\n{statement}"))
    assert names == [f"{LAST + 1:04}_one_more.sql"]
    assert one(connection, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'task_kind'::regclass") is True


def test_a_table_locked_for_a_moment_is_waited_for(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with connect(database_url) as reader:
        reader.execute("SELECT * FROM task")
        monkeypatch.setattr(migrating, "LOCK_TIMEOUT_MS", 50)
        monkeypatch.setattr("database.migrate.time.sleep", lambda _: reader.rollback())
        names = migrate(database_url, at=AT, steps=with_step("ALTER TABLE task ADD COLUMN colour text"))
    assert names == [f"{LAST + 1:04}_one_more.sql"]


def test_a_table_that_stays_locked_names_the_migration(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrating, "LOCK_TIMEOUT_MS", 50)
    monkeypatch.setattr(migrating, "LOCK_TRIES_MAX", 2)
    monkeypatch.setattr(migrating, "LOCK_PAUSE_S", 0.0)
    with connect(database_url) as reader:
        reader.execute("SELECT * FROM task")
        with pytest.raises(MigrationError, match=r"one_more\.sql: a table it changes stays locked"):
            migrate(database_url, at=AT, steps=with_step("ALTER TABLE task ADD COLUMN colour text"))


@pytest.mark.usefixtures("native_partitions")
def test_history_has_a_partition_for_every_day_from_yesterday_to_a_week_ahead(
    connection: psycopg.Connection[TupleRow],
) -> None:
    migrate(connection, at=AT)
    days = connection.execute(
        "SELECT right(inhrelid::regclass::text, 8) FROM pg_inherits WHERE inhparent = 'reading'::regclass ORDER BY 1"
    ).fetchall()
    expected = [f"{AT + timedelta(days=day):%Y%m%d}" for day in range(-1, 8)]
    assert sorted(day for (day,) in days if day.isdigit()) == expected


@pytest.mark.usefixtures("native_partitions")
def test_a_row_outside_every_partition_is_kept_and_moves_into_the_one_of_its_day(
    connection: psycopg.Connection[TupleRow],
) -> None:
    migrate(connection, at=AT)
    long_ago = AT - timedelta(days=400)
    connection.execute(
        "INSERT INTO quantity_history VALUES (%s, 'corner-shop', 'p1', 'cola', 0, '{1}', 0, 1, false, 1)", [long_ago]
    )
    assert one(connection, "SELECT count(*) FROM quantity_history_rest") == 1
    connection.execute("SELECT make_partitions(%s, %s)", [long_ago.date(), long_ago.date()])
    assert one(connection, "SELECT count(*) FROM quantity_history_rest") == 0
    assert one(connection, f"SELECT count(*) FROM quantity_history_{long_ago:%Y%m%d}") == 1


@pytest.mark.usefixtures("native_partitions")
def test_partitions_are_made_beside_a_load_that_is_not_done(database_url: str) -> None:
    day = (AT + timedelta(days=90)).date()
    with connect(database_url) as load, connect(database_url) as worker:
        with load.cursor().copy("COPY quantity_history FROM STDIN") as copy:
            row = (MIGRATED_AT, "corner-shop", "p1", "cola", 0, "{1}", 0, 1.0, False, 1)
            copy.write_row(row)
        assert one(worker, f"SELECT make_partitions('{day}', '{day}')") == HISTORY_TABLES
        worker.commit()
        load.commit()
        assert one(load, "SELECT count(*) FROM quantity_history") == 1


def test_history_takes_rows_of_any_day_in_either_edition(connection: psycopg.Connection[TupleRow]) -> None:
    migrate(connection, at=AT)
    for days in (-400, -1, 0, 7, 400):
        connection.execute(
            "INSERT INTO quantity_history VALUES (%s, 'corner-shop', 'p1', 'cola', 0, '{1}', 0, 1, false, 1)",
            [AT + timedelta(days=days)],
        )
    assert one(connection, "SELECT count(*) FROM quantity_history") == 5


def test_every_table_says_who_writes_it(connection: psycopg.Connection[TupleRow]) -> None:
    migrate(connection, at=AT)
    silent = connection.execute(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
        " AND relnamespace = 'public'::regnamespace AND coalesce(obj_description(oid), '') NOT LIKE 'writer%'"
    ).fetchall()
    assert silent == []


def test_a_connection_in_the_middle_of_something_is_not_used(database_url: str) -> None:
    with connect(database_url) as busy:
        busy.execute("SELECT 1")
        with pytest.raises(psycopg.ProgrammingError):
            migrate(busy, at=AT)


def test_a_time_without_a_zone_is_refused(database_url: str) -> None:
    with pytest.raises(ValueError, match="expected an aware time"):
        migrate(database_url, at=datetime(2026, 6, 10))  # noqa: DTZ001 - the fault under test
