"""What the agent's file says of lights: one table [[lights]] for LEDs on pins, or for a strip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from msgspec import Meta, Struct

from contract.records import Name
from edge.driver_settings import I2C_PINS, SPI_PINS, DriverSettings, Nau7802Driver, Pin, Problem, SpeedHz
from edge.lighting.strips import APA102_LEDS_MAX, IDLE_MA, WS2812B_LEDS_MAX

LIGHTS_MAX = 16
PIN_LIGHTS_MAX = 24

Range = tuple[Annotated[int, Meta(ge=0)], Annotated[int, Meta(ge=0)]]
CurrentMa = Annotated[float, Meta(gt=0.0, le=10_000.0)]
Brightness = Annotated[float, Meta(gt=0.0, le=1.0)]


class PinLightSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="light", tag="gpio"):
    """LEDs on pins, each switched by a transistor. `pins` gives each position its pin."""

    pins: Annotated[dict[Name, Pin], Meta(min_length=1, max_length=PIN_LIGHTS_MAX)]

    def position_names(self) -> list[str]:
        """Return the positions it lights."""
        return list(self.pins)

    def claims(self) -> Iterator[tuple[str, str]]:
        """Yield each thing nothing else may use, after the key that names it."""
        for pin in self.pins.values():
            yield "pins", f"pin {pin}"


class _Strip(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A strip on an SPI bus of its own. `positions` gives each position its first and last LED, counted from 0."""

    spi_bus: Annotated[int, Meta(ge=0, le=9)]
    positions: Annotated[dict[Name, Range], Meta(min_length=1)]
    spi_device: Annotated[int, Meta(ge=0, le=2)] = 0
    current_max_ma: CurrentMa = 500.0
    brightness: Brightness = 0.4

    def position_names(self) -> list[str]:
        """Return the positions it lights."""
        return list(self.positions)

    def claims(self) -> Iterator[tuple[str, str]]:
        """Yield the bus and its pins: a strip listens to the bus whatever its chip select says."""
        yield "spi_bus", f"SPI bus {self.spi_bus}"
        for pin in SPI_PINS.get(self.spi_bus, ()):
            yield "spi_bus", f"pin {pin}"


class Ws2812bSettings(_Strip, frozen=True, kw_only=True, tag_field="light", tag="ws2812b"):
    """A strip of WS2812B: MOSI is its data."""

    leds: Annotated[int, Meta(ge=1, le=WS2812B_LEDS_MAX)]


class Apa102Settings(_Strip, frozen=True, kw_only=True, tag_field="light", tag="apa102"):
    """A strip of APA102 or SK9822: MOSI is its data, SCLK its clock."""

    leds: Annotated[int, Meta(ge=1, le=APA102_LEDS_MAX)]
    speed_hz: SpeedHz = 1_000_000


LightSettings = PinLightSettings | Ws2812bSettings | Apa102Settings
LIGHTS: Mapping[str, type[Struct]] = {"gpio": PinLightSettings, "ws2812b": Ws2812bSettings, "apa102": Apa102Settings}

EXPECTED = {
    "light": f"one of {', '.join(LIGHTS)}",
    "pins": f"a table of at most {PIN_LIGHTS_MAX} positions with the BCM number of the pin of each, 0 to 27",
    "positions": "a table of positions with the first and last LED of each, such as { b1-s1-p1 = [0, 3] }",
    "leds": f"how many LEDs the strip has: at most {WS2812B_LEDS_MAX} of WS2812B, {APA102_LEDS_MAX} of APA102",
    "current_max_ma": "milliamperes above 0, at most 10000",
    "brightness": "a share above 0, at most 1",
}
"""What each key may hold, in the words of who writes the file."""


def light_problems(lights: Sequence[LightSettings], drivers: Sequence[DriverSettings]) -> Iterator[Problem]:
    """Yield what is wrong between lights, and between them and converters on the same board."""
    claimed = _claimed_by(drivers)
    seen: set[str] = set()
    for index, light in enumerate(lights):
        place = ("lights", index)
        key = "pins" if isinstance(light, PinLightSettings) else "positions"
        for name in light.position_names():
            if name in seen:
                yield (*place, key), f"{key}: found {name!r} twice, expected every position in one table"
            seen.add(name)
        for claim_key, claim in light.claims():
            if claim in claimed:
                said = f"{claim_key}: found {claim}, which {claimed[claim]} uses already, expected one user"
                yield (*place, claim_key), said
            claimed[claim] = f"a light on {'pins' if isinstance(light, PinLightSettings) else 'SPI'}"
        if not isinstance(light, PinLightSettings):
            yield from ((((*place, key), said)) for key, said in _strip_problems(light))


def _claimed_by(drivers: Sequence[DriverSettings]) -> dict[str, str]:
    claimed = {claim: driver.driver for driver in drivers for _, claim in driver.claims()}
    for driver in drivers:
        if isinstance(driver, Nau7802Driver):
            claimed.update({f"pin {pin}": driver.driver for pin in I2C_PINS.get(driver.i2c_bus, ())})
    return claimed


def _strip_problems(strip: Ws2812bSettings | Apa102Settings) -> Iterator[tuple[str, str]]:
    used = Counter[int]()
    for name, (first, last) in strip.positions.items():
        if not first <= last < strip.leds:
            expected = f"the first and last of LEDs 0 to {strip.leds - 1}"
            yield "positions", f"positions: found {name!r} on {[first, last]}, expected {expected}"
            continue
        used.update(range(first, last + 1))
    if twice := [led for led, count in used.items() if count > 1]:
        yield "positions", f"positions: found LED {min(twice)} in two positions, expected every LED in one"
    idle_ma = IDLE_MA * strip.leds
    if strip.current_max_ma <= idle_ma:
        expected = f"more than the {idle_ma:g} mA that {strip.leds} LEDs take in the dark"
        yield "current_max_ma", f"current_max_ma: found {strip.current_max_ma:g}, expected {expected}"
