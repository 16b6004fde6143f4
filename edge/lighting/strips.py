"""The bytes an addressable LED strip wants on an SPI bus, and how bright it may be (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from edge.lighting.signals import Colour

DARK: Colour = (0, 0, 0)

WS2812B_SPEED_HZ = 3_200_000
"""A bit of the bus takes 312.5 ns, four of them a bit of the strip."""

WS2812B_BITS = {0: 0b1000, 1: 0b1110}
"""High for 312.5 ns and low for 937.5 ns is a 0, the other way round a 1. Both data sheets allow all four times:
WS2812B (2013) 400, 850, 800 and 450 ns, each +-150; WS2812B-V5 220 to 380, 580 to 1000, 580 to 1000 and 220 to 420 ns.
The bus may run at 3.16 to 3.33 MHz. Every byte ends low, so a bus that pauses between bytes makes a low time longer,
which no chip minds up to its reset."""

WS2812B_RESET_BYTES = 128
"""Low for 320 us, before and after: the chips show what they were sent after 280 us (WS2812B-V5; 50 us before)."""

WS2812B_LEDS_MAX = 320
"""What goes through spidev in one piece, 4,096 bytes; in two the pause between them would be a reset."""

APA102_LEDS_MAX = 960
"""The same, at four bytes an LED."""

APA102_LED = 0b111_11111
"""Begins each LED's frame: three ones and its own brightness, which stays full."""

CHANNEL_MA = 20.0
"""A colour at 255 (WS2812B and APA102 data sheets; the V5 takes 12)."""

IDLE_MA = 1.0
"""An LED that is dark: its driver takes 0.6 to 1 mA."""


def ws2812b_bytes(colours: Sequence[Colour]) -> bytes:
    """Return what MOSI has to say at WS2812B_SPEED_HZ for a strip of these colours, the nearest LED first: green, red,
    blue, the high bit first (WS2812B data sheet).
    """
    return (
        bytes(WS2812B_RESET_BYTES)
        + b"".join(_WS2812B_BYTE[channel] for red, green, blue in colours for channel in (green, red, blue))
        + bytes(WS2812B_RESET_BYTES)
    )


def apa102_bytes(colours: Sequence[Colour]) -> bytes:
    """Return what MOSI has to say for a strip of APA102 or SK9822 in these colours, the nearest LED first.

    A start of 32 zeros, then for each LED 111, brightness, blue, green, red (APA102 data sheet). The end is 32 zeros,
    after which an SK9822 shows its colours, and half a clock for each LED, by which each delays the data ("SK9822 - a
    clone of the APA102?", cpldcpu 2016); zeros, because ones would light LEDs beyond those that are named.
    """
    frames = b"".join(bytes((APA102_LED, blue, green, red)) for red, green, blue in colours)
    return bytes(4) + frames + bytes(4 + (len(colours) + 15) // 16)


def current_ma(colours: Sequence[Colour]) -> float:
    """Return what a strip takes at most in these colours."""
    return IDLE_MA * len(colours) + CHANNEL_MA * sum(map(sum, colours)) / 255


def brightness_within(colours: Sequence[Colour], current_max_ma: float, brightness: float) -> float:
    """Return how bright, 0 to 1, a strip may be so that it takes no more than `current_max_ma`, and `brightness` at
    most. Whoever dims by it rounds down.
    """
    idle_ma = IDLE_MA * len(colours)
    full_ma = current_ma(colours) - idle_ma
    return min(brightness, max(current_max_ma - idle_ma, 0.0) / full_ma) if full_ma else brightness


def dimmed(colour: Colour, brightness: float) -> Colour:
    """Return a colour at a share of its brightness, rounded down."""
    red, green, blue = colour
    return int(red * brightness), int(green * brightness), int(blue * brightness)


def _ws2812b_byte(value: int) -> bytes:
    bits = 0
    for place in range(7, -1, -1):
        bits = bits << 4 | WS2812B_BITS[value >> place & 1]
    return bits.to_bytes(4, "big")


_WS2812B_BYTE = tuple(_ws2812b_byte(value) for value in range(256))
