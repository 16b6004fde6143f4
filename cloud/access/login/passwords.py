"""Hashes of passwords and PINs by Argon2id (RFC 9106), a few at a time: each takes 64 MiB and a tenth of a second."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type, hash_secret_raw

from contract.errors import LiveShelfError

AT_ONCE_MAX = 2
"""So many hashes are computed at once in a process; the others wait their turn, so that a flood does not eat memory."""

IN_LINE_MAX = 6
"""So many may be at it or wait for their turn: each holds a connection to the database, and pages need the others."""

TURN_WAIT_S = 5.0
"""Wall seconds to wait for a turn."""

SALT_BYTES = 16

_hasher = PasswordHasher()
_line = threading.BoundedSemaphore(IN_LINE_MAX)
_turns = threading.BoundedSemaphore(AT_ONCE_MAX)


class HashingBusy(LiveShelfError):
    """Too many people log in at this moment."""

    retryable = True


def hash_password(password: str) -> str:
    """Return the hash of a password in its hashed form, with its salt and costs in it. Raises HashingBusy."""
    with _turn():
        return _hasher.hash(_bytes(password))


def verify(hashed: str | None, password: str) -> bool:
    """Tell whether this is the password. Raises HashingBusy.

    Without a hash it takes as long as with one, and is wrong: nobody learns by the time whether a log-in exists.
    """
    with _turn():
        stand_in = _stand_in(_hasher)
        try:
            right = _hasher.verify(hashed or stand_in, _bytes(password))
        except (VerificationError, InvalidHashError):
            return False
        return right and hashed is not None


def needs_rehash(hashed: str) -> bool:
    """Tell whether the hash was made with other costs than the ones of today."""
    return _hasher.check_needs_rehash(hashed)


def pin_digest(pin: str, *, salt: str) -> bytes:
    """Return 32 bytes by which a PIN is found. Raises HashingBusy.

    All PINs of an installation share their salt, so that one look-up costs one hash however many PINs there are.
    """
    with _turn():
        return hash_secret_raw(
            pin.encode(), hashlib.sha256(salt.encode()).digest()[:SALT_BYTES], time_cost=_hasher.time_cost,
            memory_cost=_hasher.memory_cost, parallelism=_hasher.parallelism, hash_len=32, type=Type.ID,
        )  # fmt: skip


@cache
def _stand_in(hasher: PasswordHasher) -> str:
    """Return the hash of a password nobody has, which costs what others cost; made once."""
    return hasher.hash(secrets.token_bytes(SALT_BYTES))


@contextmanager
def _turn() -> Iterator[None]:
    if not _line.acquire(blocking=False):
        raise HashingBusy
    try:
        if not _turns.acquire(timeout=TURN_WAIT_S):
            raise HashingBusy
        try:
            yield
        finally:
            _turns.release()
    finally:
        _line.release()


def _bytes(password: str) -> bytes:
    return password.encode(errors="surrogatepass")
