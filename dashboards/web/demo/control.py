"""Asks the demo that runs this store to do something: one JSON line to its unix socket, one back."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

CONNECT_S: Final = 1.0
ANSWER_S: Final = 6.0
"""Wall seconds. The demo gives the simulated shop five to answer, and then says that it did not."""

ANSWER_BYTES_MAX: Final = 65_536

CONTROL_AWAY: Final = "control_away"
"""What we say ourselves when the demo does not answer, or not in JSON."""

BUSY: Final = "control_busy"
"""What we say ourselves to whoever presses a button while so many others wait for theirs."""

AT_ONCE_MAX: Final = 4
"""A demo that hangs must not hold the threads of all pages."""

_asking = threading.BoundedSemaphore(AT_ONCE_MAX)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: `said` is a word one can look up, `facts` what it was done to."""

    said: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def ask(path: str, action: str, **wish: str | float) -> Outcome:
    """Ask for an action and return what came of it. Never raises: a demo that is gone is an outcome too."""
    if not _asking.acquire(blocking=False):
        return Outcome(BUSY)
    try:
        return read_answer(_exchange(path, json.dumps({"do": action, **wish}).encode() + b"\n"))
    except (OSError, ValueError, RecursionError):
        return Outcome(CONTROL_AWAY)
    finally:
        _asking.release()


def read_answer(line: bytes) -> Outcome:
    """Return what an answer says. Raises ValueError for one that says nothing."""
    answer = json.loads(line)
    said, facts = (answer.get("said"), answer.get("facts")) if isinstance(answer, dict) else (None, None)
    if isinstance(said, str):
        return Outcome(said, facts if isinstance(facts, dict) else {})
    raise ValueError(line)


def _exchange(path: str, line: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
        wire.settimeout(CONNECT_S)
        wire.connect(path)
        wire.settimeout(ANSWER_S)
        wire.sendall(line)
        held = b""
        while b"\n" not in held and len(held) < ANSWER_BYTES_MAX:
            received = wire.recv(ANSWER_BYTES_MAX)
            if not received:
                break
            held += received
    return held.partition(b"\n")[0]
