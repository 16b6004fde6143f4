"""The gateway's hold on its store: a connection, the lease, and the epoch of the database behind them.

Whatever breaks, waiting happens here: with growing pauses, one sentence in the log, and an ear for the stop signal.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import Connection

from contract.errors import LiveShelfError
from contract.ids import DeviceId, JournalId, StoreId
from database.connection import connect
from database.presence import GATEWAY, announce
from gateway.loading import lease as leases
from gateway.loading.lease import Lease, LeaseLost
from gateway.loading.load import Journal

PAUSE_S_MIN, PAUSE_S_MAX = 0.1, 5.0
"""The first and the longest pause between two attempts to reach the database (wall time)."""

LEASE_POLL_S = 0.5
RENEW_S = 0.75
"""A lease is renewed four times before it would expire."""

DATABASE_AWAY = (psycopg.OperationalError, psycopg.InterfaceError)
"""What psycopg raises when the same load may work later: lost connections, locks, deadlocks, serialization."""

REFUSED_BY_DATABASE = (psycopg.DataError, psycopg.IntegrityError, psycopg.NotSupportedError, UnicodeError)
"""A value no column takes, although receiving let it pass: the message is set aside, or it would come back for ever."""

EPOCH = "SELECT epoch FROM database_epoch"
WATERMARKS = "SELECT device, journal, seq FROM journal_watermark WHERE device = ANY(%(devices)s::text[])"

logger = logging.getLogger(__name__)


class SchemaMissing(LiveShelfError):
    """The database has no LiveShelf tables yet; run `liveshelf db migrate`."""

    retryable = True


class DatabaseReplaced(LiveShelfError):
    """The database has another epoch than before: it was restored or replaced."""

    retryable = True


class Stopped(LiveShelfError):
    """The gateway was told to stop while it waited."""


class Session:
    """One tenure: from taking the store until losing it."""

    def __init__(self, url: str, connection: Connection[Any], lease: Lease, epoch: str, stop: threading.Event) -> None:
        self.connection = connection
        self.lease = lease
        self.epoch = epoch
        self._url = url
        self._stop = stop
        self._renewed_at = wall_now()

    def watermarks(self, devices: Iterable[DeviceId]) -> dict[Journal, int]:
        """Return the committed watermarks of all journals of some devices."""
        rows = self.connection.execute(WATERMARKS, {"devices": list(devices)}).fetchall()
        return {(DeviceId(row[0]), JournalId(row[1])): row[2] for row in rows}

    def tend(self) -> None:
        """Renew the lease when it is time. Raises LeaseLost or what the database raises."""
        wall_at = wall_now()
        if (wall_at - self._renewed_at).total_seconds() >= RENEW_S:
            leases.renew(self.connection, self.lease, wall_at=wall_at)
            self._renewed_at = wall_at

    def restore(self, *, failures: int) -> None:
        """Come back after the database was away or refused: connect again and make sure nothing was taken meanwhile.

        `failures` in a row make it wait longer first. Raises LeaseLost or DatabaseReplaced when something was taken,
        Stopped when told to stop.
        """
        self.connection.close()
        if failures:
            self._stop.wait(min(PAUSE_S_MAX, PAUSE_S_MIN * 2**failures))
        self.connection = _reach(self._url, self._stop)
        if _epoch(self.connection) != self.epoch:
            raise DatabaseReplaced
        leases.renew(self.connection, self.lease, wall_at=wall_now())
        announce(self.connection, GATEWAY, store=self.lease.store)
        self._renewed_at = wall_now()

    def close(self) -> None:
        """Give the store back, so that the next gateway need not wait, and disconnect."""
        try:
            leases.release(self.connection, self.lease, wall_at=wall_now())
        except (*DATABASE_AWAY, LeaseLost):
            logger.info("lease left to expire", extra={"event": "lease_left", "store": self.lease.store})
        self.connection.close()


def wall_now() -> datetime:
    """Return the wall time: leases guard machines, not the shop."""
    return datetime.now(UTC)


def open_session(url: str, store: StoreId, owner: str, stop: threading.Event) -> Session:
    """Wait for the database and for the lease of the store. Raises Stopped when told to stop meanwhile."""
    connection = _reach(url, stop)
    told = ""
    while not stop.is_set():
        try:
            lease = leases.acquire(connection, store, owner, wall_at=wall_now())
            if lease is not None:
                announce(connection, GATEWAY, store=store)
                logger.info("store taken", extra={"event": "store_taken", "store": store, "fence": lease.fence})
                return Session(url, connection, lease, _epoch(connection), stop)
            holder = leases.holder(connection, store)
        except DATABASE_AWAY:
            connection.close()
            connection = _reach(url, stop)
            continue
        if holder != told:
            logger.info("another gateway serves the store", extra={"event": "lease_held", "store": store, "by": holder})
            told = holder
        stop.wait(LEASE_POLL_S)
    connection.close()
    raise Stopped


def _reach(url: str, stop: threading.Event) -> Connection[Any]:
    """Connect, however long it takes, and say once what is wrong."""
    pause_s, told = PAUSE_S_MIN, ""
    while not stop.is_set():
        try:
            connection = connect(url, autocommit=True, application_name="liveshelf gateway")
            return _with_schema(connection)
        except (LiveShelfError, *DATABASE_AWAY) as error:
            if isinstance(error, LiveShelfError) and not error.retryable:
                raise
            if str(error) != told:
                logger.warning("database away", extra={"event": "database_away", "reason": str(error)})
                told = str(error)
        stop.wait(pause_s)
        pause_s = min(PAUSE_S_MAX, pause_s * 2)
    raise Stopped


def _with_schema(connection: Connection[Any]) -> Connection[Any]:
    try:
        _epoch(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _epoch(connection: Connection[Any]) -> str:
    try:
        row = connection.execute(EPOCH).fetchone()
    except psycopg.errors.UndefinedTable:
        raise SchemaMissing from None
    if row is None:
        raise SchemaMissing
    return str(row[0])
