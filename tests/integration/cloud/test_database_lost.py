"""The database goes away and comes back: one answer says so, and the next is right again."""

from __future__ import annotations

from contextlib import AsyncExitStack, ExitStack

import pytest
from psycopg import sql

from cloud.parts import APPLICATION_NAME, Parts
from tests.integration.cloud.shop import STORE, Client, Shop

pytestmark = pytest.mark.database

CUT = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = %s"""


def grow(parts: Parts, count: int) -> None:
    """Let both pools hold so many connections at rest."""
    with ExitStack() as held:
        for _ in range(count):
            held.enter_context(parts.writes.connection())


async def grow_async(parts: Parts, count: int) -> None:
    async with AsyncExitStack() as held:
        for _ in range(count):
            await held.enter_async_context(parts.reads.connection())


def test_after_the_database_cut_all_connections_one_answer_says_so_and_the_next_is_right(
    shop: Shop, client: Client
) -> None:
    parts: Parts = client.api.app.state.parts  # type: ignore[attr-defined]  # the type of its app is hidden
    grow(parts, 3)
    assert client.api.portal is not None
    client.api.portal.call(grow_async, parts, 3)
    shop.connection.rollback()
    shop.connection.execute(sql.SQL(CUT), [APPLICATION_NAME])
    shop.connection.rollback()
    asked = [client.api.get("/v1/availability/tea", params={"store": STORE}).status_code for _ in range(3)]
    assert asked == [503, 200, 200]
    with parts.writes.connection() as one, parts.writes.connection() as two:
        assert one.execute("SELECT 1").fetchone() == two.execute("SELECT 1").fetchone()
