"""What only TimescaleDB's full edition does: late rows in the columnstore, jobs that are set, watched, run by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection

from database.connection import connect
from database.editions import POLICIES_EXPECTED, jobs, policies_match, refresh, rollups
from database.storage import compression
from database.upkeep import OVERDUE, Keep, Upkeep
from tests.fixtures.database import MIGRATED_AT
from tests.integration.database.history import Event, History, Weight, told_hours, told_minutes

pytestmark = pytest.mark.database

NOW = MIGRATED_AT + timedelta(hours=12)
KEEP = Keep(readings_days=30, minutes_days=365)


@pytest.fixture
def connection(timescale_url: str) -> Iterator[Connection[Any]]:
    with connect(timescale_url, autocommit=True) as opened:
        yield opened


def compress(connection: Connection[Any], table: str) -> None:
    connection.execute("SELECT compress_chunk(c, true) FROM show_chunks(%s::regclass) c", [table])


def test_late_rows_go_into_the_columnstore_and_into_their_minutes(connection: Connection[Any]) -> None:
    history = History(connection)
    history.load([Weight(NOW), Weight(NOW, plate="p-2")], [Event(NOW)])
    compress(connection, "reading")
    assert next(one for one in compression(connection) if one.name == "reading").compressed == 1
    history.load([Weight(NOW, weight_g=320.0), Weight(NOW - timedelta(days=9))], [Event(NOW)])
    for _ in range(2):
        for rollup in rollups(connection):
            refresh(connection, rollup, at=NOW + timedelta(days=1))
        assert (told_minutes(connection), told_hours(connection)) == (history.minutes(), history.hours())
        compress(connection, "reading")


def test_what_a_takeover_counts_again_is_found_in_the_columnstore(connection: Connection[Any]) -> None:
    history = History(connection)
    for seconds in range(5):
        history.load([Weight(NOW + timedelta(seconds=seconds), weight_g=float(seconds))])
    compress(connection, "reading")
    later = "SELECT weight_g FROM reading WHERE load_id > 3 ORDER BY time"
    assert connection.execute(later).fetchall() == [(3.0,), (4.0,)]


@pytest.mark.parametrize("table", ["tag_event", "health_event", "clock_event", "quantity_history"])
def test_every_kind_of_record_has_a_columnstore(connection: Connection[Any], table: str) -> None:
    settings = "SELECT count(*) FROM timescaledb_information.compression_settings WHERE hypertable_name = %s"
    row = connection.execute(settings, [table]).fetchone()
    assert row is not None
    assert row[0] >= 3


def test_jobs_follow_the_settings_and_are_left_alone_while_they_do(connection: Connection[Any]) -> None:
    wall_at = datetime.now(UTC)
    Upkeep(connection, KEEP, shop_is_wall=True).step(at=NOW, wall_at=wall_at)
    first = [job.job_id for job in jobs(connection)]
    assert len(first) == POLICIES_EXPECTED
    Upkeep(connection, KEEP, shop_is_wall=True).step(at=NOW, wall_at=wall_at)
    assert [job.job_id for job in jobs(connection)] == first
    other = Keep(readings_days=14, minutes_days=60)
    assert not policies_match(connection, readings=other.readings, minutes=other.minutes)
    Upkeep(connection, other, shop_is_wall=True).step(at=NOW, wall_at=wall_at)
    assert policies_match(connection, readings=other.readings, minutes=other.minutes)


def test_a_job_the_scheduler_lets_wait_is_run_by_hand(connection: Connection[Any]) -> None:
    connection.execute("SELECT _timescaledb_functions.stop_background_workers()")
    wall_at = datetime.now(UTC)
    history = History(connection)
    history.load([Weight(wall_at - timedelta(hours=3))], [Event(wall_at - timedelta(hours=3))])
    connection.execute("ALTER MATERIALIZED VIEW plate_minute_kept SET (timescaledb.materialized_only = true)")
    upkeep = Upkeep(connection, KEEP, shop_is_wall=True)
    upkeep.step(at=wall_at, wall_at=wall_at)
    history.load([Weight(wall_at - timedelta(hours=3), weight_g=9.0)])
    upkeep.step(at=wall_at, wall_at=wall_at)
    assert told_minutes(connection) != history.minutes(), "nobody has run it"
    upkeep.step(at=wall_at, wall_at=wall_at + 2 * OVERDUE)
    assert told_minutes(connection) == history.minutes()


def test_what_is_older_than_the_reach_of_the_refresh_is_summed_up_before_it_begins(connection: Connection[Any]) -> None:
    connection.execute("SELECT _timescaledb_functions.stop_background_workers()")
    wall_at = datetime.now(UTC)
    history = History(connection)
    history.load([Weight(wall_at - timedelta(days=29, hours=12)), Weight(wall_at - timedelta(hours=3))])
    upkeep = Upkeep(connection, KEEP, shop_is_wall=True)
    upkeep.step(at=wall_at, wall_at=wall_at)
    upkeep.step(at=wall_at, wall_at=wall_at + 2 * OVERDUE)
    assert told_minutes(connection) == history.minutes()


def test_where_shop_time_is_not_wall_time_the_upkeep_does_it_all(connection: Connection[Any]) -> None:
    history = History(connection)
    history.load([Weight(NOW), Weight(NOW + timedelta(days=40))], [Event(NOW)])
    upkeep = Upkeep(connection, KEEP, shop_is_wall=False)
    for day in (1, 41, 42):
        while upkeep.step(at=NOW + timedelta(days=day), wall_at=NOW):
            pass
    assert connection.execute("SELECT count(*) FROM reading").fetchone() == (1,)
    assert (told_minutes(connection), told_hours(connection)) == (history.minutes(), history.hours())
    assert len(jobs(connection)) == 0
