"""Carry out a request that writes once: the first answer is kept in its own transaction and given again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from psycopg.rows import TupleRow
from pydantic import BaseModel

from cloud.access.model import Caller
from cloud.errors import IdempotencyKeyMissing, IdempotencyKeyReused, RequestInProgress
from cloud.idempotency import repository
from cloud.parts import Parts

KEY_LENGTH_MAX = 255
"""As Stripe has it: a UUID fits, a document does not."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: status, JSON body, and whether it was given before."""

    status: int
    body: dict[str, Any]
    replayed: bool = False


Work = Callable[[Connection[TupleRow]], tuple[int, BaseModel]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """One request that writes: whose it is, its Idempotency-Key, and a hash of what it asks."""

    parts: Parts
    caller: Caller
    key: str
    request_hash: str

    def once(self, work: Work) -> Answer:
        """Run the work in a transaction and keep its answer, or give the answer kept.

        Raises RequestInProgress, IdempotencyKeyReused, and whatever problem the work has (then nothing is kept).
        """
        with self.parts.writes.connection() as link:
            if not repository.claim(link, self.caller.prefix, self.key):
                raise RequestInProgress
            kept = repository.kept(link, self.caller.prefix, self.key)
            if kept is not None:
                return self._again(*kept)
            status, model = work(link)
            body = model.model_dump(mode="json")
            repository.keep(
                link, self.caller.prefix, self.key,
                request_hash=self.request_hash, status=status, body=body, at=self.parts.clock.now(),
            )  # fmt: skip
        return Answer(status, body)

    @property
    def request_id(self) -> str:
        """The same for the same request under the same key: what others do for it, they can do once by this name."""
        named = f"{self.caller.prefix}\n{self.key}\n{self.request_hash}"
        return hashlib.sha256(named.encode()).hexdigest()[:32]

    def kept(self) -> Answer | None:
        """Return the answer kept under the key, if there is one: to be asked before work that waits for others and so
        has no transaction around it. Raises IdempotencyKeyReused.
        """
        with self.parts.writes.connection() as link:
            kept = repository.kept(link, self.caller.prefix, self.key)
        return None if kept is None else self._again(*kept)

    def _again(self, request_hash: str, status: int, body: dict[str, Any]) -> Answer:
        if request_hash != self.request_hash:
            raise IdempotencyKeyReused
        return Answer(status, body, replayed=True)


def check_key(key: str | None) -> str:
    """Return the key. Raises IdempotencyKeyMissing when there is none or it is too long."""
    if not key or len(key) > KEY_LENGTH_MAX or not key.isascii():
        found = "none" if not key else f"{len(key)} characters"
        raise IdempotencyKeyMissing(f"Idempotency-Key: found {found}, expected 1 to {KEY_LENGTH_MAX} ASCII characters")
    return key


def hash_of(method: str, path: str, body: bytes) -> str:
    """Return the hash by which the same request is known again."""
    return hashlib.sha256(b"\n".join((method.encode(), path.encode(), body))).hexdigest()
