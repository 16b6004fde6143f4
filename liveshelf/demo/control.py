"""The buttons of the demo: a unix socket on which the pages ask for a rush hour, a sweep, a pulled plug.

One JSON line in, one JSON line out, then the connection closes: `{"do": NAME, ...}` is answered by
`{"ok": BOOLEAN, "said": CODE, "facts": {...}}`. What happens among the shelves is the world's: such a request goes on
to its socket as it is, with a `{"command": ...}` around it, and its answer comes back as it is.
"""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

REQUEST_BYTES_MAX = 4096
ANSWER_BYTES_MAX = 65_536
PEER_WAIT_S = 5.0
"""Wall seconds a peer gets to say its line, or the world to answer one."""

BROKER_AWAY_S = 10.0
"""Wall seconds a pulled broker stays away: long enough to see the shelves go on by themselves."""

WORLD_BUTTONS = ("rush_hour", "sweep", "unplug_scale")
WORLD_ACTIONS = (*WORLD_BUTTONS, "lay_mass")
PULL_BROKER = "pull_broker"
STATE = "state"

Answer = Mapping[str, object]

logger = logging.getLogger(__name__)


class Store(Protocol):
    """What the buttons need of a running store."""

    @property
    def world_socket(self) -> Path:
        """Where the world takes commands."""
        ...

    def down(self) -> list[str]:
        """Return the programs that should run and do not."""
        ...

    def broker_is_ours(self) -> bool:
        """Tell whether there is a broker we may kill."""
        ...

    def pull_broker(self, away_s: float) -> bool:
        """Kill the broker and keep it away for so long; return whether it ran."""
        ...


def answer_to(line: bytes, store: Store, *, ask_world: Callable[[Path, Mapping[str, Any]], Answer]) -> Answer:
    """Return the answer to a request, whatever it is."""
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        return _refused("bad_request", found=line[:80].decode(errors="replace"), expected="one line, a JSON object")
    wish = request.get("do") if isinstance(request, dict) else None
    if wish == STATE:
        return {"ok": True, "said": STATE, "facts": _state(store)}
    if wish == PULL_BROKER:
        return _pull_broker(store)
    if wish in WORLD_ACTIONS:
        return ask_world(store.world_socket, request)
    known = ", ".join((*WORLD_ACTIONS, PULL_BROKER, STATE))
    return _refused("unknown_command", found=str(wish)[:80], expected=known)


def _state(store: Store) -> Mapping[str, object]:
    """Say which buttons make sense now, and which programs are down."""
    down = store.down()
    buttons = [*WORLD_BUTTONS] if "world" not in down else []
    if store.broker_is_ours() and "broker" not in down:
        buttons.append(PULL_BROKER)
    return {"buttons": buttons, "down": down}


def _pull_broker(store: Store) -> Answer:
    if not store.broker_is_ours():
        return _refused("no_broker_of_ours")
    if not store.pull_broker(BROKER_AWAY_S):
        return _refused("broker_away")
    return {"ok": True, "said": "broker_pulled", "facts": {"away_s": BROKER_AWAY_S}}


def _refused(said: str, **facts: object) -> Answer:
    return {"ok": False, "said": said, "facts": facts}


def ask_world(path: Path, request: Mapping[str, Any]) -> Answer:
    """Send a command to the world and return its answer, or that it gave none."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
            wire.settimeout(PEER_WAIT_S)
            wire.connect(str(path))
            wire.sendall(json.dumps({"command": request}).encode() + b"\n")
            answer = json.loads(_line(wire, ANSWER_BYTES_MAX))
    except (OSError, ValueError, RecursionError) as error:
        return _refused("world_away", reason=str(error))
    return answer if isinstance(answer, dict) else _refused("world_away", reason=f"it said {answer!r}")


class ControlServer:
    """Serves the buttons of one store from a thread, one request after the other."""

    def __init__(self, path: Path, store: Store) -> None:
        self.path = path
        self._store = store
        self._stopping = threading.Event()
        self._listener: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, name="demo-control", daemon=True)

    def start(self) -> None:
        """Begin to listen, for this user alone."""
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self.path))
        self.path.chmod(0o600)
        self._listener.listen()
        self._thread.start()

    def stop(self) -> None:
        """Listen no more; returns when the request under way is answered."""
        if self._listener is None:
            return
        self._stopping.set()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wake:
            wake.connect(str(self.path))
        self._thread.join()
        self._listener.close()
        self._listener = None
        self.path.unlink(missing_ok=True)

    def _serve(self) -> None:
        assert self._listener is not None, "start opened it"
        while True:
            connection, _ = self._listener.accept()
            with connection:
                if self._stopping.is_set():
                    return
                connection.settimeout(PEER_WAIT_S)
                try:
                    said = answer_to(_line(connection, REQUEST_BYTES_MAX), self._store, ask_world=ask_world)
                    connection.sendall(json.dumps(said).encode() + b"\n")
                except OSError as error:
                    logger.info("demo control lost", extra={"event": "demo_control_lost", "reason": str(error)})


def _line(wire: socket.socket, bytes_max: int) -> bytes:
    """Return what a peer says up to the end of its line, or of its speech. Raises OSError, TimeoutError included."""
    held = b""
    while b"\n" not in held and len(held) <= bytes_max:
        received = wire.recv(bytes_max)
        if not received:
            break
        held += received
    return held.partition(b"\n")[0][: bytes_max + 1]
