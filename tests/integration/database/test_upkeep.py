"""History over months: each day in its partition, late days too, and what is old goes without what was made of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection

from database.connection import connect
from database.editions import Job
from database.upkeep import Keep, Upkeep, is_sick
from tests.fixtures.database import MIGRATED_AT
from tests.integration.database.history import INSERT_READING, Event, History, Weight, told_hours, told_minutes

pytestmark = pytest.mark.database

NOW = MIGRATED_AT + timedelta(hours=12)
DAY = timedelta(days=1)


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection[Any]]:
    with connect(database_url, autocommit=True) as opened:
        yield opened


@pytest.fixture
def history(connection: Connection[Any]) -> History:
    return History(connection)


@pytest.fixture
def upkeep(connection: Connection[Any]) -> Upkeep:
    return Upkeep(connection, Keep(readings_days=30, minutes_days=90), shop_is_wall=False)


def keep_up(upkeep: Upkeep, at: datetime) -> None:
    while upkeep.step(at=at, wall_at=at):
        pass


def count(connection: Connection[Any], table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert row is not None
    return int(row[0])


def exists(connection: Connection[Any], table: str) -> bool:
    return connection.execute("SELECT to_regclass(%s) IS NOT NULL", [table]).fetchone() == (True,)


@pytest.mark.usefixtures("native_partitions")
def test_a_month_that_comes_late_ends_in_the_partitions_of_its_days(
    connection: Connection[Any], history: History, upkeep: Upkeep
) -> None:
    history.load([Weight(NOW - day * DAY) for day in range(30)])
    assert count(connection, "reading_rest") > 0
    keep_up(upkeep, NOW)
    assert count(connection, "reading_rest") == 0
    for day in range(30):
        assert count(connection, f"reading_{NOW - day * DAY:%Y%m%d}") == 1
    assert told_minutes(connection) == history.minutes()


@pytest.mark.usefixtures("native_partitions")
def test_a_clock_that_is_wrong_by_years_makes_no_partitions(
    connection: Connection[Any], history: History, upkeep: Upkeep
) -> None:
    history.load([Weight(NOW + 4_000 * DAY)])
    keep_up(upkeep, NOW)
    assert count(connection, "reading_rest") == 1
    assert not exists(connection, f"reading_{NOW + 4_000 * DAY:%Y%m%d}")


@pytest.mark.usefixtures("native_partitions")
def test_partitions_of_late_days_are_made_beside_a_load_that_writes_today(
    connection: Connection[Any], history: History, upkeep: Upkeep, database_url: str
) -> None:
    history.load([Weight(NOW - 10 * DAY)])
    connection.execute("SET lock_timeout = '2s'")
    with connect(database_url) as load:
        load.execute(INSERT_READING, [NOW, 2, "p-1", 500.0, "ok", 2])
        keep_up(upkeep, NOW)
    assert count(connection, "reading_rest") == 0
    assert count(connection, "reading") == 2


def test_minutes_outlive_their_weights_and_hours_are_kept_for_good(
    connection: Connection[Any], history: History, upkeep: Upkeep
) -> None:
    history.load([Weight(NOW), Weight(NOW, weight_g=250.0)], [Event(NOW, quantity=3)])
    keep_up(upkeep, NOW + DAY)
    keep_up(upkeep, NOW + 32 * DAY)
    assert count(connection, "reading") == 0
    assert count(connection, "shelf_event") == 1
    assert told_minutes(connection) == history.minutes()
    # With TimescaleDB minutes lie in chunks of ten days.
    keep_up(upkeep, NOW + 102 * DAY)
    assert told_minutes(connection) == []
    assert told_hours(connection) == history.hours()


@pytest.mark.usefixtures("native_partitions")
def test_retention_drops_whole_partitions(connection: Connection[Any], history: History, upkeep: Upkeep) -> None:
    history.load([Weight(NOW), Weight(NOW + 5 * DAY), Weight(NOW - 4_000 * DAY)])
    keep_up(upkeep, NOW + 33 * DAY)
    assert not exists(connection, f"reading_{NOW:%Y%m%d}")
    assert exists(connection, f"reading_{NOW + 5 * DAY:%Y%m%d}")
    assert not exists(connection, f"tag_event_{NOW:%Y%m%d}")
    assert exists(connection, f"shelf_event_{NOW:%Y%m%d}")
    assert count(connection, "reading") == 1


def test_a_weight_too_late_for_its_minute_takes_nothing_from_it(
    connection: Connection[Any], history: History, upkeep: Upkeep
) -> None:
    history.load([Weight(NOW), Weight(NOW + 40 * DAY)])
    keep_up(upkeep, NOW + 40 * DAY)
    before = told_minutes(connection)
    assert len(before) == 2
    history.load([Weight(NOW, weight_g=9.0), Weight(NOW + 40 * DAY, weight_g=9.0)])
    keep_up(upkeep, NOW + 41 * DAY)
    told = told_minutes(connection)
    assert told[0] == before[0]
    assert told[1][2:5] == (2, 9.0, 500.0)


@pytest.mark.usefixtures("rollup_tables")
def test_what_is_not_summed_up_yet_is_not_dropped(connection: Connection[Any], history: History) -> None:
    history.load([Weight(NOW)])
    dropped = connection.execute("SELECT drop_history('reading', %s)", [NOW + 400 * DAY]).fetchone()
    assert dropped == (0,)
    assert count(connection, "reading") == 1


def test_rows_of_before_the_rollups_are_summed_up_too(
    connection: Connection[Any], history: History, upkeep: Upkeep
) -> None:
    history.load([Weight(NOW - 3 * DAY), Weight(NOW)], [Event(NOW - 3 * DAY)])
    # As the migration leaves a database that has rows, whose loads are in no log.
    connection.execute("DELETE FROM rollup_stale")
    connection.execute("INSERT INTO rollup_stale (name, span, load_id) SELECT name, '{(,)}', 0 FROM rollup")
    keep_up(upkeep, NOW + DAY)
    assert count(connection, "plate_minute_kept") == 2
    assert (told_minutes(connection), told_hours(connection)) == (history.minutes(), history.hours())


@pytest.mark.usefixtures("rollup_tables")
def test_a_step_sums_up_an_hour_of_minutes_so_that_no_transaction_is_long(
    connection: Connection[Any], history: History, upkeep: Upkeep
) -> None:
    history.load([Weight(NOW - hours * timedelta(hours=1), weight_g=hours) for hours in range(5)])
    steps = 0
    while upkeep.step(at=NOW + DAY, wall_at=NOW):
        steps += 1
        assert told_minutes(connection) == history.minutes(), "right at every moment in between"
    assert steps == 4


def job(status: str | None, next_start: datetime | None) -> Job:
    return Job(
        job_id=1000, task="policy_retention", subject="reading", status=status, succeeded_at=None,
        next_start=next_start, failures=0,
    )  # fmt: skip


def test_a_job_that_failed_or_whose_time_has_passed_is_sick() -> None:
    wall_at = datetime(2026, 1, 1, tzinfo=UTC)
    since = wall_at - timedelta(minutes=30)
    assert is_sick(job("Failed", wall_at), wall_at, since=since)
    assert is_sick(job("Success", wall_at - timedelta(hours=1)), wall_at, since=since)
    assert is_sick(job(None, None), wall_at, since=since), "the scheduler never ran it"
    assert not is_sick(job("Success", wall_at - timedelta(minutes=1)), wall_at, since=since)
    assert not is_sick(job("Success", None), wall_at, since=since), "it runs now"
    assert not is_sick(job(None, None), wall_at, since=wall_at)
    assert not is_sick(job("Success", wall_at - timedelta(hours=1)), wall_at, since=wall_at), "the server was down"
