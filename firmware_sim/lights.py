"""Lights on simulated wires, bit by bit: what the driver sends comes in, what a person would see goes out."""

from __future__ import annotations

import math
from collections.abc import Iterator

Colour = tuple[int, int, int]
"""Red, green, blue, 0 to 255."""

DARK: Colour = (0, 0, 0)


class SimulatedLed:
    """Implements `OutputPin`: an LED behind a transistor. `lit` tells whether it glows."""

    def __init__(self) -> None:
        self.lit = False

    def drive(self, level: int) -> None:
        """Make the pin high, 1, or low, 0."""
        self.lit = bool(level)


class Ws2812bChain:
    """Implements `SpiPort` as MOSI at `speed_hz` with a strip of WS2812B on it. `shown` is what it shows.

    The chips are as strict as the two data sheets together: a pulse that either of them does not allow is counted in
    `glitches`, and its bit is lost. Between two transfers the line is low for as long as it takes.
    """

    ZERO_HIGH_NS = (250.0, 380.0)
    ONE_HIGH_NS = (650.0, 950.0)
    ZERO_LOW_NS = (700.0, 1000.0)
    ONE_LOW_NS = (300.0, 420.0)
    """WS2812B (2013): 400, 800, 850, 450 ns, +-150 each; WS2812B-V5: 220-380, 580-1000, 580-1000, 220-420 ns."""

    RESET_NS = 280_000.0

    def __init__(self, leds: int) -> None:
        self.shown: list[Colour] = [DARK] * leds
        self.glitches = 0
        self.speed_hz = 0

    def transfer(self, data: bytes) -> bytes:
        """Clock the bytes out; nothing answers."""
        bits: list[int] = []
        for high_ns, low_ns in self._pulses(data):
            bit = self._bit(high_ns, low_ns)
            if bit is None:
                self.glitches += 1
            else:
                bits.append(bit)
            if low_ns >= self.RESET_NS:
                self._latch(bits)
                bits = []
        return bytes(len(data))

    def _pulses(self, data: bytes) -> Iterator[tuple[float, float]]:
        """Yield how long the line is high, and then low; the last low lasts until the next transfer."""
        period_ns = 1e9 / self.speed_hz
        levels = f"{int.from_bytes(data, 'big'):0{8 * len(data)}b}".lstrip("0")
        while levels:
            low = levels.find("0")
            high = levels.find("1", low)
            yield low * period_ns, (high - low) * period_ns if high > 0 else math.inf
            levels = levels[high:] if high > 0 else ""

    def _bit(self, high_ns: float, low_ns: float) -> int | None:
        for bit, highs, lows in ((0, self.ZERO_HIGH_NS, self.ZERO_LOW_NS), (1, self.ONE_HIGH_NS, self.ONE_LOW_NS)):
            if highs[0] <= high_ns <= highs[1]:
                return bit if lows[0] <= low_ns <= lows[1] or low_ns >= self.RESET_NS else None
        return None

    def _latch(self, bits: list[int]) -> None:
        """Each chip keeps the first 24 bits it gets, green, red, blue, and passes the others on."""
        for led in range(min(len(bits) // 24, len(self.shown))):
            green, red, blue = (_number(bits[24 * led + at : 24 * led + at + 8]) for at in (0, 8, 16))
            self.shown[led] = (red, green, blue)


class Apa102Chain:
    """Implements `SpiPort` with a strip of APA102, or SK9822 where it `latches`, on MOSI and SCLK.

    Each chip delays the data by half a clock, so that what comes after the last frame has to push it through; an SK9822
    shows its colour only when another 32 zeros came.
    """

    def __init__(self, leds: int, *, latches: bool = True) -> None:
        self.shown: list[Colour] = [DARK] * leds
        self.speed_hz = 0
        self._latches = latches

    def transfer(self, data: bytes) -> bytes:
        """Clock the bytes out; nothing answers."""
        bits = f"{int.from_bytes(data, 'big'):0{8 * len(data)}b}"
        begins = bits.find("1")
        if begins < 32:
            return bytes(len(data))
        frames: list[str] = []
        while bits.startswith("111", begins + 32 * len(frames)):
            frames.append(bits[begins + 32 * len(frames) :][:32])
        after = len(bits) - begins - 32 * len(frames)
        for led, frame in enumerate(frames[: len(self.shown)]):
            clocks = after + 32 * (len(frames) - 1 - led)
            if clocks >= led / 2 and (not self._latches or after >= 32 + led / 2):
                self.shown[led] = self._colour(frame)
        return bytes(len(data))

    def _colour(self, frame: str) -> Colour:
        share = int(frame[3:8], 2) / 31
        blue, green, red = (round(int(frame[at : at + 8], 2) * share) for at in (8, 16, 24))
        return red, green, blue


def _number(bits: list[int]) -> int:
    return sum(bit << 7 - place for place, bit in enumerate(bits))
