"""Several HX711 chips on one clock: pulses come in, the levels of their data lines go out."""

from __future__ import annotations

from collections.abc import Sequence

from firmware_sim.hx711 import SimulatedLine


class SimulatedClockedLines:
    """Implements `ClockedLines`. A chip whose plug is pulled reads as high, as a line with its pull-up does."""

    def __init__(self, lines: Sequence[SimulatedLine]) -> None:
        self._lines = tuple(lines)

    def pulse(self) -> None:
        """Give one clock pulse to every chip."""
        for line in self._lines:
            line.clock_bit()

    def levels(self) -> int:
        """Return DOUT of every chip, that of line `i` in bit `i`."""
        found = 0
        for place, line in enumerate(self._lines):
            if not line.ready():
                found |= 1 << place
        return found
