"""A database copied to another one, of the same edition or the other, answers as before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from psycopg import Connection

from contract.errors import ConfigurationError
from database.connection import connect
from database.copying import check_migrated, copy_database, in_order
from database.migrate import migrate
from database.upkeep import Keep, Upkeep
from tests.fixtures.database import MIGRATED_AT
from tests.integration.database.history import Event, History, Weight, told_hours, told_minutes

pytestmark = pytest.mark.database

NOW = MIGRATED_AT + timedelta(hours=12)
DAY = timedelta(days=1)

DIRECTIONS = [("database_url", "other_url"), ("database_url", "timescale_url"), ("timescale_url", "database_url")]


@pytest.fixture
def other_url(empty_database_url: str) -> str:
    migrate(empty_database_url, at=MIGRATED_AT)
    return empty_database_url


@pytest.fixture(params=DIRECTIONS, ids=["plain-plain", "plain-timescale", "timescale-plain"])
def urls(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The addresses of two migrated databases without rows: from and to."""
    source, target = request.param
    return str(request.getfixturevalue(source)), str(request.getfixturevalue(target))


@pytest.fixture
def history(urls: tuple[str, str]) -> Iterator[History]:
    with connect(urls[0], autocommit=True) as opened:
        yield History(opened)


def copy(urls: tuple[str, str], *, keep_epoch: bool = False) -> dict[str, int]:
    with connect(urls[0]) as source, connect(urls[1]) as target:
        return {one.table: one.rows for one in copy_database(source, target, keep_epoch=keep_epoch)}


def ask(url: str, query: str) -> list[tuple[Any, ...]]:
    with connect(url, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def keep_up(connection: Connection[Any], at: Any) -> None:
    upkeep = Upkeep(connection, Keep(readings_days=30, minutes_days=365), shop_is_wall=False)
    while upkeep.step(at=at, wall_at=at):
        pass


def fill_shop(connection: Connection[Any]) -> None:
    connection.execute("INSERT INTO store VALUES ('corner-shop', 'Corner')")
    connection.execute("INSERT INTO product (sku, name) VALUES ('cola', 'Cola')")
    for at in (NOW, NOW + DAY):
        connection.execute(
            "INSERT INTO planogram (store, valid_from, imported_at) VALUES ('corner-shop', %s, %s)", [at, at]
        )
    connection.execute("INSERT INTO planogram_position VALUES (2, 'p1', 'cola', 'b', 's', '{}', '{}', 9, 2)")
    connection.execute("INSERT INTO journal_watermark VALUES ('bay-1', 'j', 17, %s)", [NOW])


def test_every_row_arrives_and_numbers_go_on(urls: tuple[str, str], history: History) -> None:
    fill_shop(history.connection)
    history.load([Weight(NOW - 40 * DAY), Weight(NOW)], [Event(NOW)])
    counts = copy(urls)
    assert (counts["reading"], counts["shelf_event"], counts["load"], counts["planogram"]) == (2, 1, 1, 2)
    for table in counts:
        rows = f"SELECT t::text FROM {table} t ORDER BY 1"
        assert ask(urls[1], rows) == ask(urls[0], rows), table
    assert ask(urls[1], "SELECT nextval('load_id')") == [(2,)]
    new = "INSERT INTO planogram (store, valid_from, imported_at) VALUES ('corner-shop', now(), now()) RETURNING 1"
    ask(urls[1], new)
    assert ask(urls[1], "SELECT max(planogram_id) FROM planogram") == [(3,)]


def test_a_copy_is_another_database_unless_it_takes_its_place(urls: tuple[str, str], history: History) -> None:
    history.load([Weight(NOW)])
    epoch = "SELECT epoch FROM database_epoch"
    copy(urls)
    assert ask(urls[1], epoch) != ask(urls[0], epoch)
    with connect(urls[1], autocommit=True) as target:
        target.execute("TRUNCATE reading, load")
    copy(urls, keep_epoch=True)
    assert ask(urls[1], epoch) == ask(urls[0], epoch)


def test_views_answer_as_before_also_of_minutes_whose_weights_are_gone(urls: tuple[str, str], history: History) -> None:
    history.load([Weight(NOW), Weight(NOW, weight_g=120.5)], [Event(NOW)])
    keep_up(history.connection, NOW + DAY)
    history.load([Weight(NOW + 20 * DAY), Weight(NOW + 35 * DAY)], [Event(NOW + 35 * DAY, kind="refill")])
    keep_up(history.connection, NOW + 35 * DAY)
    assert ask(urls[0], "SELECT count(*) FROM reading") == [(2,)]
    copy(urls)
    with connect(urls[1], autocommit=True) as target:
        assert (told_minutes(target), told_hours(target)) == (history.minutes(), history.hours())
        keep_up(target, NOW + 36 * DAY)
        assert (told_minutes(target), told_hours(target)) == (history.minutes(), history.hours())


def test_a_copy_of_a_copy_keeps_them_too(database_url: str, timescale_url: str, other_url: str) -> None:
    with connect(database_url, autocommit=True) as connection:
        history = History(connection)
        history.load([Weight(NOW), Weight(NOW + 35 * DAY)])
        keep_up(connection, NOW + 35 * DAY)
    copy((database_url, timescale_url))
    copy((timescale_url, other_url))
    with connect(other_url) as target:
        assert told_minutes(target) == history.minutes()


def test_what_is_loaded_meanwhile_is_not_half_copied(urls: tuple[str, str], history: History) -> None:
    history.load([Weight(NOW)])
    with connect(urls[0]) as source, connect(urls[1]) as target:
        late = iter([lambda: history.load([Weight(NOW)], [Event(NOW)])])
        copied = copy_database(source, target, keep_epoch=False, tell=lambda _: next(late, lambda: None)())
    counts = {one.table: one.rows for one in copied}
    assert (counts["reading"], counts["load"], counts["shelf_event"]) == (1, 1, 0)


def test_a_target_with_rows_is_refused_and_left_alone(database_url: str, other_url: str) -> None:
    with connect(other_url, autocommit=True) as target:
        target.execute("INSERT INTO store VALUES ('theirs', 'Theirs')")
    with pytest.raises(ConfigurationError, match="--to: found rows in its table store, expected an empty database"):
        copy((database_url, other_url))
    assert ask(other_url, "SELECT store FROM store") == [("theirs",)]
    assert ask(other_url, "SELECT number FROM change_head") == [(0,)]


def test_a_source_of_before_is_refused(empty_database_url: str) -> None:
    with connect(empty_database_url) as source, pytest.raises(ConfigurationError, match="run `liveshelf db migrate`"):
        check_migrated(source)


def test_a_table_comes_after_those_it_refers_to() -> None:
    assert in_order(["task", "shortage", "store"], [("task", "shortage"), ("shortage", "store")]) == [
        "store", "shortage", "task",
    ]  # fmt: skip
