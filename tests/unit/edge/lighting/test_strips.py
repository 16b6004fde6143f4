"""What an addressable strip is sent: every colour arrives, and no strip takes more current than it may."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.lighting.outputs import StripLights
from edge.lighting.showing import Glow
from edge.lighting.strips import (
    APA102_LEDS_MAX,
    WS2812B_LEDS_MAX,
    WS2812B_SPEED_HZ,
    apa102_bytes,
    current_ma,
    ws2812b_bytes,
)
from firmware_sim.lights import DARK, Apa102Chain, Ws2812bChain

SPIDEV_BYTES = 4_096
COLOURS = st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=70)


@given(COLOURS)
def test_every_ws2812b_of_a_strip_shows_its_colour(colours: list[tuple[int, int, int]]) -> None:
    strip = Ws2812bChain(len(colours))
    for speed_hz in (3_160_000, WS2812B_SPEED_HZ, 3_330_000):
        strip.speed_hz = speed_hz
        strip.transfer(ws2812b_bytes(colours))
        assert (strip.shown, strip.glitches) == (colours, 0)


@pytest.mark.parametrize("latches", [False, True], ids=["apa102", "sk9822"])
@given(colours=COLOURS)
def test_every_apa102_of_a_strip_shows_its_colour(colours: list[tuple[int, int, int]], *, latches: bool) -> None:
    strip = Apa102Chain(len(colours), latches=latches)
    strip.transfer(apa102_bytes(colours))
    assert strip.shown == colours


def test_the_longest_strip_goes_through_the_kernel_in_one_piece() -> None:
    assert len(ws2812b_bytes([DARK] * WS2812B_LEDS_MAX)) <= SPIDEV_BYTES
    assert len(apa102_bytes([DARK] * APA102_LEDS_MAX)) <= SPIDEV_BYTES


@given(
    leds=st.integers(1, 300),
    current_max_ma=st.floats(301.0, 10_000.0),
    brightness=st.floats(0.01, 1.0),
    colour=st.tuples(*[st.integers(0, 255)] * 3),
)
def test_no_strip_takes_more_current_than_it_may(
    leds: int, current_max_ma: float, brightness: float, colour: tuple[int, int, int]
) -> None:
    strip = Ws2812bChain(leds)
    strip.speed_hz = WS2812B_SPEED_HZ
    lights = StripLights(
        strip,
        ws2812b_bytes,
        {"p1": (0, leds - 1)},
        leds=leds,
        current_max_ma=current_max_ma,
        brightness=brightness,
    )
    lights.show({"p1": Glow(colour, lit=True)})
    assert current_ma(strip.shown) <= current_max_ma + 1e-6
    assert all(shown <= wanted * brightness for shown, wanted in zip(strip.shown[0], colour, strict=True))


def test_brightness_does_not_change_while_another_position_blinks() -> None:
    strip = Ws2812bChain(20)
    strip.speed_hz = WS2812B_SPEED_HZ
    positions = {"p1": (0, 9), "p2": (10, 19)}
    lights = StripLights(strip, ws2812b_bytes, positions, leds=20, current_max_ma=300.0, brightness=1.0)
    lights.show({"p1": Glow((255, 255, 255), lit=True), "p2": Glow((255, 255, 255), lit=True)})
    both = strip.shown[0]
    lights.show({"p1": Glow((255, 255, 255), lit=True), "p2": Glow((255, 255, 255), lit=False)})
    assert strip.shown[0] == both != DARK
    assert strip.shown[19] == DARK
