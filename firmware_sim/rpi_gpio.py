"""The module RPi.GPIO on a simulated board: pins come in as numbers and levels, chips hang on them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from firmware_sim.hx711 import POWER_DOWN_NS, SimulatedLine


class SimulatedGpio:
    """What a driver uses of `RPi.GPIO`, with HX711 chips attached by `attach`. `wall_ns` measures pulses.

    A chip gives its bit when its clock rises, and holds it; a clock that stays high for more than 60 us resets it.
    Using a pin that was not set up raises RuntimeError, as the module does.
    """

    BCM = 11
    IN = 1
    OUT = 0
    LOW = 0
    HIGH = 1
    PUD_UP = 22

    def __init__(self, *, wall_ns: Callable[[], int] = time.perf_counter_ns) -> None:
        self._wall_ns = wall_ns
        self._chips: dict[int, list[tuple[int, SimulatedLine]]] = {}
        self._data: dict[int, SimulatedLine] = {}
        self._held: dict[int, int] = {}
        self._directions: dict[int, int] = {}
        self._levels: dict[int, int] = {}
        self._rose_ns: dict[int, int] = {}
        self._mode: int | None = None

    def attach(self, clock_pin: int, data_pin: int, line: SimulatedLine) -> None:
        """Wire a chip to two pins; several may share a clock."""
        self._chips.setdefault(clock_pin, []).append((data_pin, line))
        self._data[data_pin] = line

    def setwarnings(self, flag: bool, /) -> None:  # noqa: FBT001 - the module's own signature
        """Nothing warns here."""

    def setmode(self, mode: int, /) -> None:
        """Choose how pins are numbered: only by their BCM numbers."""
        if mode != self.BCM:
            raise ValueError(f"found mode {mode}, expected BCM")
        self._mode = mode

    def setup(self, channel: int, direction: int, *, initial: int = LOW, pull_up_down: int = PUD_UP) -> None:  # noqa: ARG002
        """Make a pin an input or an output."""
        if self._mode is None:
            raise RuntimeError("Please set pin numbering mode using GPIO.setmode")
        self._directions[channel] = direction
        if direction == self.OUT:
            self._levels[channel] = initial

    def input(self, channel: int, /) -> int:
        """Return the level of a pin: 1 on one nobody drives, by its pull-up."""
        if channel not in self._directions:
            raise RuntimeError("You must setup() the GPIO channel first")
        if channel in self._held:
            return self._held[channel]
        line = self._data.get(channel)
        return 0 if line is not None and line.ready() else 1

    def output(self, channel: int, value: int, /) -> None:
        """Set the level of a pin, and let the chips on it see the edge."""
        if self._directions.get(channel) != self.OUT:
            raise RuntimeError("The GPIO channel has not been set up as an OUTPUT")
        rises = bool(value) and not self._levels[channel]
        falls = not value and bool(self._levels[channel])
        self._levels[channel] = value
        if rises:
            self._rose_ns[channel] = self._wall_ns()
        long = falls and self._wall_ns() - self._rose_ns[channel] > POWER_DOWN_NS
        for data_pin, line in self._chips.get(channel, ()):
            if rises:
                self._held[data_pin] = line.clock_bit()
            elif falls:
                self._held.pop(data_pin, None)
                if long:
                    line.power_cycle()

    def level(self, channel: int) -> int | None:
        """Return what an output is driven to; None for a pin that is none."""
        return self._levels.get(channel) if self._directions.get(channel) == self.OUT else None

    def cleanup(self, channel: Sequence[int] | int = ()) -> None:
        """Let go of pins."""
        for pin in (channel,) if isinstance(channel, int) else channel:
            self._directions.pop(pin, None)
