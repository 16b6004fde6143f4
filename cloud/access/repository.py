"""SQL of API keys. Nothing here commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow

from cloud.access.model import Caller, NewKey

KEY = "SELECT hash, scopes, stores, expires_at FROM api_key WHERE prefix = %s AND revoked_at IS NULL"

ADD_KEY = """INSERT INTO api_key (prefix, hash, name, scopes, stores, made_at, expires_at)
             VALUES (%s, %s, %s, %s, %s, %s, %s)"""


def add(
    link: Connection[TupleRow], key: NewKey, *, name: str, scopes: Sequence[str], stores: Sequence[str], at: datetime,
    expires_at: datetime | None,
) -> None:  # fmt: skip
    """Keep a new key: prefix and hash, never the key."""
    link.execute(ADD_KEY, (key.prefix, key.digest, name, list(scopes), list(stores), at, expires_at))


async def find(link: AsyncConnection[Any], prefix: str) -> tuple[bytes, Caller] | None:
    """Return the hash and the rights of a key that is not revoked."""
    row = await (await link.execute(KEY, (prefix,))).fetchone()
    if row is None:
        return None
    digest, scopes, stores, expires_at = row
    return bytes(digest), Caller(
        prefix=prefix, scopes=frozenset(scopes), stores=frozenset(stores), expires_at=expires_at
    )
