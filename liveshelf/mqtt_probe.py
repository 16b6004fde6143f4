"""Ask an MQTT broker for a connection, by hand: fifteen bytes out, four back, no library needed.

It serves where a program only has to know that a broker answers: at its start, and in `liveshelf doctor`.
"""

from __future__ import annotations

import os
import socket
import ssl
import struct
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from contract.errors import ConfigurationError, LiveShelfError

KEEPALIVE_S = 10
_CONNECT, _CONNACK, _DISCONNECT = 0x10, 0x20, b"\xe0\x00"
_CLEAN, _HAS_PASSWORD, _HAS_USER = 0x02, 0x40, 0x80
_REFUSALS = {
    1: "it does not speak MQTT 3.1.1",
    2: "it refuses the client id",
    3: "it is not available",
    4: "bad user name or password",
    5: "not authorised",
}
"""CONNACK return codes: MQTT 3.1.1, table 3.1."""


class BrokerUnreachable(LiveShelfError):
    """The MQTT broker does not answer."""

    retryable = True


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
        f"broker address: found {_without_login(url)!r}, expected mqtt://HOST:PORT or mqtts://HOST:PORT"
    )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname:
        raise wrong
    return BrokerAddress(
        host=parts.hostname,
        port=port or (8883 if parts.scheme == "mqtts" else 1883),
        tls=parts.scheme == "mqtts",
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
    )


def _without_login(url: str) -> str:
    """Return an address fit for a message: no user, no password."""
    before, at, place = url.rpartition("@")
    return f"{before.partition('://')[0]}://…@{place}" if at else url


def probe_broker(address: BrokerAddress, *, wait_s: float = 3.0) -> None:
    """Connect as an MQTT 3.1.1 client and leave again. Raises BrokerUnreachable saying what the broker did."""
    place = f"{address.host}:{address.port}"
    try:
        with socket.create_connection((address.host, address.port), timeout=wait_s) as plain:
            line = _wrap(plain, address)
            line.sendall(connect_packet(address, client_id=f"probe-{os.urandom(6).hex()}"))
            answer = _read_exactly(line, 4)
            line.sendall(_DISCONNECT)
    except OSError as error:
        said = error.strerror or str(error) or type(error).__name__
        raise BrokerUnreachable(f"the MQTT broker at {place} cannot be reached: {said}") from error
    if len(answer) < 4 or answer[0] != _CONNACK:
        raise BrokerUnreachable(
            f"what listens at {place} is not an MQTT broker: it answered {answer.hex() or 'nothing'}"
        )
    if answer[3] != 0:
        reason = _REFUSALS.get(answer[3], f"return code {answer[3]}")
        raise BrokerUnreachable(f"the MQTT broker at {place} refused the connection: {reason}")


def connect_packet(address: BrokerAddress, *, client_id: str) -> bytes:
    """Return a CONNECT packet with a clean session (MQTT 3.1.1, section 3.1)."""
    flags, payload = _CLEAN, _field(client_id)
    if address.user is not None:
        flags, payload = flags | _HAS_USER, payload + _field(address.user)
    if address.user is not None and address.password is not None:
        flags, payload = flags | _HAS_PASSWORD, payload + _field(address.password)
    body = _field("MQTT") + struct.pack(">BBH", 4, flags, KEEPALIVE_S) + payload
    return bytes([_CONNECT]) + _length(len(body)) + body


def _field(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack(">H", len(encoded)) + encoded


def _length(count: int) -> bytes:
    """Return the remaining length in groups of seven bits (MQTT 3.1.1, section 2.2.3)."""
    groups = bytearray()
    while True:
        count, group = divmod(count, 128)
        groups.append(group | (0x80 if count else 0))
        if not count:
            return bytes(groups)


def _wrap(plain: socket.socket, address: BrokerAddress) -> socket.socket:
    if not address.tls:
        return plain
    return ssl.create_default_context().wrap_socket(plain, server_hostname=address.host)


def _read_exactly(line: socket.socket, count: int) -> bytes:
    got = b""
    while len(got) < count and (more := line.recv(count - len(got))):
        got += more
    return got
