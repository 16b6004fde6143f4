"""What every other test rests on: a database of its own."""

from __future__ import annotations

import pytest

from database.connection import connect
from tests.fixtures.database import MIGRATED_AT

pytestmark = pytest.mark.database


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_has_a_database_nobody_wrote_to(database_url: str, turn: int) -> None:
    with connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM store").fetchone() == (0,)
        connection.execute("INSERT INTO store VALUES ('corner-shop', %s)", [f"turn {turn}"])


@pytest.mark.usefixtures("native_partitions")
def test_history_has_a_partition_for_the_day_of_the_schema(database_url: str) -> None:
    with connect(database_url) as connection:
        found = connection.execute("SELECT to_regclass(%s)::text", [f"reading_{MIGRATED_AT:%Y%m%d}"]).fetchone()
    assert found == (f"reading_{MIGRATED_AT:%Y%m%d}",)
