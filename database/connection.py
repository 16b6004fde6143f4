"""Connections to the store: one way to open them, so that time zone and time limits are the same everywhere.

Rows come as tuples; ask a cursor for values with `connection.cursor(row_factory=class_row(SomeDataclass))`.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import AsyncConnection, Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from contract.errors import ConfigurationError
from database.errors import DatabaseUnreachable

APPLICATION_NAME = "liveshelf"

SESSION_SETTINGS = {
    # Times are aware UTC everywhere, whatever the server or the role is set to.
    "timezone": "UTC",
    # Rows are taken in key order and transactions are short: who waits this long is better off trying again.
    "lock_timeout": "5s",
    # No statement of a program takes this long in health; a runaway one must not hold a load or a request for ever.
    "statement_timeout": "60s",
    # A program that stopped inside a transaction must not keep its locks, nor hold back the vacuum of hot rows.
    "idle_in_transaction_session_timeout": "60s",
}
"""Set on every connection. Migrations have limits of their own (`database.migrate`)."""

NETWORK_SETTINGS: dict[str, str | int] = {
    "connect_timeout": 10,  # s
    # A server that vanished without a word is noticed after a minute (TCP only; a unix socket tells at once).
    "keepalives_idle": 30,  # s
    "keepalives_interval": 10,  # s
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # ms
}


RECONNECT_S = 3.0
"""Wall seconds after which a pool gives a lost connection up; the next request then makes a new one at once. Trying for
longer doubles the pauses in between, and a database that was away for a minute would stay away for another."""


def connect(url: str, *, autocommit: bool = False, application_name: str = APPLICATION_NAME) -> Connection[TupleRow]:
    """Open a connection. Raises DatabaseUnreachable (retryable) in one sentence without the password."""
    try:
        return Connection.connect(session_conninfo(url, application_name), autocommit=autocommit)
    except psycopg.OperationalError as error:
        raise _unreachable(url, error) from error


async def connect_async(
    url: str, *, autocommit: bool = False, application_name: str = APPLICATION_NAME
) -> AsyncConnection[TupleRow]:
    """Open a connection for asyncio (with `autocommit`: to LISTEN on). Raises DatabaseUnreachable."""
    try:
        return await AsyncConnection.connect(session_conninfo(url, application_name), autocommit=autocommit)
    except psycopg.OperationalError as error:
        raise _unreachable(url, error) from error


def make_pool(
    url: str, *, size_min: int = 1, size_max: int = 8, wait_s: float = 10.0, application_name: str = APPLICATION_NAME
) -> AsyncConnectionPool[AsyncConnection[TupleRow]]:
    """Return a closed pool of connections; open it with `async with` or `await pool.open()`.

    `wait_s` is how long `pool.connection()` waits for a free connection before it raises `PoolTimeout`.
    """
    return AsyncConnectionPool(
        session_conninfo(url, application_name),
        min_size=size_min,
        max_size=size_max,
        timeout=wait_s,
        reconnect_timeout=RECONNECT_S,
        name=application_name,
        open=False,
    )


def session_conninfo(url: str, application_name: str) -> str:
    """Return the address with our session settings in it. What the address itself says wins.

    The settings travel as `options` of the start message: no round trip, and they hold from the first statement on.
    Raises ConfigurationError when it is no address.
    """
    given = _parts(url)
    options = " ".join(f"-c {name}={value}" for name, value in SESSION_SETTINGS.items())
    settings = {**NETWORK_SETTINGS, "application_name": application_name, **given}
    settings["options"] = f"{options} {given.get('options') or ''}".strip()
    return make_conninfo("", **settings)


def place_of(url: str) -> str:
    """Return host and database of an address, fit for a message: no user, no password."""
    given = _parts(url)
    return f"{given.get('host') or 'localhost'}:{given.get('port') or 5432}/{given.get('dbname') or ''}"


def check_address(url: str) -> None:
    """Raise ConfigurationError, without the password, when libpq could not even try the address."""
    _parts(url)


def _parts(url: str) -> dict[str, Any]:
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # What libpq says of it may quote the password.
        raise _unreadable() from None
    # libpq takes any text for a port until it connects, and then repeats it: `user:password/name`, which lacks its
    # host, has its password there.
    ports = str(parts.get("port") or "").split(",")
    if not url or not all(port == "" or port.isdecimal() for port in ports):
        raise _unreadable()
    return parts


def _unreadable() -> ConfigurationError:
    return ConfigurationError(
        "database address: cannot be read, expected one such as postgresql://user:password@host:5432/database"
    )


def _unreachable(url: str, error: psycopg.OperationalError) -> DatabaseUnreachable:
    said = str(error).strip().splitlines() or ["no reason given"]
    return DatabaseUnreachable(f"the database at {place_of(url)} cannot be reached: {said[0].strip()}")
