"""`liveshelf db` at a real database: what it is, how it keeps history, and all of it to another one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from database.connection import connect
from database.upkeep import Keep, Upkeep
from tests.fixtures.database import MIGRATED_AT
from tests.integration.database.history import History, Weight
from tests.integration.liveshelf.running import liveshelf

pytestmark = pytest.mark.database

NOW = MIGRATED_AT + timedelta(hours=12)


def status(url: str) -> str:
    told = liveshelf("db", "status", LIVESHELF_DATABASE_URL=url, COLUMNS="160")
    assert (told.returncode, told.stderr) == (0, "")
    return told.stdout


@pytest.mark.usefixtures("native_partitions")
def test_status_tells_sizes_partitions_and_how_far_rollups_are(database_url: str) -> None:
    with connect(database_url, autocommit=True) as connection:
        History(connection).load([Weight(NOW - timedelta(days=20)), Weight(NOW)])
        told = status(database_url)
        assert "never: is a worker running?" in told
        upkeep = Upkeep(connection, Keep(), shop_is_wall=False)
        while upkeep.step(at=NOW + timedelta(hours=1), wall_at=NOW):
            pass
    told = status(database_url)
    assert "largest tables" in told
    assert "2025-12-12" in told, "the day that came late has a partition"
    assert "2026-01-01 13:00:00" in told, "up to when minutes are summed up"
    assert "no columnstore" in told
    assert "pg_stat_statements is not loaded" in told


def test_status_of_a_database_of_before_says_what_to_do(empty_database_url: str) -> None:
    assert "run `liveshelf db migrate`" in status(empty_database_url)


def test_status_of_timescale_tells_its_jobs_and_columnstore(timescale_url: str) -> None:
    with connect(timescale_url, autocommit=True) as connection:
        History(connection).load([Weight(NOW)])
        Upkeep(connection, Keep(), shop_is_wall=True).step(at=NOW, wall_at=NOW)
    told = status(timescale_url)
    assert "policy_refresh_continuous_aggregate" in told
    assert "columnstore" in told


def test_copy_makes_the_schema_and_says_what_it_copied(database_url: str, empty_database_url: str) -> None:
    with connect(database_url, autocommit=True) as connection:
        History(connection).load([Weight(NOW), Weight(NOW)])
    told = liveshelf("db", "copy", "--to", empty_database_url, LIVESHELF_DATABASE_URL=database_url)
    assert told.returncode == 0, told.stderr
    assert "reading: 2 rows" in told.stdout
    assert "an epoch of its own" in told.stdout
    again = liveshelf("db", "copy", "--to", empty_database_url, LIVESHELF_DATABASE_URL=database_url)
    assert again.returncode == 2
    assert "--to: found rows in its table load, expected an empty database" in again.stderr
