"""Open pins of a Raspberry Pi by RPi.GPIO: to clock converters bit by bit up to the Pi 4, and to light LEDs on all.

A Pi 5 has its pins behind another chip, which RPi.GPIO cannot reach; rpi-lgpio takes its name there, but gives pulses
of 120 to 250 us, and an HX711 powers down at 60 us. Both are refused for converters in one sentence that says what to
use; an LED does not mind how slow rpi-lgpio is.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Protocol, cast

from contract.errors import ConfigurationError

INSTEAD = "use driver hx711_spi or nau7802 (docs/reference/hardware.md)"
ON_A_PI_5 = "a Raspberry Pi 5 needs rpi-lgpio in its place: pip uninstall RPi.GPIO, then pip install rpi-lgpio"


class GpioModule(Protocol):
    """What is used of the module `RPi.GPIO`."""

    BCM: int
    IN: int
    OUT: int
    LOW: int
    HIGH: int
    PUD_UP: int

    def setwarnings(self, flag: bool, /) -> None:  # noqa: FBT001 - the module's own signature
        """Say whether pins that are in use already bring a warning."""
        ...

    def setmode(self, mode: int, /) -> None:
        """Choose how pins are numbered."""
        ...

    def setup(self, channel: int, direction: int, *, initial: int = ..., pull_up_down: int = ...) -> None:
        """Make a pin an input or an output."""
        ...

    def input(self, channel: int, /) -> int:
        """Return the level of a pin."""
        ...

    def output(self, channel: int, value: int, /) -> None:
        """Set the level of a pin."""
        ...

    def cleanup(self, channel: Sequence[int] | int = ...) -> None:
        """Let go of pins."""
        ...


def load_gpio(load: Callable[[str], object] = importlib.import_module) -> GpioModule:
    """Return the module. Raises ConfigurationError in one sentence when it is not there or cannot clock an HX711."""
    try:
        module = load("RPi.GPIO")
    except ImportError as error:
        raise ConfigurationError(
            "driver: found hx711_gpio without the package RPi.GPIO, expected it installed "
            "(pip install 'liveshelf[edge-pi]'); on a Raspberry Pi 5 " + INSTEAD
        ) from error
    except (RuntimeError, NotImplementedError) as error:
        raise ConfigurationError(
            f"driver: found hx711_gpio on a board RPi.GPIO cannot reach ({error}); {INSTEAD}"
        ) from error
    if hasattr(module, "lgpio"):
        raise ConfigurationError(
            "driver: found hx711_gpio with rpi-lgpio in place of RPi.GPIO, which is too slow: its pulses of 120 to "
            f"250 us switch an HX711 off, which stands 60 us; {INSTEAD}"
        )
    return cast("GpioModule", module)


def load_output_gpio(load: Callable[[str], object] = importlib.import_module) -> GpioModule:
    """Return the module, RPi.GPIO or rpi-lgpio, for pins that are only driven. Raises ConfigurationError in one
    sentence when none is there, or none that can reach the pins of this board.
    """
    try:
        return cast("GpioModule", load("RPi.GPIO"))
    except ImportError as error:
        raise ConfigurationError(
            "light: found gpio without the package RPi.GPIO, expected it installed (pip install 'liveshelf[edge-pi]'); "
            + ON_A_PI_5
        ) from error
    except (RuntimeError, NotImplementedError) as error:
        raise ConfigurationError(
            f"light: found gpio on a board RPi.GPIO cannot reach ({error}); {ON_A_PI_5}"
        ) from error


class RpiOutputPin:
    """Implements `OutputPin` on a pin by its BCM number. Raises ConfigurationError when it cannot be had."""

    def __init__(self, gpio: GpioModule, pin: int) -> None:
        self._gpio = gpio
        self._pin = pin
        try:
            gpio.setwarnings(False)
            gpio.setmode(gpio.BCM)
            gpio.setup(pin, gpio.OUT, initial=gpio.LOW)
        except (RuntimeError, ValueError) as error:
            raise ConfigurationError(f"pins: found {pin}, which cannot be opened ({error}); {ON_A_PI_5}") from error

    def drive(self, level: int) -> None:
        """Make it high, 1, or low, 0."""
        self._gpio.output(self._pin, self._gpio.HIGH if level else self._gpio.LOW)


class RpiClockedLines:
    """Implements `ClockedLines` on pins, by their BCM numbers. Raises ConfigurationError when they cannot be had."""

    def __init__(self, gpio: GpioModule, clock_pin: int, data_pins: Sequence[int]) -> None:
        self._clock_pin = clock_pin
        self._data_pins = tuple(data_pins)
        self._input, self._output = gpio.input, gpio.output
        self._low, self._high = gpio.LOW, gpio.HIGH
        try:
            gpio.setwarnings(False)
            gpio.setmode(gpio.BCM)
            gpio.setup(clock_pin, gpio.OUT, initial=gpio.LOW)
            for pin in self._data_pins:
                # Pulled up, a line whose cable is off reads as never ready.
                gpio.setup(pin, gpio.IN, pull_up_down=gpio.PUD_UP)
        except (RuntimeError, ValueError) as error:
            raise ConfigurationError(
                f"driver: found hx711_gpio on pins that cannot be opened ({error}); on a Raspberry Pi 5 {INSTEAD}"
            ) from error

    def pulse(self) -> None:
        """Give one clock pulse. Nothing is done between its edges: they are as near as Python can bring them."""
        output, pin = self._output, self._clock_pin
        output(pin, self._high)
        output(pin, self._low)

    def levels(self) -> int:
        """Return DOUT of every line, line `i` in bit `i`."""
        found = 0
        for place, pin in enumerate(self._data_pins):
            if self._input(pin):
                found |= 1 << place
        return found
