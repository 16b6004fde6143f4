"""What a request may use: made once by the application, handed to routes by FastAPI."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from cloud.access.service import KeyRing
from cloud.settings import CloudSettings
from contract.clock import Clock
from database.connection import make_pool, session_conninfo

APPLICATION_NAME = "liveshelf api"
POOL_WAIT_S = 5.0
"""Wall seconds a request waits for a connection before it is told that the database is away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Clock, keys and two pools: `reads` for asyncio, `writes` for services shared with worker and command line."""

    clock: Clock
    keys: KeyRing
    reads: AsyncConnectionPool[AsyncConnection[Any]]
    writes: ConnectionPool[Connection[TupleRow]]


@asynccontextmanager
async def open_parts(settings: CloudSettings, clock: Clock) -> AsyncIterator[Parts]:
    """Open the pools and close them at the end; a database that is away is waited for by the requests, not here."""
    writes: ConnectionPool[Connection[TupleRow]] = ConnectionPool(
        session_conninfo(settings.database_url, APPLICATION_NAME),
        min_size=1, max_size=settings.api_connections_max, timeout=POOL_WAIT_S, open=False,
    )  # fmt: skip
    reads = make_pool(
        settings.database_url,
        size_max=settings.api_connections_max,
        wait_s=POOL_WAIT_S,
        application_name=APPLICATION_NAME,
    )
    async with reads:
        writes.open()
        try:
            yield Parts(clock=clock, keys=KeyRing(reads), reads=reads, writes=writes)
        finally:
            writes.close()


def parts_of(request: Request) -> Parts:
    """Return the parts of the application that answers this request."""
    parts: Parts = request.app.state.parts
    return parts


PartsOf = Annotated[Parts, Depends(parts_of)]
