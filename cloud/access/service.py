"""Keys are made once and looked up often: a short cache spares the database, a revoked key dies within seconds."""

from __future__ import annotations

import hmac
import time
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from cloud.access import repository
from cloud.access.model import SCOPES, Caller, digest_of, make_key, prefix_of
from cloud.errors import KeyRejected
from contract.errors import ConfigurationError

CACHED_S = 5.0
"""Wall seconds a key is believed without asking the database: so long a revoked key may live on."""

CACHED_MAX = 10_000
"""So many keys are remembered; the oldest goes first."""


def create_key(
    connection: Connection[TupleRow], *, name: str, scopes: Sequence[str], stores: Sequence[str], at: datetime,
    expires_at: datetime | None = None,
) -> str:  # fmt: skip
    """Make an API key and return its text, which is never shown again. `stores` {*} means all.

    Raises ConfigurationError when a scope is unknown.
    """
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown:
        raise ConfigurationError(f"scope: found {unknown[0]!r}, expected one of {', '.join(SCOPES)}")
    if not stores:
        raise ConfigurationError("stores: found none, expected store names, or * for all")
    key = make_key()
    with connection.transaction():
        repository.add(connection, key, name=name, scopes=scopes, stores=stores, at=at, expires_at=expires_at)
    return key.text


class KeyRing:
    """The keys callers come with, checked against the database at most every CACHED_S seconds each."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[Any]]) -> None:
        self._pool = pool
        self._cached: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()

    async def caller(self, text: str, *, at: datetime) -> Caller:
        """Return who the key belongs to. Raises KeyRejected; `at` is shop time, for the key's expiry."""
        digest = digest_of(text)
        held = self._cached.get(digest)
        if held is None or held[0] < time.monotonic():
            held = (time.monotonic() + CACHED_S, await self._find(text, digest))
            self._remember(digest, held)
        if held[1].expired(at):
            raise KeyRejected("the API key has expired")
        return held[1]

    def _remember(self, digest: bytes, held: tuple[float, Caller]) -> None:
        self._cached[digest] = held
        self._cached.move_to_end(digest)
        if len(self._cached) > CACHED_MAX:
            self._cached.popitem(last=False)

    async def _find(self, text: str, digest: bytes) -> Caller:
        prefix = prefix_of(text)
        if prefix is None:
            raise KeyRejected("found no key of the form lsk_…, expected it as 'Authorization: Bearer lsk_…'")
        async with self._pool.connection() as link:
            found = await repository.find(link, prefix)
        if found is None or not hmac.compare_digest(found[0], digest):
            raise KeyRejected("the API key is unknown or revoked")
        return found[1]
