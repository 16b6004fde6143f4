"""Ask an MQTT broker for a connection, by hand: fifteen bytes out, four back, no library needed.

It serves where a program only has to know that a broker answers: at its start, and in `liveshelf doctor`.
"""

from __future__ import annotations

import os
import socket
import ssl
import struct

from contract.broker_address import BrokerAddress
from contract.errors import LiveShelfError

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
