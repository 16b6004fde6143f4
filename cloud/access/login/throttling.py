"""How long somebody who was wrong too often must wait: wrong tries and their times in, seconds out (pure).

NIST SP 800-63B-4, section 3.2.2, asks for a limit and proposes a wait that grows from 30 seconds with each wrong try.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Scope = Literal["address", "login", "pin"]

NETWORK_BITS_V6 = 64
"""Whoever has one IPv6 address usually has all of its network (RFC 6177): they count as one."""

ADDRESS_CHARACTERS_MAX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Some wrong tries are free; then each doubles the wait, up to a longest; quiet time forgives one by one."""

    free: int
    first_wait_s: float = 30.0
    longest_wait_s: float = 900.0
    forgives_one_every_s: float

    @property
    def level_max(self) -> int:
        """The count that gives the longest wait; more is not remembered, so that quiet time helps at once."""
        return self.free + math.ceil(math.log2(self.longest_wait_s / self.first_wait_s))


RULES: dict[Scope, Rule] = {
    # Of somebody's log-in from one address: a person who has forgotten the password, or a guesser.
    "login": Rule(free=5, forgives_one_every_s=3600.0),
    # Of one address whatever the log-in: a whole shop may stand behind it, so that it must forget quickly.
    "address": Rule(free=50, forgives_one_every_s=300.0),
    # Of all PINs of all people from everywhere: there are only a million.
    "pin": Rule(free=5, forgives_one_every_s=3600.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What is counted together. The subject is hashed: people type their password into the wrong field."""

    scope: Scope
    subject: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """Wrong tries that are not forgiven yet: `level` of them at `counted_at`, none allowed until `blocked_until`."""

    level: float
    counted_at: datetime
    blocked_until: datetime | None = None


def keys_of_login(login: str, address: str) -> tuple[Key, ...]:
    """Return what a try by password counts for; `login` in its kept form."""
    place = place_of(address)
    return (Key(scope="address", subject=_hash(place)), Key(scope="login", subject=_hash(place, login)))


def keys_of_pin() -> tuple[Key, ...]:
    """Return what a try by PIN counts for."""
    return (Key(scope="pin", subject=_hash()),)


def wait_s(tries: Tries, rule: Rule, *, at: datetime) -> float:
    """Return the wall seconds until the next try is allowed; 0.0: now.

    A block that would outlast the longest wait was set by a clock that has been put right since, and does not hold.
    """
    if tries.blocked_until is None:
        return 0.0
    left_s = (tries.blocked_until - at).total_seconds()
    return left_s if 0.0 < left_s <= rule.longest_wait_s else 0.0


def after_wrong(tries: Tries, rule: Rule, *, at: datetime) -> Tries:
    """Return the tries with one more wrong one at that time.

    The wait is first_wait_s · 2^(n - free) from the `free`th unforgiven wrong try n on, longest_wait_s at most.
    """
    quiet_s = max(0.0, (at - tries.counted_at).total_seconds())
    level = min(max(0.0, tries.level - quiet_s / rule.forgives_one_every_s) + 1.0, float(rule.level_max))
    wrong = math.ceil(level)
    if wrong < rule.free:
        return Tries(level=level, counted_at=at)
    waits_s = min(rule.longest_wait_s, rule.first_wait_s * 2.0 ** (wrong - rule.free))
    return Tries(level=level, counted_at=at, blocked_until=at + timedelta(seconds=waits_s))


def place_of(address: str) -> str:
    """Return what addresses of one place have in common: an IPv4 address itself, of IPv6 the network."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:ADDRESS_CHARACTERS_MAX]
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(found), NETWORK_BITS_V6), strict=False).network_address)


def _hash(*parts: str) -> bytes:
    """Return a digest of texts; no text holds what stands between two of them."""
    return hashlib.sha256(
        "\x00".join(part.replace("\x00", "") for part in parts).encode(errors="surrogatepass")
    ).digest()
