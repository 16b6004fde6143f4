"""Where a broker listens, and as whom to speak to it: `mqtt://user:password@host:port` as a value."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from contract.errors import ConfigurationError

PORTS = {"mqtt": 1883, "mqtts": 8883}
"""By scheme, where the address names none (IANA service names mqtt and secure-mqtt)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAddress:
    """Where a broker listens, and as whom to speak to it."""

    host: str
    port: int
    tls: bool = False
    user: str | None = None
    password: str | None = None


def parse_broker_url(url: str) -> BrokerAddress:
    """Return the parts of `mqtt://user:password@host:port` or `mqtts://…`. Raises ConfigurationError."""
    wrong = ConfigurationError(
        f"broker address: found {without_login(url)!r}, expected mqtt://HOST:PORT or mqtts://HOST:PORT"
    )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in PORTS or not parts.hostname or port == 0:
        raise wrong
    return BrokerAddress(
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        tls=parts.scheme == "mqtts",
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
    )


def without_login(url: str) -> str:
    """Return an address fit for a message: no user, no password, however wrong it is written."""
    before, at, place = url.rpartition("@")
    scheme, marks, _ = before.partition("://")
    return f"{scheme + marks if marks else ''}…@{place}" if at else url
