"""What a driver may ask of the wires: the same for a Raspberry Pi and for simulated physics.

A line-level protocol carries single bits and bytes, never grams, so that the driver code that reads a real chip is
the code that reads a simulated one. `open_bay` of a hardware module (setting `module:function`) returns a
`BayHardware`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from contract.ids import Epc, PlateId, ZoneId


class LoadCellLine(Protocol):
    """The two wires of one HX711 converter: PD_SCK, driven by us, and DOUT, driven by the chip.

    Timing source: Avia HX711 data sheet, "Serial interface": DOUT low means data ready; PD_SCK high 0.2 to 50 us;
    high for more than 60 us powers the chip down.
    """

    def ready(self) -> bool:
        """Tell whether DOUT is low, that is, a conversion waits."""
        ...

    def clock_bit(self) -> int:
        """Give one clock pulse (high, then low) and return DOUT, 0 or 1, as read while the clock is high."""
        ...


@dataclass(frozen=True, slots=True)
class TagSighting:
    """One tag read by one antenna. `rssi_dbm` is the reader's peak signal strength; `mono_ms` is shop time."""

    zone: ZoneId
    epc: Epc
    rssi_dbm: float
    mono_ms: int


class TagReader(Protocol):
    """An RFID reader that is inventorying by itself."""

    def sightings(self) -> Sequence[TagSighting]:
        """Return what was read since the last call, oldest first; never waits. Raises HardwareError when the
        reader is away.
        """
        ...


class I2cPort(Protocol):
    """One I2C bus. Errors of the bus are HardwareError."""

    def read(self, address: int, register: int, length: int) -> bytes:
        """Read `length` bytes from a register of the chip at a 7-bit address."""
        ...

    def write(self, address: int, register: int, data: bytes) -> None:
        """Write bytes to a register of the chip at a 7-bit address; a chip without registers gets one byte as that."""
        ...


class SpiPort(Protocol):
    """One SPI bus with its chip select. Errors of the bus are HardwareError."""

    def transfer(self, data: bytes) -> bytes:
        """Clock the bytes out and return as many clocked in."""
        ...


class ClockedLines(Protocol):
    """Several HX711 converters on one clock: PD_SCK driven by us for all, DOUT by each chip for itself."""

    def pulse(self) -> None:
        """Give one clock pulse: high, then low. The caller measures how long it took."""
        ...

    def levels(self) -> int:
        """Return DOUT of every chip now, that of data line `i` in bit `i`. A bit clocked out stays until the next."""
        ...


class IioChannel(Protocol):
    """One HX711 that the kernel's IIO driver reads (drivers/iio/adc/hx711.c)."""

    def read(self) -> int:
        """Return a conversion as `in_voltage0_raw` gives it, 0 to 0xFFFFFF: the chip's 24 bits with the first one
        inverted. Waits for it as the kernel does, up to about 2 s. Raises HardwareError when none came.
        """
        ...


class OutputPin(Protocol):
    """One pin driven by us."""

    def drive(self, level: int) -> None:
        """Make it high, 1, or low, 0."""
        ...


class Board(Protocol):
    """The pins and buses converters and lights hang on. Asking for what is not there raises ConfigurationError."""

    def clocked_lines(self, clock_pin: int, data_pins: Sequence[int]) -> ClockedLines:
        """Return the lines of converters that share a clock; pins by their BCM numbers."""
        ...

    def spi(self, bus: int, device: int, speed_hz: int) -> SpiPort:
        """Return an SPI bus with its chip select."""
        ...

    def i2c(self, bus: int) -> I2cPort:
        """Return an I2C bus."""
        ...

    def iio(self, device: str) -> IioChannel:
        """Return the channel of an IIO device, named by its label or its folder (`iio:device0`)."""
        ...

    def output(self, pin: int) -> OutputPin:
        """Return a pin as an output, low; by its BCM number."""
        ...


class BayHardware(Protocol):
    """The wires of one bay, opened by the function the setting names."""

    @property
    def lines(self) -> Mapping[PlateId, LoadCellLine]:
        """The load-cell lines that need no wiring of their own in the settings, by the plate they weigh."""
        ...

    @property
    def board(self) -> Board | None:
        """The board the drivers of the settings read from; None when the hardware has none."""
        ...

    @property
    def readers(self) -> Sequence[TagReader]:
        """The RFID readers of the bay."""
        ...

    def close(self) -> None:
        """Let go of the wires."""
        ...
