"""Hear the database: `loaded` and `changed` as they are told, and when nobody tells because the database is away."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from database.connection import connect_async

logger = logging.getLogger(__name__)

APPLICATION_NAME = "liveshelf listener"
LISTEN = ("LISTEN loaded", "LISTEN changed")
RECONNECT_S_MIN = 0.2
RECONNECT_S_MAX = 5.0
"""Wall seconds between two tries to reach a database that is away; the wait doubles from the first to the second."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something was committed: `loaded` with a load id, or `changed` with the highest change number."""

    channel: str
    number: int


@dataclass(frozen=True, slots=True)
class Away:
    """The database does not answer; notices are being missed."""

    reason: str


@dataclass(frozen=True, slots=True)
class Back:
    """The database listens to us (again); whoever follows it looks at once, for notices may have been missed."""


Heard = Notice | Away | Back


async def listen(url: str, *, application_name: str = APPLICATION_NAME) -> AsyncGenerator[Heard]:
    """Yield what one connection hears, for ever; it begins with Back or Away and never says either twice running."""
    wait_s = RECONNECT_S_MIN
    away = False
    while True:
        try:
            async with (
                await connect_async(url, autocommit=True, application_name=application_name) as link,
                aclosing(_notices(link)) as notices,
            ):
                if away:
                    logger.info("database is back", extra={"event": "listening_back"})
                away, wait_s = False, RECONNECT_S_MIN
                async for heard in notices:
                    yield heard
            reason = "the connection was closed"
        except psycopg.OperationalError as error:
            reason = str(error).strip().partition("\n")[0]
        if not away:
            logger.warning("database away", extra={"event": "listening_away", "reason": reason})
            away = True
            yield Away(reason)
        # All web processes lose the same database at once; they need not all come back in the same instant.
        await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))
        wait_s = min(RECONNECT_S_MAX, wait_s * 2)


async def _notices(link: AsyncConnection[TupleRow]) -> AsyncGenerator[Heard]:
    for statement in LISTEN:
        await link.execute(statement)
    yield Back()
    async for told in link.notifies():
        yield Notice(told.channel, int(told.payload))
