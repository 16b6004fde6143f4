"""A serial line to a simulated module: a pseudo terminal the driver opens, with plug, speed and noise.

The bits of both ends are real: what an end hears whose speed is another than the other's is what its receiver would
make of the very edges on the wire.
"""

from __future__ import annotations

import contextlib
import os
import select
import termios
import threading
import tty
from pathlib import Path
from typing import Protocol, Self

SPEEDS = {getattr(termios, name): int(name[1:]) for name in dir(termios) if name[0] == "B" and name[1:].isdigit()}

PUMP_S = 0.01
"""Wall seconds after which the module is asked again what it has to say."""


class SerialDevice(Protocol):
    """What hangs on the far end of the line."""

    baud: int

    def receive(self, data: bytes) -> None:
        """Take in bytes."""
        ...

    def transmit(self) -> bytes:
        """Return the bytes sent since the last call."""
        ...

    def power_up(self) -> None:
        """Begin anew: the line brings the power too."""
        ...


class PluggedLine:
    """A device on a pseudo terminal, at the path `port` while it is plugged in: a link, as udev makes one."""

    def __init__(self, device: SerialDevice, port: Path) -> None:
        self.device = device
        self.port = port
        self.lock = threading.Lock()
        self._master = -1
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._pump, name=f"line-{port.name}", daemon=True)

    def __enter__(self) -> Self:
        self.plug_in()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self.unplug()

    def plug_in(self) -> None:
        """The adapter appears, and its module begins."""
        with self.lock:
            self._master, near = os.openpty()
            tty.setraw(near)
            os.set_blocking(self._master, False)
            self.device.power_up()
            self.port.symlink_to(os.ttyname(near))
            os.close(near)

    def unplug(self) -> None:
        """The adapter vanishes: its path, and whoever has it open is told."""
        with self.lock:
            self.port.unlink(missing_ok=True)
            if self._master >= 0:
                os.close(self._master)
            self._master = -1

    def _pump(self) -> None:
        while not self._stopping.wait(PUMP_S):
            # While nobody has the near end open, the far end reads as hung up.
            with self.lock, contextlib.suppress(OSError):
                self._pass_on()

    def _pass_on(self) -> None:
        if self._master < 0:
            return
        host_baud = SPEEDS[termios.tcgetattr(self._master)[5]]
        said = self.device.transmit()
        if said:
            os.write(self._master, as_heard(said, self.device.baud, host_baud))
        if select.select([self._master], [], [], 0)[0]:
            self.device.receive(as_heard(os.read(self._master, 65_536), host_baud, self.device.baud))


def as_heard(data: bytes, sent_baud: int, heard_baud: int) -> bytes:
    """Return what a receiver set to `heard_baud` takes bytes for that were sent at `sent_baud`.

    A byte is a start bit, 8 data bits and a stop bit. The receiver waits for the line to fall, looks in the middle of
    each of its own bits, and drops a byte without a stop bit.
    """
    if sent_baud == heard_baud:
        return data
    levels = [level for byte in data for level in (0, *(byte >> place & 1 for place in range(8)), 1)]
    heard = bytearray()
    at = 0.0  # in bits of the sender
    step = sent_baud / heard_baud
    while (begins := _next_fall(levels, at)) is not None:
        bits = [_level(levels, begins + (place + 0.5) * step) for place in range(10)]
        at = begins + 9.5 * step
        if bits[0] == 0 and bits[9] == 1:
            heard.append(sum(bit << place for place, bit in enumerate(bits[1:9])))
    return bytes(heard)


def _next_fall(levels: list[int], at: float) -> int | None:
    """Return where the line next goes low, from a time on."""
    begins = max(int(at), 0)
    for place in range(begins, len(levels)):
        if levels[place] == 0 and (place == 0 or levels[place - 1] == 1) and place >= at:
            return place
    return None


def _level(levels: list[int], at: float) -> int:
    return levels[int(at)] if int(at) < len(levels) else 1
