"""What really happened: moves of goods in, one JSON line each out, written at once so that a reader sees it."""

from __future__ import annotations

import json
from typing import Literal, TextIO

from contract.clock import Clock
from contract.errors import LiveShelfError

TruthKind = Literal["opening", "pick", "put_back", "refill", "misplace", "tidy", "closing"]


class TruthUnwritable(LiveShelfError):
    """The disk does not take the truth log; a world nobody can check is stopped."""


class TruthLog:
    """The truth log of a world: a line says what changed at a position once the hand is off the shelf.

    `quantity` is the number of units of `sku` at the position afterwards. A `misplace` names the foreign SKU at the
    position where it now stands, `tidy` the same when staff take it away again; both leave the position's own count.
    """

    def __init__(self, file: TextIO, clock: Clock) -> None:
        self._file = file
        self._clock = clock

    def write(self, kind: TruthKind, *, position: str, sku: str, change: int, quantity: int) -> None:
        """Write one line. Raises TruthUnwritable when the disk does not take it."""
        line = {
            "at": round(self._clock.now().timestamp(), 3),
            "kind": kind,
            "position": position,
            "sku": sku,
            "change": change,
            "quantity": quantity,
            "mono_ms": self._clock.mono_ms(),
        }
        try:
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()
        except OSError as error:
            raise TruthUnwritable(f"{self._file.name}: the truth log cannot be written: {error.strerror}") from error
