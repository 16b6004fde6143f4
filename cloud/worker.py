"""The worker's story: woken by a load, it projects the stores behind, then numbers what changed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

from cloud.catalog.repository import stores
from cloud.changes.service import sequence
from cloud.projection import StoreView, look_again, look_into_baskets, project_loads, stores_behind
from cloud.replenishment.model import ShortageRule
from cloud.retention import FORGET_EVERY, forget
from cloud.settings import CloudSettings
from contract.clock import Clock
from contract.errors import LiveShelfError
from contract.ids import StoreId
from database.connection import connect
from database.presence import WORKER, announce

logger = logging.getLogger(__name__)

APPLICATION_NAME = "liveshelf worker"
LOOK_EVERY_S = 1.0
"""Wall seconds between two looks at what time alone changes."""

RECONNECT_S = 1.0
"""Wall seconds before a database that went away is tried again."""

REMIND_S = 60.0
"""Wall seconds between two lines that say the database is still away."""

PARTITIONS_BEFORE = timedelta(days=1)
PARTITIONS_AFTER = timedelta(days=7)
"""History has partitions made from a day before to a week after the shop's day."""


class DatabaseWatch:
    """Writes to the log when the database goes and when it is back, in between a line a minute.

    `wall_s` tells wall seconds that never step back.
    """

    def __init__(self, wall_s: Callable[[], float] = time.monotonic) -> None:
        self._wall_s = wall_s
        self._gone_s: float | None = None
        self._said_s = 0.0

    def away(self, reason: str) -> None:
        """Note that the database did not answer, and why."""
        now_s = self._wall_s()
        if self._gone_s is None:
            self._gone_s = self._said_s = now_s
            logger.warning("database away", extra={"event": "database_away", "reason": reason})
        elif now_s - self._said_s >= REMIND_S:
            self._said_s = now_s
            away_s = round(now_s - self._gone_s)
            logger.warning(
                "database still away", extra={"event": "database_still_away", "away_s": away_s, "reason": reason}
            )

    def answers(self) -> None:
        """Note that the database did what it was asked."""
        if self._gone_s is not None:
            away_s = round(self._wall_s() - self._gone_s)
            logger.info("database is back", extra={"event": "database_back", "away_s": away_s})
            self._gone_s = None


class Worker:
    """Follows the loads of all stores with two connections: one works, one listens."""

    def __init__(self, settings: CloudSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._rule = ShortageRule(hold=timedelta(seconds=settings.shortage_hold_s))
        self._basket_hold = timedelta(seconds=settings.basket_hold_s)
        self._database = DatabaseWatch()
        self._views: dict[StoreId, StoreView] = {}
        self._partitions_of: date | None = None
        self._forgot_at: datetime | None = None
        self._looked_at_s = float("-inf")

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop; a database that goes away is waited for."""
        logger.info("worker started", extra={"event": "worker_started"})
        while not stop.is_set():
            try:
                self._follow(stop)
            except (psycopg.OperationalError, LiveShelfError) as error:
                if isinstance(error, LiveShelfError) and not error.retryable:
                    raise
                self._database.away(str(error).strip())
                self._views.clear()
                stop.wait(RECONNECT_S)

    def _follow(self, stop: threading.Event) -> None:
        url = self._settings.database_url
        with (
            connect(url, application_name=APPLICATION_NAME) as connection,
            connect(url, autocommit=True, application_name=APPLICATION_NAME) as listener,
        ):
            announce(listener, WORKER)
            listener.execute("LISTEN loaded")
            while not stop.is_set():
                self.step(connection)
                self._database.answers()
                for _ in listener.notifies(timeout=self._settings.sweep_s, stop_after=1):
                    pass

    def step(self, connection: Connection[TupleRow]) -> None:
        """Do once all there is to do now."""
        self._make_partitions(connection)
        with connection.transaction():
            behind = stores_behind(connection)
        for store in behind:
            view = self._views.setdefault(store, StoreView())
            project_loads(connection, store, view, clock=self._clock, rule=self._rule)
        sequence(connection, self._clock)
        if self._looked_at_s + LOOK_EVERY_S <= time.monotonic():
            self._look_again(connection)
            self._forget(connection)
            self._looked_at_s = time.monotonic()

    def _look_again(self, connection: Connection[TupleRow]) -> None:
        with connection.transaction():
            known = stores(connection)
        for store in known:
            view = self._views.setdefault(store, StoreView())
            look_again(connection, store, view, clock=self._clock, rule=self._rule)
            look_into_baskets(connection, store, view, clock=self._clock, hold=self._basket_hold)
        sequence(connection, self._clock)

    def _forget(self, connection: Connection[TupleRow]) -> None:
        at = self._clock.now()
        if self._forgot_at is None or at - self._forgot_at >= FORGET_EVERY:
            forget(connection, at=at, wall_at=datetime.now(UTC))
            self._forgot_at = at

    def _make_partitions(self, connection: Connection[TupleRow]) -> None:
        today = self._clock.now().date()
        if today == self._partitions_of:
            return
        with connection.transaction():
            connection.execute("SELECT make_partitions(%s, %s)", (today - PARTITIONS_BEFORE, today + PARTITIONS_AFTER))
        self._partitions_of = today
