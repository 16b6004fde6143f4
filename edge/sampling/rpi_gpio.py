"""Open pins of a Raspberry Pi up to the 4 by RPi.GPIO, so that converters can be clocked bit by bit.

A Pi 5 has its pins behind another chip, which RPi.GPIO cannot reach; rpi-lgpio takes its name there, but gives pulses
of 120 to 250 us, and an HX711 powers down at 60 us. Both are refused in one sentence that says what to use.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Protocol, cast

from contract.errors import ConfigurationError

INSTEAD = "use driver hx711_spi or nau7802 (docs/reference/hardware.md)"


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
