"""SQL of answers that are kept under their key. Nothing here commits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

# Held until the transaction ends, so that a second request with the key knows that the first is not done.
CLAIM = "SELECT pg_try_advisory_xact_lock(hashtextextended('idempotency:' || %s || ':' || %s, 0))"

KEPT = "SELECT request_hash, status, body FROM idempotency_key WHERE key_prefix = %s AND idempotency_key = %s"

KEEP = """INSERT INTO idempotency_key (key_prefix, idempotency_key, request_hash, status, body, made_at)
          VALUES (%s, %s, %s, %s, %s, %s)"""


def claim(link: Connection[TupleRow], prefix: str, key: str) -> bool:
    """Take the key for this transaction; False when another has it."""
    row = link.execute(CLAIM, (prefix, key)).fetchone()
    return bool(row and row[0])


def kept(link: Connection[TupleRow], prefix: str, key: str) -> tuple[str, int, dict[str, Any]] | None:
    """Return (request hash, status, body) of the answer under the key."""
    row = link.execute(KEPT, (prefix, key)).fetchone()
    return None if row is None else (row[0], row[1], row[2])


def keep(
    link: Connection[TupleRow],
    prefix: str,
    key: str,
    *,
    request_hash: str,
    status: int,
    body: dict[str, Any],
    at: datetime,
) -> None:
    """Keep the answer, in the transaction of what it answers."""
    link.execute(KEEP, (prefix, key, request_hash, status, Jsonb(body), at))


def forget(link: Connection[TupleRow], *, before: datetime) -> None:
    """Forget the answers given before a time."""
    link.execute("DELETE FROM idempotency_key WHERE made_at < %s", (before,))
