"""API keys: how they look, what they cover (pure)."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

Scope = Literal[
    "availability:read", "tasks:read", "tasks:write", "orders:read", "stock:write", "devices:read", "devices:write"
]  # fmt: skip
SCOPES: tuple[Scope, ...] = get_args(Scope)

ALL_STORES = "*"
"""Stands for every store, also those to come."""

_KEY = re.compile(r"^lsk_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks: a key's prefix, and what it covers."""

    prefix: str
    scopes: frozenset[str]
    stores: frozenset[str]
    expires_at: datetime | None

    def may(self, scope: Scope) -> bool:
        """Tell whether the key covers this."""
        return scope in self.scopes

    def knows(self, store: str) -> bool:
        """Tell whether the key covers this store; to the caller any other does not exist."""
        return ALL_STORES in self.stores or store in self.stores

    def expired(self, at: datetime) -> bool:
        """Tell whether the key has run out."""
        return self.expires_at is not None and self.expires_at <= at


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key just made: `text` is shown once, prefix and hash are kept."""

    text: str
    prefix: str
    digest: bytes


def make_key() -> NewKey:
    """Return a new random key: `lsk_`, 48 bits to find its row by, 256 bits of secret."""
    prefix = secrets.token_hex(6)
    text = f"lsk_{prefix}_{secrets.token_urlsafe(32)}"
    return NewKey(text=text, prefix=prefix, digest=digest_of(text))


def digest_of(text: str) -> bytes:
    """Return what is kept of a key. SHA-256 without salt is enough for 256 random bits: there is nothing to guess."""
    return hashlib.sha256(text.encode()).digest()


def prefix_of(text: str) -> str | None:
    """Return the prefix of a well-formed key, else None."""
    match = _KEY.match(text)
    return match.group(1) if match else None
