"""Connections as programs get them: UTC, limits, and one sentence when nobody answers."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import psycopg
import pytest

from contract.errors import LiveShelfError
from database.connection import connect, connect_async, make_pool
from database.errors import DatabaseUnreachable

pytestmark = pytest.mark.database


def test_times_come_back_in_utc(database_url: str) -> None:
    noon_in_shanghai = datetime(2026, 6, 10, 12, tzinfo=timezone(timedelta(hours=8)))
    with connect(database_url) as connection:
        row = connection.execute("SELECT %s::timestamptz", [noon_in_shanghai]).fetchone()
    assert row is not None
    assert row[0].utcoffset() == timedelta(0)
    assert row[0] == datetime(2026, 6, 10, 4, tzinfo=UTC)


def test_a_program_is_known_by_its_name(database_url: str) -> None:
    with connect(database_url, application_name="gateway corner-shop") as connection:
        assert connection.execute("SHOW application_name").fetchone() == ("gateway corner-shop",)


def test_nobody_there_is_one_sentence_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnreachable) as caught:
        connect(f"postgresql://till:secret@/shop?host={tmp_path}")
    assert isinstance(caught.value, LiveShelfError)
    assert isinstance(caught.value, psycopg.OperationalError)
    assert caught.value.retryable
    assert "cannot be reached" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_pool_hands_out_the_same_kind_of_connection(database_url: str) -> None:
    async def zone_and_limit() -> tuple[object, ...] | None:
        async with make_pool(database_url, size_max=2) as pool, pool.connection() as connection:
            answer = await connection.execute("SELECT current_setting('timezone'), current_setting('lock_timeout')")
            return await answer.fetchone()

    assert asyncio.run(zone_and_limit()) == ("UTC", "5s")


def test_a_listener_hears_what_another_connection_notifies(database_url: str) -> None:
    async def heard() -> str:
        async with await connect_async(database_url, autocommit=True) as listener:
            await listener.execute("LISTEN loaded")
            with connect(database_url, autocommit=True) as loader:
                loader.execute("SELECT pg_notify('loaded', '7')")
            async for notice in listener.notifies(timeout=30, stop_after=1):
                return notice.payload
        return "nothing"

    assert asyncio.run(heard()) == "7"
