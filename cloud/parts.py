"""What a request may use: made once by the application, handed to routes by FastAPI."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import psycopg
from fastapi import Depends, Request
from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, ConnectionPool, PoolTimeout
from starlette.background import BackgroundTask

from cloud.access.service import KeyRing
from cloud.devices.link import DeviceLink
from cloud.settings import CloudSettings
from contract.clock import Clock
from database.connection import RECONNECT_S, make_pool, session_conninfo

APPLICATION_NAME = "liveshelf api"
POOL_WAIT_S = 5.0
"""Wall seconds a request waits for a connection before it is told that the database is away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Clock, keys, the link to devices and two pools: `reads` for asyncio, `writes` for services shared with worker and
    command line.
    """

    clock: Clock
    keys: KeyRing
    devices: DeviceLink
    reads: AsyncConnectionPool[AsyncConnection[Any]]
    writes: ConnectionPool[Connection[TupleRow]]

    async def weed(self) -> None:
        """Replace the connections at rest that are broken."""
        await self.reads.check()
        await asyncio.to_thread(self.writes.check)


@asynccontextmanager
async def open_parts(settings: CloudSettings, clock: Clock) -> AsyncIterator[Parts]:
    """Open the pools and the link to devices, and close them at the end.

    A database or a broker that is away is waited for by the requests, not here.
    """
    writes: ConnectionPool[Connection[TupleRow]] = ConnectionPool(
        session_conninfo(settings.database_url, APPLICATION_NAME),
        min_size=1, max_size=settings.api_connections_max, timeout=POOL_WAIT_S,
        reconnect_timeout=RECONNECT_S, name=APPLICATION_NAME, open=False,
    )  # fmt: skip
    reads = make_pool(
        settings.database_url,
        size_max=settings.api_connections_max,
        wait_s=POOL_WAIT_S,
        application_name=APPLICATION_NAME,
    )
    devices = DeviceLink(settings.mqtt_url, now=clock.now)
    async with reads, devices.running():
        writes.open()
        try:
            yield Parts(clock=clock, keys=KeyRing(reads), devices=devices, reads=reads, writes=writes)
        finally:
            writes.close()


def parts_of(request: Request) -> Parts:
    """Return the parts of the application that answers this request."""
    parts: Parts = request.app.state.parts
    return parts


def weeding(request: Request, error: Exception) -> BackgroundTask | None:
    """Return what to do after a request met this error of the database, if anything.

    One connection seldom breaks alone: the server went away. Each of the others would cost another request.
    """
    if isinstance(error, PoolTimeout) or not isinstance(error, psycopg.OperationalError):
        return None
    # Class 57P: the server is going down or starting; without a code nobody answered (PostgreSQL manual, appendix A).
    broken = error.sqlstate is None or error.sqlstate.startswith("57P")
    return BackgroundTask(parts_of(request).weed) if broken else None


PartsOf = Annotated[Parts, Depends(parts_of)]
