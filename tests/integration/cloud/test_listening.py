"""What a listener hears of the database, and that it says when it hears nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from cloud.changes.listening import APPLICATION_NAME, Away, Back, Heard, Notice, listen
from database.connection import connect

pytestmark = pytest.mark.database

PATIENCE_S = 30.0
CUT = f"""SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND application_name = '{APPLICATION_NAME}'"""


async def _next(feed: AsyncGenerator[Heard]) -> Heard:
    return await asyncio.wait_for(anext(feed), PATIENCE_S)


def _do(url: str, statement: str) -> None:
    with connect(url, autocommit=True) as link:
        link.execute(statement.encode())


def test_a_listener_hears_loads_and_changes_and_nothing_else(database_url: str) -> None:
    async def hear() -> list[Heard]:
        async with aclosing(listen(database_url)) as feed:
            first = await _next(feed)
            for statement in ("NOTIFY loaded, '7'", "NOTIFY something_else, '8'", "NOTIFY changed, '9'"):
                await asyncio.to_thread(_do, database_url, statement)
            return [first, await _next(feed), await _next(feed)]

    assert asyncio.run(hear()) == [Back(), Notice("loaded", 7), Notice("changed", 9)]


def test_a_connection_that_is_cut_is_told_and_so_is_its_return(database_url: str) -> None:
    async def hear() -> list[Heard]:
        async with aclosing(listen(database_url)) as feed:
            heard = [await _next(feed)]
            await asyncio.to_thread(_do, database_url, CUT)
            heard += [await _next(feed), await _next(feed)]
            await asyncio.to_thread(_do, database_url, "NOTIFY loaded, '7'")
            return [*heard, await _next(feed)]

    begun, away, back, notice = asyncio.run(hear())
    assert (begun, back, notice) == (Back(), Back(), Notice("loaded", 7))
    assert isinstance(away, Away)
    assert "closed the connection" in away.reason


def test_a_database_that_is_not_there_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    async def hear() -> tuple[Heard, bool]:
        async with aclosing(listen("postgresql://nobody:secret@127.0.0.1:1/none")) as feed:
            first = await _next(feed)
            try:
                await asyncio.wait_for(anext(feed), 1.0)
            except TimeoutError:
                return first, False
            return first, True

    first, more = asyncio.run(hear())
    assert isinstance(first, Away)
    assert not more
    assert "secret" not in first.reason
    assert [record.message for record in caplog.records if record.name == "cloud.changes.listening"] == [
        "database away"
    ]
