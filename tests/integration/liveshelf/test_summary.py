"""The closing figures of a run can say that something went wrong."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from database.connection import connect
from liveshelf.demo.summary import count_duplicates, count_lost, count_rows

pytestmark = pytest.mark.database

AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
JOURNAL = "0" * 32


def add_reading(connection: Connection[TupleRow], seq: int) -> None:
    connection.execute(
        "INSERT INTO reading VALUES (%s, 'shop', 'bay-1', %s, %s, 1, 'l1', 'heartbeat', 1, null, 0, 'ok', 0, true, 1)",
        [AT, JOURNAL, seq],
    )


def add_clock(connection: Connection[TupleRow], seq: int) -> None:
    connection.execute(
        "INSERT INTO clock_event VALUES (%s, 'shop', 'bay-1', %s, %s, 1, %s, true, 0, true, 1)", [AT, JOURNAL, seq, AT]
    )


def add_gap(connection: Connection[TupleRow], first: int, last: int) -> None:
    connection.execute("INSERT INTO gap VALUES ('bay-1', %s, %s, %s, 'thinned', 1, %s)", [JOURNAL, first, last, AT])


def test_what_is_in_the_database_or_in_a_gap_is_not_lost(database_url: str) -> None:
    with connect(database_url) as connection:
        add_reading(connection, 1)
        add_clock(connection, 2)
        add_gap(connection, 3, 5)
        assert count_lost(connection, {("bay-1", JOURNAL): [(1, 5)]}) == 0


def test_a_record_a_device_made_durable_and_nobody_loaded_is_lost(database_url: str) -> None:
    with connect(database_url) as connection:
        add_reading(connection, 1)
        add_reading(connection, 4)
        assert count_lost(connection, {("bay-1", JOURNAL): [(1, 4)]}) == 2
        assert count_lost(connection, {("bay-2", JOURNAL): [(1, 4)]}) == 4


def test_a_record_that_was_loaded_twice_is_a_duplicate(database_url: str) -> None:
    with connect(database_url) as connection:
        add_reading(connection, 1)
        add_reading(connection, 2)
        assert count_duplicates(connection) == 0
        add_reading(connection, 2)
        add_clock(connection, 1)
        assert count_duplicates(connection) == 2


def test_an_empty_store_sums_up_to_nothing(database_url: str) -> None:
    with connect(database_url) as connection:
        assert set(count_rows(connection).values()) == {0}
