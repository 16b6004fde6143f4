"""The pins and buses of a simulated board: the wiring an agent's file asks for comes in, chips on wires go out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from contract.clock import Clock
from contract.errors import ConfigurationError
from contract.hardware import SpiPort
from contract.ids import PlateId
from firmware_sim.clocked_lines import SimulatedClockedLines
from firmware_sim.faults.wire import WireFaults
from firmware_sim.hx711 import SETTLE_MS, SimulatedLine, busy_wait
from firmware_sim.i2c import SimulatedI2cBus, Tca9548aChip
from firmware_sim.iio import KernelHx711
from firmware_sim.lights import Apa102Chain, SimulatedLed, Ws2812bChain
from firmware_sim.nau7802 import SimulatedNau7802
from firmware_sim.spi import SpiHx711Chip

NAU7802_ADDRESS = 0x2A

Chip = SimulatedLine | SimulatedNau7802
Strip = Ws2812bChain | Apa102Chain
Signal = Callable[[float], float]


def _steady() -> int:
    """Measure pulses nobody can interrupt: those of an SPI bus, and of a kernel that masks interrupts."""
    return 0


def _no_stall(_duration_us: float) -> None:
    """Such pulses are not held up either."""


class SimulatedBoard:
    """Implements `Board`: chips of plates and lights sit where `wiring`, the tables [[drivers]] and [[lights]] of the
    file, says.

    `chips` are the chips by plate; a plate that stands in no table has an HX711 on a line of its own. `leds` are the
    lights by pin, `strips` those by SPI bus and chip select. `wall_ns` measures pulses, `stall` holds one that long;
    `faults` are what is wrong with the wires, by plate.
    """

    def __init__(
        self,
        signals: Mapping[PlateId, Signal],
        wiring: Sequence[Mapping[str, object]],
        clock: Clock,
        *,
        rate_sps: float,
        wall_ns: Callable[[], int] = time.perf_counter_ns,
        stall: Callable[[float], None] = busy_wait,
        faults: Mapping[PlateId, WireFaults] = MappingProxyType({}),
    ) -> None:
        self._wall_ns = wall_ns
        self._stall = stall
        self._faults = faults
        self.chips: dict[PlateId, Chip] = {}
        self._signals = signals
        self._clock = clock
        self._rate_sps = rate_sps if rate_sps in SETTLE_MS else min(SETTLE_MS)
        self._pins: dict[tuple[int, int], SimulatedLine] = {}
        self._spi: dict[tuple[int, int], SimulatedLine] = {}
        self._iio: dict[str, SimulatedLine] = {}
        self._i2c: dict[int, SimulatedI2cBus] = {}
        self.leds: dict[int, SimulatedLed] = {}
        self.strips: dict[tuple[int, int], Strip] = {}
        for table in wiring:
            if "light" in table:
                self._wire_light(table)
            else:
                self._wire(table)
        for plate in signals:
            if plate not in self.chips:
                self._hx711(plate)

    def clocked_lines(self, clock_pin: int, data_pins: Sequence[int]) -> SimulatedClockedLines:
        """Return the chips on a clock pin."""
        try:
            return SimulatedClockedLines([self._pins[clock_pin, pin] for pin in data_pins])
        except KeyError as error:
            raise ConfigurationError(f"data_pins: found nothing on clock and data pin {error}") from error

    def spi(self, bus: int, device: int, speed_hz: int) -> SpiPort:
        """Return the bus with the chip or the strip on it."""
        if (bus, device) in self.strips:
            strip = self.strips[bus, device]
            strip.speed_hz = speed_hz
            return strip
        if (bus, device) not in self._spi:
            raise ConfigurationError(f"spi_bus: found nothing on bus {bus}, device {device}")
        return SpiHx711Chip(self._spi[bus, device])

    def i2c(self, bus: int) -> SimulatedI2cBus:
        """Return the bus with the chips on it."""
        if bus not in self._i2c:
            raise ConfigurationError(f"i2c_bus: found nothing on bus {bus}")
        return self._i2c[bus]

    def iio(self, device: str) -> KernelHx711:
        """Return the kernel's device."""
        if device not in self._iio:
            raise ConfigurationError(f"iio_device: found {device!r}, expected one of {', '.join(self._iio)}")
        return KernelHx711(self._iio[device], self._clock)

    def output(self, pin: int) -> SimulatedLed:
        """Return the pin with the LED on it."""
        if pin not in self.leds:
            raise ConfigurationError(f"pins: found nothing on pin {pin}")
        return self.leds[pin]

    def _wire(self, table: Mapping[str, object]) -> None:
        match table:
            case {"driver": "hx711_gpio", "clock_pin": int(clock_pin), "data_pins": dict(data_pins)}:
                lines = {pin: self._hx711(plate) for plate, pin in data_pins.items()}
                for pin, line in lines.items():
                    line.share_clock(list(lines.values()))
                    self._pins[clock_pin, pin] = line
            case {"driver": "hx711_spi", "plate": str(plate), "spi_bus": int(bus), "spi_device": int(device)}:
                self._spi[bus, device] = self._hx711(PlateId(plate), steady=True)
            case {"driver": "hx711_iio", "plate": str(plate), "iio_device": str(device)}:
                self._iio[device] = self._hx711(PlateId(plate), steady=True)
            case {"driver": "nau7802", "i2c_bus": int(bus), "plate": str(plate)}:
                self._bus(bus).chips[NAU7802_ADDRESS] = self._nau7802(PlateId(plate))
            case {
                "driver": "nau7802",
                "i2c_bus": int(bus),
                "mux_address": int(address),
                "mux_channels": dict(channels),
            }:
                multiplexer = self._bus(bus).multiplexers.setdefault(address, Tca9548aChip())
                for plate, channel in channels.items():
                    multiplexer.channels[channel][NAU7802_ADDRESS] = self._nau7802(plate)
            case _:
                raise ConfigurationError(f"drivers: found {dict(table)!r}, expected one a simulated board knows")

    def _wire_light(self, table: Mapping[str, object]) -> None:
        match table:
            case {"light": "gpio", "pins": dict(pins)}:
                self.leds.update({pin: SimulatedLed() for pin in pins.values()})
            case {"light": "ws2812b", "spi_bus": int(bus), "spi_device": int(device), "leds": int(leds)}:
                self.strips[bus, device] = Ws2812bChain(leds)
            case {"light": "apa102", "spi_bus": int(bus), "spi_device": int(device), "leds": int(leds)}:
                self.strips[bus, device] = Apa102Chain(leds)
            case _:
                raise ConfigurationError(f"lights: found {dict(table)!r}, expected some a simulated board knows")

    def _bus(self, number: int) -> SimulatedI2cBus:
        return self._i2c.setdefault(number, SimulatedI2cBus())

    def _hx711(self, plate: PlateId, *, steady: bool = False) -> SimulatedLine:
        line = SimulatedLine(
            self._signals[plate],
            self._clock,
            rate_sps=self._rate_sps,
            wall_ns=_steady if steady else self._wall_ns,
            stall=_no_stall if steady else self._stall,
            faults=self._faults.get(plate),
        )
        self.chips[plate] = line
        return line

    def _nau7802(self, plate: PlateId) -> SimulatedNau7802:
        chip = SimulatedNau7802(self._signals[plate], self._clock, faults=self._faults.get(plate))
        self.chips[plate] = chip
        return chip
