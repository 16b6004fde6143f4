"""The wires' end in the world: a unix socket on which each client gets the loads and tags it asked for.

JSON lines. A client says `{"device", "plates", "zones"}`; it is sent a snapshot, then changes:
`{"loads": {plate: grams}, "tags": {zone: [EPC]}}`, where a key present replaces the value of that plate or zone, and
`"unplugged": [plate]` replaces the list of the plates whose plug is pulled, `"faults": [...]` that of the faults
somebody asked for (`firmware_sim.faults.commanded`). A client that says `{"command": {...}}`
instead is answered by one line and let go (`firmware_sim.world.commands`).
"""

from __future__ import annotations

import contextlib
import json
import logging
import selectors
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contract.errors import ConfigurationError
from firmware_sim.faults.commanded import CommandedFault
from firmware_sim.world.shelves import Changes

logger = logging.getLogger(__name__)

REQUEST_BYTES_MAX = 65_536
"""A request names some dozens of plates; more than this is not one of ours."""

BACKLOG_BYTES_MAX = 1_048_576
"""A client that has not read so much is gone or stuck: it is let go, and gets a snapshot when it comes back."""

SOCKET_PATH_BYTES_MAX = 107
"""Longest path of a unix socket on Linux (`sun_path` holds 108 bytes with the closing zero, unix(7))."""

Snapshot = Callable[[list[str], list[str]], Changes]
Obey = Callable[[object], Mapping[str, object]]


@dataclass(slots=True, eq=False)
class _Client:
    connection: socket.socket
    device: str = ""
    plates: frozenset[str] = frozenset()
    zones: frozenset[str] = frozenset()
    received: bytearray = field(default_factory=bytearray)
    backlog: bytearray = field(default_factory=bytearray)


class LoadServer:
    """Serves any number of clients from one thread; the caller waits on the selector it was given."""

    def __init__(self, path: Path, selector: selectors.BaseSelector, snapshot: Snapshot, obey: Obey) -> None:
        self._path = path
        self._selector = selector
        self._snapshot = snapshot
        self._obey = obey
        self._clients: set[_Client] = set()
        self._listener = _listen(path)
        selector.register(self._listener, selectors.EVENT_READ, self._accept)

    @property
    def devices(self) -> frozenset[str]:
        """The devices that are connected and have said what they want."""
        return frozenset(client.device for client in self._clients if client.device)

    def publish(self, changes: Changes) -> None:
        """Send what changed to those who asked for it."""
        for client in tuple(self._clients):
            loads = {plate: load_g for plate, load_g in changes.loads.items() if plate in client.plates}
            tags = {zone: epcs for zone, epcs in changes.tags.items() if zone in client.zones}
            unplugged = None if changes.unplugged is None else changes.unplugged & client.plates
            told = Changes(loads, tags, unplugged, _faults_of(client, changes))
            if told:
                self._send(client, told)

    def close(self) -> None:
        """Let all clients go and remove the socket."""
        for client in tuple(self._clients):
            self._drop(client)
        self._selector.unregister(self._listener)
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def _accept(self, _mask: int) -> None:
        connection, _ = self._listener.accept()
        connection.setblocking(False)
        client = _Client(connection)
        self._clients.add(client)
        self._selector.register(connection, selectors.EVENT_READ, lambda mask: self._serve(client, mask))

    def _serve(self, client: _Client, mask: int) -> None:
        if mask & selectors.EVENT_WRITE:
            self._flush(client)
        if mask & selectors.EVENT_READ and client in self._clients:
            self._receive(client)

    def _receive(self, client: _Client) -> None:
        try:
            data = client.connection.recv(REQUEST_BYTES_MAX)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        client.received += data
        if not data or len(client.received) > REQUEST_BYTES_MAX:
            self._drop(client)
            return
        while client in self._clients and b"\n" in client.received:
            line, _, rest = bytes(client.received).partition(b"\n")
            client.received = bytearray(rest)
            self._hear(client, line)

    def _hear(self, client: _Client, line: bytes) -> None:
        try:
            wish = json.loads(line)
        except ValueError:
            wish = None
        if isinstance(wish, dict) and "command" in wish:
            self._answer(client, self._obey(wish["command"]))
        else:
            self._subscribe(client, wish if isinstance(wish, dict) else {})

    def _answer(self, client: _Client, answer: Mapping[str, object]) -> None:
        """Send one short line, which the buffer of the socket holds, and let the client go."""
        with contextlib.suppress(OSError):
            client.connection.send(json.dumps(answer, separators=(",", ":")).encode() + b"\n")
        self._drop(client)

    def _subscribe(self, client: _Client, wish: Mapping[str, Any]) -> None:
        try:
            device, plates, zones = str(wish["device"]), list(map(str, wish["plates"])), list(map(str, wish["zones"]))
        except (KeyError, TypeError) as error:
            logger.warning("unreadable wish", extra={"event": "world_wish_unreadable", "reason": repr(error)})
            self._drop(client)
            return
        client.device, client.plates, client.zones = device, frozenset(plates), frozenset(zones)
        logger.info("device connected", extra={"event": "world_device_connected", "device": device})
        self._send(client, self._snapshot(plates, zones))

    def _send(self, client: _Client, changes: Changes) -> None:
        told: dict[str, object] = {"loads": dict(changes.loads), "tags": dict(changes.tags)}
        if changes.unplugged is not None:
            told["unplugged"] = sorted(changes.unplugged)
        if changes.faults is not None:
            told["faults"] = [fault.plain() for fault in changes.faults]
        line = json.dumps(told, separators=(",", ":"))
        waiting = bool(client.backlog)
        client.backlog += line.encode() + b"\n"
        if len(client.backlog) > BACKLOG_BYTES_MAX:
            self._drop(client)
        elif not waiting:
            self._flush(client)

    def _flush(self, client: _Client) -> None:
        try:
            sent = client.connection.send(client.backlog)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._drop(client)
            return
        del client.backlog[:sent]
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.backlog else 0)
        key = self._selector.get_key(client.connection)
        if key.events != wanted:
            self._selector.modify(client.connection, wanted, key.data)

    def _drop(self, client: _Client) -> None:
        self._clients.discard(client)
        self._selector.unregister(client.connection)
        client.connection.close()


def _faults_of(client: _Client, changes: Changes) -> tuple[CommandedFault, ...] | None:
    if changes.faults is None:
        return None
    return tuple(fault for fault in changes.faults if fault.subject in client.plates | client.zones)


def _listen(path: Path) -> socket.socket:
    """Return a listening socket; one left behind by a world that was killed is replaced."""
    length = len(bytes(path))
    if length > SOCKET_PATH_BYTES_MAX:
        raise ConfigurationError(f"socket: found a path of {length} bytes, expected at most {SOCKET_PATH_BYTES_MAX}")
    if path.is_socket():
        _refuse_if_served(path)
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        raise ConfigurationError(f"socket {path}: cannot listen: {error.strerror}") from error
    listener.listen()
    listener.setblocking(False)
    return listener


def _refuse_if_served(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return
    raise ConfigurationError(f"socket {path}: another world serves it already")
