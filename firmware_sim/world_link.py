"""The line to the world process: loads and tags come in as JSON lines over a unix socket, and it reconnects by itself.

The first line a client sends says who it is; the world answers with all there is, then with changes. A key that is
present replaces the value of that plate or zone; keys this module does not know are for others to read.
"""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from contract.errors import LiveShelfError
from firmware_sim.faults.commanded import CommandedFault, read_commanded

logger = logging.getLogger(__name__)

LINE_BYTES_MAX = 1_048_576
"""A whole bay with thousands of tags fits; a peer that sends more without a line end is not the world."""

LOAD_G_MAX = 1e7
"""The heaviest load the wire of LiveShelf can carry (`contract.records.Grams`)."""

RECEIVE_BYTES = 65_536
POLL_WALL_S = 0.25
"""How often a quiet link looks whether it shall close."""

BACKOFF_FIRST_WALL_S = 0.05
BACKOFF_MAX_WALL_S = 2.0


class BadWorldLine(LiveShelfError):
    """The world sent something that is not a line of its protocol."""


@dataclass(frozen=True, slots=True)
class WorldChange:
    """What a line of the world says: grams on plates, and tags (EPC in hex) in zones.

    `unplugged` names all plates whose plug is pulled, `faults` all that somebody asked for; None when the line says
    nothing of them.
    """

    loads: Mapping[str, float]
    tags: Mapping[str, Sequence[str]]
    unplugged: frozenset[str] | None = None
    faults: tuple[CommandedFault, ...] | None = None


def parse_change(line: bytes) -> WorldChange:
    """Return what a line says. Raises BadWorldLine naming the field, what was found and what was expected."""
    try:
        message = json.loads(line)
    except ValueError as error:
        raise BadWorldLine(f"found {line[:80]!r}, expected a JSON object: {error}") from error
    return WorldChange(
        loads={plate: _grams(plate, found) for plate, found in _table(message, "loads").items()},
        tags={zone: _epcs(zone, found) for zone, found in _table(message, "tags").items()},
        unplugged=_plates(message["unplugged"]) if "unplugged" in message else None,
        faults=_faults(message["faults"]) if "faults" in message else None,
    )


def _grams(plate: str, found: object) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float) or not abs(found) <= LOAD_G_MAX:
        raise BadWorldLine(f"loads.{plate}: found {found!r}, expected grams, at most {LOAD_G_MAX:.0f}")
    return float(found)


def _epcs(zone: str, found: object) -> list[str]:
    if not isinstance(found, list) or not all(isinstance(epc, str) for epc in found):
        raise BadWorldLine(f"tags.{zone}: found {found!r}, expected a list of EPCs in hex")
    return found


def _plates(found: object) -> frozenset[str]:
    if not isinstance(found, list) or not all(isinstance(plate, str) for plate in found):
        raise BadWorldLine(f"unplugged: found {found!r}, expected a list of plates")
    return frozenset(found)


def _faults(found: object) -> tuple[CommandedFault, ...]:
    if not isinstance(found, list):
        raise BadWorldLine(f"faults: found {found!r}, expected a list of faults")
    try:
        return tuple(read_commanded(fault) for fault in found)
    except ValueError as error:
        raise BadWorldLine(f"faults: {error}") from error


def _table(message: object, key: str) -> dict[str, object]:
    if not isinstance(message, dict):
        raise BadWorldLine(f"found {message!r}, expected a JSON object")
    table = message.get(key, {})
    if not isinstance(table, dict):
        raise BadWorldLine(f"{key}: found {table!r}, expected an object")
    return table


class WorldLink:
    """A thread that keeps the world's changes coming until `close`.

    Each connection opens with one call of `on_picture`, all there is, followed by calls of `on_change`; both come on
    that thread. While the world is away nothing is called, so what was last heard stays.
    """

    def __init__(
        self,
        path: Path,
        hello: Mapping[str, object],
        *,
        on_picture: Callable[[WorldChange], None],
        on_change: Callable[[WorldChange], None],
    ) -> None:
        self._path = path
        self._hello = json.dumps(hello).encode() + b"\n"
        self._on_picture = on_picture
        self._on_change = on_change
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._keep_connected, name="world-link", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread; returns when it has."""
        self._closing.set()
        self._thread.join()

    def _keep_connected(self) -> None:
        backoff_s = BACKOFF_FIRST_WALL_S
        lost = False
        while not self._closing.is_set():
            tell = self._on_picture
            try:
                for change in self._changes():
                    tell(change)
                    tell, lost, backoff_s = self._on_change, False, BACKOFF_FIRST_WALL_S
            except (OSError, BadWorldLine) as error:
                # One line for each time the world is lost, not one for each attempt to find it again.
                if not lost and not self._closing.is_set():
                    logger.warning("world lost", extra={"event": "world_lost", "reason": str(error)})
                lost = True
            self._closing.wait(backoff_s)
            backoff_s = min(backoff_s * 2.0, BACKOFF_MAX_WALL_S)

    def _changes(self) -> Iterator[WorldChange]:
        """Connect and yield what the world says until the link closes. Raises OSError or BadWorldLine."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
            wire.settimeout(POLL_WALL_S)
            wire.connect(str(self._path))
            wire.sendall(self._hello)
            logger.info("world connected", extra={"event": "world_connected", "socket": str(self._path)})
            for line in self._lines(wire):
                yield parse_change(line)

    def _lines(self, wire: socket.socket) -> Iterator[bytes]:
        held = b""
        while not self._closing.is_set():
            try:
                received = wire.recv(RECEIVE_BYTES)
            except TimeoutError:
                continue
            if not received:
                raise ConnectionError("the world closed the connection")
            *lines, held = (held + received).split(b"\n")
            yield from lines
            if len(held) > LINE_BYTES_MAX:
                raise BadWorldLine(f"found {len(held)} bytes without a line end, expected at most {LINE_BYTES_MAX}")
