"""Keeps the history of the database usable, beside the worker, which never waits for it.

A thread with a connection of its own: partitions, rollups and retention in short steps (`database.upkeep`). What the
database refuses is told and tried again.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

from cloud.settings import CloudSettings
from contract.clock import Clock
from contract.errors import LiveShelfError
from database.connection import connect
from database.upkeep import Upkeep

APPLICATION_NAME = "liveshelf upkeep"

EVERY_S = 5.0
"""Wall seconds between two looks while nothing is left to do."""

BREATH_S = 0.05
"""Wall seconds between two steps while there is more to do: others need the disk too."""

CANCEL_S = 2.0
"""Wall seconds a server has to take the word that a statement is to end."""

logger = logging.getLogger(__name__)

# Nobody waits for it: it may take as long as a day of rows takes to move, and gives way where others hold a table.
SESSION = "SET statement_timeout = '30min'; SET lock_timeout = '2s'"


class HistoryKeeper:
    """Does the upkeep until it is told to stop. Use it through `keeping_history`."""

    def __init__(self, settings: CloudSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._stop = threading.Event()
        self._connection: Connection[TupleRow] | None = None

    def follow(self) -> None:
        """Keep the history; a database that goes away is waited for."""
        while not self._stop.is_set():
            try:
                self._keep()
            except (psycopg.Error, LiveShelfError) as error:
                reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
                if not self._stop.is_set():
                    logger.warning("upkeep waits", extra={"event": "upkeep_waits", "reason": reason})
                self._stop.wait(EVERY_S)

    def stop(self) -> None:
        """End what is under way; what it did not finish is rolled back, and begun anew another time."""
        self._stop.set()
        connection = self._connection
        if connection is not None:
            with contextlib.suppress(psycopg.Error):
                connection.cancel_safe(timeout=CANCEL_S)

    def _keep(self) -> None:
        url = self._settings.database_url
        with connect(url, autocommit=True, application_name=APPLICATION_NAME) as self._connection:
            self._connection.execute(SESSION)
            upkeep = Upkeep(self._connection, self._settings.keep, shop_is_wall=self._clock.rate == 1.0)
            while not self._stop.is_set():
                more = upkeep.step(at=self._clock.now(), wall_at=datetime.now(UTC))
                self._stop.wait(BREATH_S if more else EVERY_S)


@contextmanager
def keeping_history(settings: CloudSettings, clock: Clock) -> Iterator[None]:
    """Keep the history while the context lasts."""
    keeper = HistoryKeeper(settings, clock)
    thread = threading.Thread(target=keeper.follow, name="upkeep")
    thread.start()
    try:
        yield
    finally:
        keeper.stop()
        thread.join()
