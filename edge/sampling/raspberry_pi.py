"""The wires of a bay on a Raspberry Pi: the function an agent's `hardware` setting names. Wiring stands in [[drivers]].

Nothing is opened, and no package of the pins imported, before a driver asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from contract.clock import Clock
from contract.errors import ConfigurationError
from contract.hardware import LoadCellLine, TagReader
from contract.ids import PlateId, ZoneId
from edge.sampling.linux_buses import IIO_ROOT, LinuxI2c, LinuxSpi, SysfsChannel, open_i2c, open_iio, open_spi
from edge.sampling.rpi_gpio import GpioModule, RpiClockedLines, RpiOutputPin, load_gpio, load_output_gpio


class RaspberryPi:
    """Implements `BayHardware` and `Board`. `find_gpio` gives the module of pins that clock converters,
    `find_output_gpio` that of pins that are only driven.
    """

    def __init__(
        self,
        *,
        find_gpio: Callable[[], GpioModule] = load_gpio,
        find_output_gpio: Callable[[], GpioModule] = load_output_gpio,
        iio_root: Path = IIO_ROOT,
    ) -> None:
        self._find_gpio = find_gpio
        self._find_output_gpio = find_output_gpio
        self._iio_root = iio_root
        self._pins: list[tuple[GpioModule, int]] = []
        self._spi: list[LinuxSpi] = []
        self._i2c: dict[int, LinuxI2c] = {}

    @property
    def lines(self) -> Mapping[PlateId, LoadCellLine]:
        """None: every plate stands in a driver."""
        return {}

    @property
    def readers(self) -> Sequence[TagReader]:
        """None: every zone stands in a table [[readers]]."""
        return ()

    @property
    def board(self) -> RaspberryPi:
        """The board itself."""
        return self

    def clocked_lines(self, clock_pin: int, data_pins: Sequence[int]) -> RpiClockedLines:
        """Return converters on pins. Raises ConfigurationError on a Pi 5 and with rpi-lgpio."""
        gpio = self._find_gpio()
        lines = RpiClockedLines(gpio, clock_pin, data_pins)
        self._pins += [(gpio, pin) for pin in (clock_pin, *data_pins)]
        return lines

    def spi(self, bus: int, device: int, speed_hz: int) -> LinuxSpi:
        """Return an SPI bus."""
        self._spi.append(open_spi(bus, device, speed_hz))
        return self._spi[-1]

    def i2c(self, bus: int) -> LinuxI2c:
        """Return an I2C bus; all who ask share it."""
        if bus not in self._i2c:
            self._i2c[bus] = open_i2c(bus)
        return self._i2c[bus]

    def iio(self, device: str) -> SysfsChannel:
        """Return the channel of an IIO device."""
        return open_iio(device, root=self._iio_root)

    def output(self, pin: int) -> RpiOutputPin:
        """Return a pin as an output, low. Raises ConfigurationError on a Pi 5 without rpi-lgpio."""
        gpio = self._find_output_gpio()
        opened = RpiOutputPin(gpio, pin)
        self._pins.append((gpio, pin))
        return opened

    def close(self) -> None:
        """Let go of pins and buses. Pins become inputs again."""
        for gpio, pin in self._pins:
            gpio.cleanup(pin)
        for spi in self._spi:
            spi.close()
        for i2c in self._i2c.values():
            i2c.close()
        self._pins, self._spi, self._i2c = [], [], {}


def open_bay(
    *,
    device: str,  # noqa: ARG001 - every hardware function is called with these
    plates: Sequence[PlateId],  # noqa: ARG001
    zones: Sequence[ZoneId],
    options: Mapping[str, object],
    clock: Clock,  # noqa: ARG001
    wiring: Sequence[Mapping[str, object]] = (),  # noqa: ARG001
) -> RaspberryPi:
    """Open the wires of this Raspberry Pi. Raises ConfigurationError for what it cannot have."""
    for name in options:
        raise ConfigurationError(f"hardware_options.{name}: unknown, expected none: pins stand in [[drivers]]")
    if zones:
        raise ConfigurationError(f"zones: found {zones[0]!r}, expected every zone in a table [[readers]]")
    return RaspberryPi()
