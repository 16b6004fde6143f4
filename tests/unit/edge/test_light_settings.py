"""What the agent says about [[lights]] in its file."""

from __future__ import annotations

import pytest

from contract.toml_text import SettingError
from edge.light_settings import Apa102Settings, PinLightSettings, Ws2812bSettings
from edge.settings import parse_settings

GOOD = """\
store = "corner-shop"
device = "bay-1"
hardware = "edge.sampling.raspberry_pi:open_bay"
data_dir = "/var/lib/liveshelf"
broker = "mqtt://127.0.0.1:1883"

[[lights]]
light = "gpio"
pins = { p1 = 5, p2 = 6 }

[[lights]]
light = "ws2812b"
spi_bus = 0
leds = 12
positions = { p3 = [0, 5], p4 = [6, 11] }

[[lights]]
light = "apa102"
spi_bus = 1
leds = 4
positions = { p5 = [0, 3] }

[[drivers]]
driver = "hx711_gpio"
clock_pin = 17
data_pins = { b1-s1-l1 = 27 }

[[plates]]
plate = "b1-s1-l1"
bay = "b1"
shelf = "b1-s1"
zero_count = 0
counts_per_g = 200
"""


def test_each_kind_of_light_is_read_with_its_defaults() -> None:
    settings = parse_settings(GOOD)
    assert settings.lights == (
        PinLightSettings(pins={"p1": 5, "p2": 6}),
        Ws2812bSettings(
            spi_bus=0, leds=12, positions={"p3": (0, 5), "p4": (6, 11)}, current_max_ma=500.0, brightness=0.4
        ),
        Apa102Settings(spi_bus=1, leds=4, positions={"p5": (0, 3)}, speed_hz=1_000_000),
    )
    assert settings.lights_off_after_s == 120.0
    assert settings.birth_lights() == ["p1", "p2", "p3", "p4", "p5"]


@pytest.mark.parametrize(
    ("found", "instead", "line", "sentence"),
    [
        ('light = "gpio"', 'light = "gpo"', 8, "light: found 'gpo', did you mean gpio?"),
        ('light = "gpio"\n', "", 7, "light: missing, expected a value"),
        ('light = "gpio"', 'light = "neon"', 8, "light: found 'neon', expected one of gpio, ws2812b, apa102"),
        ("leds = 12\n", "leds = 12\nbrightnes = 1.0\n", 15, "brightnes: unknown key, did you mean brightness?"),
        ("leds = 12\n", "", 11, "leds: missing, expected a value"),
        ("p2 = 6", "p2 = 5", 9, "pins: found pin 5, which a light on pins uses already, expected one user"),
        ("p2 = 6", "p2 = 17", 9, "pins: found pin 17, which hx711_gpio uses already, expected one user"),
        ("p2 = 6", "p2 = 10", 13, "spi_bus: found pin 10, which a light on pins uses already, expected one user"),
        ("p3 = [0, 5]", "p1 = [0, 5]", 15, "positions: found 'p1' twice, expected every position in one table"),
        (
            "p4 = [6, 11]",
            "p4 = [6, 12]",
            15,
            "positions: found 'p4' on [6, 12], expected the first and last of LEDs 0 to 11",
        ),
        (
            "p4 = [6, 11]",
            "p4 = [5, 11]",
            15,
            "positions: found LED 5 in two positions, expected every LED in one",
        ),
        (
            "leds = 12\n",
            "leds = 12\ncurrent_max_ma = 12\n",
            15,
            "current_max_ma: found 12, expected more than the 12 mA that 12 LEDs take in the dark",
        ),
        (
            "spi_bus = 1",
            "spi_bus = 0",
            19,
            "spi_bus: found SPI bus 0, which a light on SPI uses already",
        ),
        ("leds = 12", "leds = 321", 14, "leds: found 321, expected how many LEDs the strip has"),
    ],
)
def test_a_wrong_light_is_told_with_line_and_key(found: str, instead: str, line: int, sentence: str) -> None:
    assert found in GOOD
    with pytest.raises(SettingError) as caught:
        parse_settings(GOOD.replace(found, instead, 1))
    assert str(caught.value).startswith(sentence)
    assert caught.value.line == line
