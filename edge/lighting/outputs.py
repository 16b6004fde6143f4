"""Lights on wires: LEDs on pins, and strips on an SPI bus."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from contract.hardware import OutputPin, SpiPort
from edge.lighting.lights import LightOutput
from edge.lighting.showing import Glow
from edge.lighting.signals import Colour
from edge.lighting.strips import DARK, brightness_within, dimmed


class LateLights:
    """Implements `LightOutput` for lights that are opened when they are first shown, by `opening`. One that cannot be
    opened is tried again at every show: wires that are missing keep no shelf from weighing.
    """

    def __init__(self, positions: Sequence[str], opening: Callable[[], LightOutput]) -> None:
        self.positions = tuple(positions)
        self._opening = opening
        self._opened: LightOutput | None = None

    def show(self, glows: Mapping[str, Glow]) -> None:
        """Let its positions glow; those not named are dark. Raises ConfigurationError naming what the board does not
        have, and what the lights raise.
        """
        if self._opened is None:
            self._opened = self._opening()
        self._opened.show(glows)


class PinLights:
    """Implements `LightOutput`: an LED on a pin for each position, lit while the pin is high, in its one colour."""

    def __init__(self, pins: Mapping[str, OutputPin]) -> None:
        self.positions = tuple(pins)
        self._pins = dict(pins)

    def show(self, glows: Mapping[str, Glow]) -> None:
        """Let its positions glow; those not named are dark."""
        for position, pin in self._pins.items():
            pin.drive(int(position in glows and glows[position].lit))


class StripLights:
    """Implements `LightOutput`: a range of LEDs, first and last, of a strip for each position.

    The whole strip never takes more than `current_max_ma`: it is dimmed as if every position in the picture were lit
    in this step, so that brightness does not change with the patterns.
    """

    def __init__(
        self,
        port: SpiPort,
        encode: Callable[[Sequence[Colour]], bytes],
        positions: Mapping[str, tuple[int, int]],
        *,
        leds: int,
        current_max_ma: float,
        brightness: float,
    ) -> None:
        self.positions = tuple(positions)
        self._port = port
        self._encode = encode
        self._ranges = dict(positions)
        self._leds = leds
        self._current_max_ma = current_max_ma
        self._brightness = brightness

    def show(self, glows: Mapping[str, Glow]) -> None:
        """Let its positions glow; those not named are dark. Raises HardwareError."""
        brightness = brightness_within(self._picture(glows), self._current_max_ma, self._brightness)
        lit = {position: glow for position, glow in glows.items() if glow.lit}
        self._port.transfer(self._encode([dimmed(colour, brightness) for colour in self._picture(lit)]))

    def _picture(self, glows: Mapping[str, Glow]) -> list[Colour]:
        picture = [DARK] * self._leds
        for position, (first, last) in self._ranges.items():
            if position in glows:
                picture[first : last + 1] = [glows[position].colour] * (last - first + 1)
        return picture
