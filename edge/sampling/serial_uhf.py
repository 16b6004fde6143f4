"""A serial UHF module (M100, R200, YRM100 and alike): a line that is kept up on a thread of its own comes in, sightings
of its one zone go out.

Source of the protocol: `edge.sampling.uhf_frames`.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import Counter
from collections.abc import Mapping, Sequence

import serial

from contract.clock import Clock
from contract.errors import HardwareError
from contract.hardware import TagSighting
from contract.ids import ZoneId
from edge.sampling.held_sightings import HeldSightings
from edge.sampling.pace import Pace
from edge.sampling.uhf_frames import Frame, TagRead, tag_in
from edge.sampling.uhf_module import SerialLine, UhfModule

BAUD = 115_200
"""What modules are set to when they come."""

logger = logging.getLogger(__name__)


def open_line(port: str, baud: int, pace: Pace) -> SerialLine:
    """Open a serial port that no other program uses. Raises OSError."""
    line: SerialLine = serial.Serial(port, baud, timeout=pace.wake_s, write_timeout=pace.answer_s, exclusive=True)
    return line


class SerialUhfReader:
    """Implements `TagReader` and `ZonedReader` over one module and its antenna.

    The line lives on a thread of its own and comes back by itself, with growing pauses. All methods may be called from
    any one other thread, and none but `close` waits. What is None stays as the module has it.
    """

    def __init__(
        self,
        port: str,
        zone: ZoneId,
        clock: Clock,
        *,
        baud: int = BAUD,
        power_dbm: float | None = None,
        region: str | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.zones = frozenset({zone})
        self._port = port
        self._zone = zone
        self._clock = clock
        self._baud = baud
        self._power_dbm = power_dbm
        self._region = region
        self._pace = pace or Pace()
        self._held = HeldSightings(port)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"uhf-{port}", daemon=True)
        self._thread.start()

    def sightings(self) -> Sequence[TagSighting]:
        """Return what was read since the last call, oldest first. Raises HardwareError while the module is away, once
        everything it had read before is handed on.
        """
        return self._held.take()

    @property
    def zones_away(self) -> frozenset[ZoneId]:
        """Its zone, while nothing can be heard from it."""
        return self.zones if self._held.away else frozenset()

    def take_rejected(self) -> dict[str, int]:
        """Return what was rejected, by reason, since the last call."""
        return self._held.take_rejected()

    def close(self) -> None:
        """Switch the antenna off, if the module answers, and end the thread."""
        self._stopping.set()
        self._thread.join(2 * self._pace.answer_s + self._pace.connect_s)

    def _run(self) -> None:
        pause_s = 0.0
        while not self._stopping.is_set():
            worked = self._leave(self._one_connection())
            pause_s = self._pace.next_pause_s(pause_s, worked=worked)
            self._stopping.wait(pause_s)

    def _one_connection(self) -> str:
        """Open the line, inventory and listen; return why it ended."""
        try:
            line = open_line(self._port, self._baud, self._pace)
        except (OSError, ValueError) as error:
            return f"the port cannot be opened: {error}"
        module = UhfModule(line, self._baud, self._pace, self._count)
        try:
            version = module.prepare(self._region, self._power_dbm)
            for notices in module.polled(self._stopping.is_set):
                if self._held.away:
                    self._come_back(version)
                self._take(notices)
        except (HardwareError, OSError) as error:
            return str(error)
        except Exception as error:
            # Whatever bytes from a line make our own code do, the next connection may be well.
            logger.exception("rfid reader failed", extra={"event": "reader_failed", "host": self._port})
            return repr(error)
        else:
            return "it was closed"
        finally:
            with contextlib.suppress(Exception):
                line.close()

    def _take(self, notices: Sequence[Frame]) -> None:
        mono_ms = self._clock.mono_ms()
        seen: list[TagSighting] = []
        rejected: Counter[str] = Counter()
        for notice in notices:
            found = tag_in(notice)
            if isinstance(found, TagRead):
                seen.append(TagSighting(self._zone, found.epc, found.rssi_dbm, mono_ms))
            else:
                rejected[found] += 1
        self._held.put(seen, rejected)

    def _count(self, rejected: Mapping[str, int]) -> None:
        self._held.put((), rejected)

    def _come_back(self, version: str) -> None:
        self._held.come_back()
        said = {"host": self._port, "zone": self._zone, "hardware": version}
        logger.info("rfid reader inventories", extra={"event": "reader_connected", **said})

    def _leave(self, reason: str) -> bool:
        """Say that the module is away, once; return whether it was there before."""
        worked = self._held.leave(reason)
        if worked and not self._stopping.is_set():
            logger.warning("rfid reader away", extra={"event": "reader_away", "host": self._port, "reason": reason})
        return worked
