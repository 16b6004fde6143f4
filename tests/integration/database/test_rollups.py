"""Minutes of plates and hours of products say what the rows say, whenever the rows came, on either edition."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import Connection

from database.connection import connect
from database.editions import refresh, rollups
from tests.integration.database.history import Event, History, Weight, told_hours, told_minutes

pytestmark = pytest.mark.database

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
SPAN_S = 4 * 86_400

moments = st.integers(-SPAN_S, SPAN_S).map(lambda s: START + timedelta(seconds=s)) | st.integers(0, 150).map(
    lambda s: START + timedelta(seconds=s)
)
"""Days around, so that rows are late, and a few minutes in which many meet."""

weights = st.builds(
    Weight,
    time=moments,
    plate=st.sampled_from(["p-1", "p-2"]),
    # Eighths of a gram are exact in a real, and so are their sums.
    weight_g=st.integers(-80, 80_000).map(lambda eighths: eighths / 8),
    quality=st.sampled_from(["ok", "ok", "noisy"]),
)
events = st.builds(
    Event,
    time=moments,
    sku=st.sampled_from(["cola", "tea"]),
    kind=st.sampled_from(["pick", "put_back", "refill", "misplace"]),
    quantity=st.integers(1, 20),
)
loads = st.tuples(st.lists(weights, max_size=8), st.lists(events, max_size=4), st.booleans()).filter(
    lambda load: bool(load[0] or load[1])
)
steps = st.lists(loads | moments, min_size=1, max_size=12)
"""What happens in turn: a load comes, or what is stale at a shop time is summed up again."""


@pytest.fixture(params=["plain", "timescale"])
def a_database(request: pytest.FixtureRequest) -> str:
    """The address of a fresh database of either edition; that of TimescaleDB is named from outside."""
    return str(request.getfixturevalue({"plain": "database_url", "timescale": "timescale_url"}[request.param]))


@pytest.fixture
def connection(a_database: str) -> Iterator[Connection[Any]]:
    with connect(a_database, autocommit=True) as opened:
        yield opened


def refresh_all(connection: Connection[Any], at: datetime) -> None:
    for rollup in rollups(connection):
        while refresh(connection, rollup, at=at):
            pass


def empty(connection: Connection[Any]) -> None:
    """Take all rows away, and what was summed up of them."""
    connection.execute("TRUNCATE reading, shelf_event, load")
    kept = "plate_minute_kept, sku_hour_kept, rollup_stale"
    if rollups(connection)[0].edition == "table":
        connection.execute(f"TRUNCATE {kept}")
        connection.execute("UPDATE rollup SET upto = '-infinity'")
    else:
        for rollup in rollups(connection):
            connection.execute("CALL refresh_continuous_aggregate(%s, NULL, NULL)", [f"{rollup.name}_kept"])


def test_what_is_summed_up_is_what_the_rows_say_however_late_they_came(connection: Connection[Any]) -> None:
    @settings(max_examples=60)
    @given(steps)
    def same(steps: list[Any]) -> None:
        empty(connection)
        history = History(connection)
        for step in steps:
            if isinstance(step, datetime):
                refresh_all(connection, step)
            else:
                taken, seen, says_when = step
                history.load(taken, seen, says_when=says_when)
        refresh_all(connection, START + timedelta(days=5))
        assert told_minutes(connection) == history.minutes()
        assert told_hours(connection) == history.hours()

    same()


def test_what_is_newer_than_the_last_refresh_is_there_at_once(connection: Connection[Any]) -> None:
    empty(connection)
    history = History(connection)
    history.load([Weight(START)], [Event(START)])
    refresh_all(connection, START + timedelta(hours=2))
    history.load([Weight(START + timedelta(hours=3), weight_g=400.0)], [Event(START + timedelta(hours=3))])
    assert told_minutes(connection) == history.minutes()
    assert told_hours(connection) == history.hours()


def test_steps_of_one_moment_end_with_the_one_numbered_last(connection: Connection[Any]) -> None:
    empty(connection)
    history = History(connection)
    history.load([Weight(START, weight_g=100.0), Weight(START, weight_g=300.0), Weight(START, weight_g=200.0)])
    assert [row[6] for row in told_minutes(connection)] == [200.0]
    refresh_all(connection, START + timedelta(hours=1))
    assert [row[6] for row in told_minutes(connection)] == [200.0]
