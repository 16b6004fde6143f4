"""Read an HX711 that the kernel clocks (IIO, sysfs): raw values come in, counts go out, or why there is none.

The kernel's driver (drivers/iio/adc/hx711.c) waits in the read for a conversion, looking every 10 ms; after a second
without one it resets the chip, waits once more and gives up with EIO. It gives the first conversion after a reset away
although that has not settled, ignores DOUT after the last pulse, and returns the 24 bits with the first one inverted.
So reads run on a thread of their own, and what came after a wait of a second is not believed before it has settled.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct

from contract.errors import HardwareError
from contract.hardware import IioChannel
from contract.ids import PlateId
from edge.sampling.judge import ConversionJudge
from edge.sampling.samples import RawSample, Rejected

OFFSET = 0x800000
"""`value ^ 0x800000` (hx711_read): raw 0 and 0xFFFFFF are the rails, 0x7FFFFF is a line nobody drives."""

KERNEL_RESET_MS = 1000.0
"""A read that took longer found the chip silent for 100 looks of 10 ms, and reset it (hx711_reset)."""

RETRY_WALL_S = 0.5
"""A device that is gone answers at once: so long the thread rests before it asks again."""

READS_MAX = 32
"""Reads kept while nobody takes them; older ones are dropped. At 10 samples a second that is three seconds."""

CLOSE_WALL_S = 3.0
"""A read ends after two seconds at most."""


class IioRead(Struct, frozen=True, gc=False):
    """One read of the raw value: None when it failed; how long it waited, in wall milliseconds."""

    value: int | None
    took_ms: float


class IioReads(Protocol):
    """Where reads come from without waiting for them."""

    def take(self) -> Sequence[IioRead]:
        """Return the reads that ended since the last call, oldest first."""
        ...

    def close(self) -> None:
        """Stop reading."""
        ...


class BackgroundReads:
    """Implements `IioReads`: a thread that reads a channel over and over until `close`."""

    def __init__(self, name: str, channel: IioChannel, *, wall_s: Callable[[], float] = time.monotonic) -> None:
        self._channel = channel
        self._wall_s = wall_s
        self._reads: deque[IioRead] = deque(maxlen=READS_MAX)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._keep_reading, name=f"iio-{name}", daemon=True)
        self._thread.start()

    def take(self) -> list[IioRead]:
        """Return the reads that ended since the last call, oldest first."""
        return [self._reads.popleft() for _ in range(len(self._reads))]

    def close(self) -> None:
        """End the thread; one that hangs in the kernel is left to it."""
        self._closing.set()
        self._thread.join(CLOSE_WALL_S)

    def _keep_reading(self) -> None:
        while not self._closing.is_set():
            began_s = self._wall_s()
            value: int | None = None
            try:
                value = self._channel.read()
            except HardwareError:
                self._closing.wait(RETRY_WALL_S)
            self._reads.append(IioRead(value, 1000.0 * (self._wall_s() - began_s)))


class IioHx711:
    """Implements `WeightDriver` for one IIO device."""

    def __init__(self, plate: PlateId, reads: IioReads, *, rate_sps: float, mono_ms: int) -> None:
        self.plates = (plate,)
        self._reads = reads
        self._judge = ConversionJudge(plate, rate_sps=rate_sps, mono_ms=mono_ms)
        self.close = reads.close

    def poll(self, mono_ms: int) -> list[RawSample | Rejected]:
        """Return what became of the reads that ended; they are of `mono_ms` within a few milliseconds."""
        reads = self._reads.take()
        if not reads:
            self._judge.absent(mono_ms)
            return []
        return [found for read in reads if (found := self._judge_read(mono_ms, read)) is not None]

    def take_counts(self, plate: PlateId) -> tuple[int, dict[str, int]]:
        """Return the samples of the plate and its rejections by reason since the last call."""
        assert plate in self.plates
        return self._judge.take_counts()

    def _judge_read(self, mono_ms: int, read: IioRead) -> RawSample | Rejected | None:
        if read.value is None or read.took_ms > KERNEL_RESET_MS:
            self._judge.restart()
        if read.value is None:
            self._judge.reject("bus_error")
            return None
        return self._judge.judge(mono_ms, read.value ^ OFFSET)
