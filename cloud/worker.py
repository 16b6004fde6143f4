"""The worker's story: woken by a load, it projects the stores behind, then numbers what changed."""

from __future__ import annotations

import logging
import threading
import time
from datetime import date, datetime, timedelta

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

logger = logging.getLogger(__name__)

APPLICATION_NAME = "liveshelf worker"
LOOK_EVERY_S = 1.0
"""Wall seconds between two looks at what time alone changes."""

RECONNECT_S = 1.0
"""Wall seconds before a database that went away is tried again."""

PARTITIONS_BEFORE = timedelta(days=1)
PARTITIONS_AFTER = timedelta(days=7)
"""History has partitions made from a day before to a week after the shop's day."""


class Worker:
    """Follows the loads of all stores with two connections: one works, one listens."""

    def __init__(self, settings: CloudSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._rule = ShortageRule(hold=timedelta(seconds=settings.shortage_hold_s))
        self._basket_hold = timedelta(seconds=settings.basket_hold_s)
        self._views: dict[StoreId, StoreView] = {}
        self._partitions_of: date | None = None
        self._forgot_at: datetime | None = None
        self._looked_at_s = float("-inf")

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop; a database that goes away is waited for."""
        while not stop.is_set():
            try:
                self._follow(stop)
            except (psycopg.OperationalError, LiveShelfError) as error:
                if isinstance(error, LiveShelfError) and not error.retryable:
                    raise
                logger.warning("database away, trying again", extra={"event": "database_away", "reason": str(error)})
                self._views.clear()
                stop.wait(RECONNECT_S)

    def _follow(self, stop: threading.Event) -> None:
        url = self._settings.database_url
        with (
            connect(url, application_name=APPLICATION_NAME) as connection,
            connect(url, autocommit=True, application_name=APPLICATION_NAME) as listener,
        ):
            listener.execute("LISTEN loaded")
            logger.info("worker follows the loads", extra={"event": "worker_started"})
            while not stop.is_set():
                self.step(connection)
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
            forget(connection, at=at)
            self._forgot_at = at

    def _make_partitions(self, connection: Connection[TupleRow]) -> None:
        today = self._clock.now().date()
        if today == self._partitions_of:
            return
        with connection.transaction():
            connection.execute("SELECT make_partitions(%s, %s)", (today - PARTITIONS_BEFORE, today + PARTITIONS_AFTER))
        self._partitions_of = today
