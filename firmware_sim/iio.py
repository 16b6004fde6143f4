"""The kernel's IIO driver over a simulated HX711, and the files it shows: conversions come in, raw values go out.

What it does is written after drivers/iio/adc/hx711.c: it looks at DOUT every 10 ms for a second, then holds the clock
high for 10 ms, which resets the chip, looks for another second, and gives up with EIO.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from contract.clock import Clock
from contract.errors import HardwareError
from firmware_sim.hx711 import CODE_BITS, SimulatedLine

LOOK_S = 0.010
LOOKS = 100
OFFSET = 0x800000

AVDD_UV = 5_000_000
SCALE = AVDD_UV * 100 // 128 // 1678
"""1 LSB in 1e-9 mV at gain 128, with the kernel's own rounding."""


class KernelHx711:
    """Implements `IioChannel`: one platform device of the kernel's driver."""

    def __init__(self, line: SimulatedLine, clock: Clock) -> None:
        self._line = line
        self._sleep = clock.sleep

    def read(self) -> int:
        """Return a conversion as `in_voltage0_raw` gives it, after waiting for it. Raises HardwareError for EIO."""
        if not self._wait():
            self._line.power_cycle()
            self._sleep(LOOK_S)
            if not self._wait():
                raise HardwareError(f"reset failed: {os.strerror(errno.EIO)}")
        word = 0
        for _ in range(CODE_BITS):
            word = word << 1 | self._line.clock_bit()
        self._line.clock_bit()
        return word ^ OFFSET

    def _wait(self) -> bool:
        for _ in range(LOOKS):
            if self._line.ready():
                return True
            self._sleep(LOOK_S)
        return False


class SimulatedSysfs:
    """A folder that looks like `/sys/bus/iio/devices`: a device for each channel, by its label.

    A raw file is a named pipe, so that reading it waits as reading the kernel's does; a failed read is empty, where
    the kernel's gives EIO. `close` before the folder is removed.
    """

    def __init__(self, root: Path, channels: Mapping[str, Callable[[], int]]) -> None:
        self._closing = threading.Event()
        self._threads = []
        self._files: list[Path] = []
        for number, (label, read) in enumerate(channels.items()):
            device = root / f"iio:device{number}"
            device.mkdir(parents=True)
            (device / "name").write_text("hx711\n", encoding="ascii")
            (device / "label").write_text(f"{label}\n", encoding="ascii")
            (device / "in_voltage0_scale").write_text(f"0.{SCALE:09d}\n", encoding="ascii")
            raw = device / "in_voltage0_raw"
            os.mkfifo(raw)
            self._files.append(raw)
            thread = threading.Thread(target=self._serve, args=(raw, read), name=f"sysfs-{label}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        """End the threads: each waits for somebody to open its file."""
        self._closing.set()
        for raw in self._files:
            os.close(os.open(raw, os.O_RDONLY | os.O_NONBLOCK))
        for thread in self._threads:
            thread.join()

    def _serve(self, raw: Path, read: Callable[[], int]) -> None:
        fresh = raw.with_suffix(".fresh")
        while not self._closing.is_set():
            with suppress(HardwareError, BrokenPipeError), raw.open("w", encoding="ascii") as file:
                if self._closing.is_set():
                    return
                # Who opens the file from now on gets a pipe of its own, so that this one ends after one value.
                os.mkfifo(fresh)
                fresh.replace(raw)
                file.write(f"{read()}\n")
