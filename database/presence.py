"""Which programs are there: each holds a shared advisory lock as long as its connection lives.

Nothing is written, so nothing can be left behind: the server lets go of the lock in the moment the connection ends,
however the program died. Readers look into `pg_locks`.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

from psycopg import Connection

GATEWAY = "gateway"
WORKER = "worker"

PRESENCE_CLASS = 0x4C53
"""The first key of our locks (the letters LS); the second one is the program's. Migrations and stores lock by one key
of 64 bits, which PostgreSQL keeps apart."""

ANNOUNCE = "SELECT pg_advisory_lock_shared(%s, %s)"

# A lock by two keys has objsubid 2 (PostgreSQL manual, pg_locks).
PRESENT = """SELECT DISTINCT objid::bigint FROM pg_locks
             WHERE locktype = 'advisory' AND classid = %s AND objsubid = 2 AND granted AND objid::bigint = ANY(%s)
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


def announce(connection: Connection[Any], program: str, *, store: str = "") -> None:
    """Let everybody know, until this connection ends, that the program is there (for a store, if it serves one).

    Never waits. Announcing twice on one connection does no harm.
    """
    connection.execute(ANNOUNCE, (PRESENCE_CLASS, _key(program, store)))


def present(connection: Connection[Any], programs: Iterable[str], *, store: str = "") -> frozenset[str]:
    """Return which of these programs are there (for the store, if they serve one)."""
    keys = {_key(program, store): program for program in programs}
    rows = connection.execute(PRESENT, (PRESENCE_CLASS, list(keys)))
    return frozenset(keys[key] for (key,) in rows)


def _key(program: str, store: str) -> int:
    """31 bits, so that the number is the same as a signed argument and as the oid of `pg_locks`."""
    return zlib.crc32(f"{program}/{store}".encode()) & 0x7FFF_FFFF
