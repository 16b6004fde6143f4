"""What the agent's file says of converters: one table [[drivers]] for the plates on the same wires."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from msgspec import Meta, Struct

from contract.records import Name

Pin = Annotated[int, Meta(ge=0, le=27)]
"""A pin of the 40-pin header by its BCM number."""

GPIO_PLATES_MAX = 24
"""As many plates as one agent is measured with; the header has 28 pins."""

SPI_PINS: Mapping[int, tuple[int, ...]] = {0: (7, 8, 9, 10, 11), 1: (18, 19, 20, 21)}
I2C_PINS: Mapping[int, tuple[int, ...]] = {0: (0, 1), 1: (2, 3)}
"""Pins of the buses every Raspberry Pi has, with their chip selects; those of further buses depend on overlays."""

SpeedHz = Annotated[int, Meta(ge=40_000, le=4_000_000)]
"""A pulse is one bit long: 25 to 0.25 us, inside the 50 to 0.2 us of the HX711 (data sheet, figure 2)."""

RATES_SPS: Mapping[str, tuple[float, ...]] = {
    "hx711_gpio": (10.0, 80.0),
    "hx711_spi": (10.0, 80.0),
    "hx711_iio": (10.0, 80.0),
    "nau7802": (10.0, 20.0, 40.0, 80.0, 320.0),
}
"""Samples a second each converter can give."""

Problem = tuple[tuple[str | int, ...], str]
"""Where in the file something is wrong, and the sentence about it."""


class GpioDriver(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="driver", tag="hx711_gpio"):
    """HX711 converters on pins, one clock for all of them. `data_pins` gives each plate its pin."""

    clock_pin: Pin
    data_pins: Annotated[dict[Name, Pin], Meta(min_length=1, max_length=GPIO_PLATES_MAX)]

    @property
    def driver(self) -> str:
        """The word the file uses."""
        return "hx711_gpio"

    def plate_names(self) -> list[str]:
        """Return the plates it reads."""
        return list(self.data_pins)

    def claims(self) -> Iterator[tuple[str, str]]:
        """Yield each thing no other driver may use, after the key that names it."""
        yield "clock_pin", f"pin {self.clock_pin}"
        for pin in self.data_pins.values():
            yield "data_pins", f"pin {pin}"


class SpiDriver(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="driver", tag="hx711_spi"):
    """One HX711 on an SPI bus of its own: MOSI is its clock, MISO its data."""

    plate: Name
    spi_bus: Annotated[int, Meta(ge=0, le=9)]
    spi_device: Annotated[int, Meta(ge=0, le=2)] = 0
    speed_hz: SpeedHz = 1_000_000

    @property
    def driver(self) -> str:
        """The word the file uses."""
        return "hx711_spi"

    def plate_names(self) -> list[str]:
        """Return the plate it reads."""
        return [self.plate]

    def claims(self) -> Iterator[tuple[str, str]]:
        """Yield the bus and its pins: DOUT of an HX711 is never released, so a bus has one."""
        yield "spi_bus", f"SPI bus {self.spi_bus}"
        for pin in SPI_PINS.get(self.spi_bus, ()):
            yield "spi_bus", f"pin {pin}"


class IioDriver(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="driver", tag="hx711_iio"):
    """One HX711 the kernel reads. `iio_device` is its label, or its folder such as `iio:device0`."""

    plate: Name
    iio_device: Annotated[str, Meta(pattern=r"^[\w:.-]{1,64}$")]

    @property
    def driver(self) -> str:
        """The word the file uses."""
        return "hx711_iio"

    def plate_names(self) -> list[str]:
        """Return the plate it reads."""
        return [self.plate]

    def claims(self) -> Iterator[tuple[str, str]]:
        """Yield the device."""
        yield "iio_device", f"IIO device {self.iio_device}"


class Nau7802Driver(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="driver", tag="nau7802"):
    """NAU7802 converters on an I2C bus: one as `plate`, or several behind a TCA9548A as `mux_channels`."""

    i2c_bus: Annotated[int, Meta(ge=0, le=30)] = 1
    plate: Name | None = None
    mux_address: Annotated[int, Meta(ge=0x70, le=0x77)] = 0x70
    mux_channels: dict[Name, Annotated[int, Meta(ge=0, le=7)]] = {}

    @property
    def driver(self) -> str:
        """The word the file uses."""
        return "nau7802"

    def plate_names(self) -> list[str]:
        """Return the plates it reads."""
        return list(self.mux_channels) if self.plate is None else [self.plate]

    def claims(self) -> Iterator[tuple[str, str]]:
        """Yield what it uses of the bus: the one address of the chip, or channels of a multiplexer."""
        if self.plate is not None:
            yield "i2c_bus", f"the NAU7802 of I2C bus {self.i2c_bus}"
        for channel in self.mux_channels.values():
            yield "mux_channels", f"channel {channel} of {self.mux_address:#x} on I2C bus {self.i2c_bus}"


DriverSettings = GpioDriver | SpiDriver | IioDriver | Nau7802Driver
DRIVERS: Mapping[str, type[Struct]] = {
    "hx711_gpio": GpioDriver,
    "hx711_spi": SpiDriver,
    "hx711_iio": IioDriver,
    "nau7802": Nau7802Driver,
}


def wire_of(drivers: Sequence[DriverSettings], plate: str) -> str:
    """Return where a plate is wired, in the words of who holds the cable; empty when no driver names it."""
    driver = next((driver for driver in drivers if plate in driver.plate_names()), None)
    match driver:
        case GpioDriver():
            where = f"DOUT on BCM {driver.data_pins[plate]}, clock on BCM {driver.clock_pin}"
        case SpiDriver():
            where = f"SPI bus {driver.spi_bus}"
        case IioDriver():
            where = driver.iio_device
        case Nau7802Driver(plate=None):
            where = f"I2C bus {driver.i2c_bus}, channel {driver.mux_channels[plate]} of {driver.mux_address:#x}"
        case Nau7802Driver():
            where = f"I2C bus {driver.i2c_bus}"
        case None:
            return ""
    return f"{driver.driver}: {where}"


def driver_problems(drivers: Sequence[DriverSettings], rates_sps: Mapping[str, float]) -> Iterator[Problem]:
    """Yield what is wrong between drivers and plates; `rates_sps` are the plates of the file."""
    plates: set[str] = set()
    claimed: dict[str, str] = {}
    for index, driver in enumerate(drivers):
        place = ("drivers", index)
        if isinstance(driver, Nau7802Driver) and (driver.plate is None) == (not driver.mux_channels):
            yield (*place, "driver"), "nau7802: found neither or both, expected either plate or mux_channels"
        for name in driver.plate_names():
            yield from (
                ((*place, _plate_key(driver)), said) for said in _plate_problems(driver, name, plates, rates_sps)
            )
            plates.add(name)
        for key, claim in driver.claims():
            if claim in claimed:
                yield (*place, key), f"{key}: found {claim}, which {claimed[claim]} uses already, expected one user"
            claimed[claim] = driver.driver
        yield from _rate_problems(driver, place, rates_sps)
    yield from _bus_problems(drivers, claimed)


def _plate_problems(driver: DriverSettings, name: str, seen: set[str], rates_sps: Mapping[str, float]) -> Iterator[str]:
    key = _plate_key(driver)
    if name not in rates_sps:
        near = difflib.get_close_matches(name, rates_sps, n=1)
        yield f"{key}: found {name!r}, which is none of [[plates]]{f', did you mean {near[0]}?' if near else ''}"
    elif name in seen:
        yield f"{key}: found {name!r} twice, expected every plate in one driver"
    elif rates_sps[name] not in RATES_SPS[driver.driver]:
        rates = ", ".join(f"{rate:.0f}" for rate in RATES_SPS[driver.driver])
        yield f"{key}: found {name!r} with rate_sps {rates_sps[name]:g}, expected one of {rates} for {driver.driver}"


def _rate_problems(
    driver: DriverSettings, place: tuple[str | int, ...], rates_sps: Mapping[str, float]
) -> Iterator[Problem]:
    rates = {rates_sps[name] for name in driver.plate_names() if name in rates_sps}
    if isinstance(driver, GpioDriver) and len(rates) > 1:
        yield (*place, "data_pins"), "data_pins: found plates of several rate_sps, expected one rate for one clock"


def _bus_problems(drivers: Sequence[DriverSettings], claimed: Mapping[str, str]) -> Iterator[Problem]:
    """I2C buses are shared, but not their pins; and a chip beside a multiplexer would answer whatever channel is
    connected, because all have one address.
    """
    bare = {driver.i2c_bus for driver in drivers if isinstance(driver, Nau7802Driver) and driver.plate is not None}
    for index, driver in enumerate(drivers):
        if not isinstance(driver, Nau7802Driver):
            continue
        for pin in I2C_PINS.get(driver.i2c_bus, ()):
            if f"pin {pin}" in claimed:
                said = f"i2c_bus: found pin {pin}, which {claimed[f'pin {pin}']} uses already, expected one user"
                yield ("drivers", index, "i2c_bus"), said
        if driver.plate is None and driver.i2c_bus in bare:
            beside = f"found a NAU7802 beside the multiplexer on I2C bus {driver.i2c_bus}"
            yield ("drivers", index, "mux_channels"), f"mux_channels: {beside}, expected all behind it"


def _plate_key(driver: DriverSettings) -> str:
    match driver:
        case GpioDriver():
            return "data_pins"
        case Nau7802Driver(plate=None):
            return "mux_channels"
        case _:
            return "plate"
