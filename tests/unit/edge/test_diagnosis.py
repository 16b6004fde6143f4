"""What is said of a part to whoever stands before it."""

from __future__ import annotations

import pytest

from contract.records import HealthRecord
from edge.advice import PLATE, REJECTED, Advice
from edge.diagnosis import finding
from edge.driver_settings import GpioDriver, IioDriver, Nau7802Driver, SpiDriver, wire_of


def plate(verdict: str, samples: int = 0, **rejected: int) -> HealthRecord:
    return HealthRecord(mono_ms=1, subject="plate:l1", verdict=verdict, samples=samples, rejected=rejected)


def test_a_part_that_is_well_has_nothing_wrong_and_nothing_to_do() -> None:
    said = finding(plate("ok", 600, settling=4, unready=10), measured={"weight_g": 1.0})
    assert (said["wrong"], said["todo"], said["measured"]) == ("", "", {"weight_g": 1.0})


def test_a_cable_that_is_off_is_said_with_why_its_samples_were_rejected() -> None:
    said = finding(plate("unplugged", 0, all_ones=30, unready=2), measured={"weight_g": None})
    assert (
        said["wrong"] == f"{PLATE['unplugged'].wrong}; 100 % of the samples are rejected: {REJECTED['all_ones'].wrong}"
    )
    assert said["todo"].startswith(PLATE["unplugged"].todo)
    assert said["todo"].endswith(REJECTED["all_ones"].todo)


def test_a_plate_that_weighs_rightly_but_loses_one_sample_in_ten_is_to_be_looked_at() -> None:
    said = finding(plate("ok", 540, lost_bits=60), measured={})
    assert said["verdict"] == "ok"
    assert said["wrong"] == f"10 % of the samples are rejected: {REJECTED['lost_bits'].wrong}"


def test_a_converter_that_only_settles_is_well() -> None:
    assert not finding(plate("ok", 0, settling=4), measured={})["wrong"]


def test_what_a_device_gave_up_is_no_share_of_samples() -> None:
    agent = HealthRecord(mono_ms=1, subject="agent", verdict="ok", rejected={"reader_away": 4})
    assert not finding(agent, measured={})["wrong"]


def test_what_is_wrong_beside_the_verdict_is_said_after_it() -> None:
    agent = HealthRecord(mono_ms=1, subject="agent", verdict="ok")
    said = finding(agent, measured={}, also=(Advice("no broker", "look at the network"),), store="s")
    assert (said["wrong"], said["todo"], said["store"]) == ("no broker", "look at the network", "s")


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("a", "hx711_gpio: DOUT on BCM 5, clock on BCM 17"),
        ("b", "hx711_spi: SPI bus 0"),
        ("c", "hx711_iio: left"),
        ("d", "nau7802: I2C bus 1, channel 3 of 0x71"),
        ("e", "nau7802: I2C bus 4"),
        ("f", ""),
    ],
)
def test_a_plate_is_said_to_be_where_its_cable_goes(name: str, where: str) -> None:
    drivers = (
        GpioDriver(clock_pin=17, data_pins={"a": 5}),
        SpiDriver(plate="b", spi_bus=0),
        IioDriver(plate="c", iio_device="left"),
        Nau7802Driver(mux_address=0x71, mux_channels={"d": 3}),
        Nau7802Driver(plate="e", i2c_bus=4),
    )
    assert wire_of(drivers, name) == where
