"""What the agent says about [[drivers]] in its file."""

from __future__ import annotations

import pytest

from contract.toml_text import SettingError
from edge.driver_settings import GpioDriver, IioDriver, Nau7802Driver, SpiDriver
from edge.settings import parse_settings

HEAD = """\
store = "corner-shop"
device = "bay-1"
hardware = "edge.sampling.raspberry_pi:open_bay"
data_dir = "/var/lib/liveshelf"
broker = "mqtt://127.0.0.1:1883"

[[drivers]]
driver = "hx711_gpio"
clock_pin = 17
data_pins = { b1-s1-l1 = 5, b1-s1-l2 = 6 }

[[drivers]]
driver = "hx711_spi"
plate = "b1-s1-l3"
spi_bus = 0

[[drivers]]
driver = "hx711_iio"
plate = "b1-s1-l4"
iio_device = "left"

[[drivers]]
driver = "nau7802"
mux_channels = { b1-s1-l5 = 0, b1-s1-l6 = 7 }
"""
PLATES = "".join(
    f"""
[[plates]]
plate = "b1-s1-l{number}"
bay = "b1"
shelf = "b1-s1"
zero_count = 0
counts_per_g = 200
rate_sps = {rate}
"""
    for number, rate in enumerate((10, 10, 80, 10, 20, 10), start=1)
)
GOOD = HEAD + PLATES


def test_each_driver_is_read_with_its_defaults() -> None:
    gpio, spi, iio, nau7802 = parse_settings(GOOD).drivers
    assert gpio == GpioDriver(clock_pin=17, data_pins={"b1-s1-l1": 5, "b1-s1-l2": 6})
    assert spi == SpiDriver(plate="b1-s1-l3", spi_bus=0, spi_device=0, speed_hz=1_000_000)
    assert iio == IioDriver(plate="b1-s1-l4", iio_device="left")
    assert nau7802 == Nau7802Driver(i2c_bus=1, mux_address=0x70, mux_channels={"b1-s1-l5": 0, "b1-s1-l6": 7})


@pytest.mark.parametrize(
    ("found", "instead", "line", "sentence"),
    [
        ('"hx711_spi"', '"hx711_spy"', 13, "driver: found 'hx711_spy', did you mean hx711_spi?"),
        ('"nau7802"', '"ads1232"', 23, "driver: found 'ads1232', expected one of hx711_gpio, hx711_spi"),
        ('driver = "nau7802"\n', "", 22, "driver: missing, expected a value"),
        ("clock_pin", "clok_pin", 9, "clok_pin: unknown key, did you mean clock_pin?"),
        ("spi_bus = 0", "i2c_bus = 0", 15, "i2c_bus: unknown key, did you mean spi_bus?"),
        ("clock_pin = 17", "clock_pin = 40", 9, "clock_pin: found 40, expected the BCM number of a pin, 0 to 27"),
        ("clock_pin = 17\n", "", 7, "clock_pin: missing, expected a value"),
        ("b1-s1-l2 = 6", "b1-s1-l2 = 60", 10, "data_pins: found {'b1-s1-l1': 5, 'b1-s1-l2': 60}, expected a table of"),
        ("b1-s1-l2 = 6", "b1-s1-l2 = 5", 10, "data_pins: found pin 5, which"),
        ("clock_pin = 17", "clock_pin = 11", 15, "spi_bus: found pin 11, which hx711_gpio uses already, expected one"),
        ("b1-s1-l2 = 6", "b1-s1-l2 = 3", 22, "i2c_bus: found pin 3, which hx711_gpio uses already, expected one"),
        ("b1-s1-l2 = 6", "b1-s1-l2 = 17", 10, "data_pins: found pin 17, which"),
        ("spi_bus = 0", "spi_bus = 0\nspeed_hz = 5", 16, "speed_hz: found 5, expected bits a second from 40000"),
        ("b1-s1-l6 = 7", "b1-s1-l6 = 8", 24, "mux_channels: found {'b1-s1-l5': 0, 'b1-s1-l6': 8}, expected a table"),
        ("b1-s1-l6 = 7", "b1-s1-l6 = 0", 24, "mux_channels: found channel 0 of 0x70 on I2C bus 1, which"),
        ('plate = "b1-s1-l3"', 'plate = "b1-s1-13"', 14, "plate: found 'b1-s1-13', which is none of [[plates]], did"),
        ('plate = "b1-s1-l3"', 'plate = "b1-s1-l1"', 14, "plate: found 'b1-s1-l1' twice, expected every plate in one"),
        ("b1-s1-l2 = 6", "b1-s1-l5 = 6", 10, "data_pins: found 'b1-s1-l5' with rate_sps 20, expected one of 10, 80"),
        ("b1-s1-l2 = 6", "b1-s1-l3 = 6", 10, "data_pins: found plates of several rate_sps, expected one rate for one"),
        ('"left"', '"a b"', 20, "iio_device: found 'a b', expected a label, or a folder such as iio:device0"),
        ("mux_channels", 'plate = "b1-s1-l5"\nmux_channels', 23, "nau7802: found neither or both, expected either"),
        ("mux_channels = { b1-s1-l5 = 0, b1-s1-l6 = 7 }\n", "", 23, "nau7802: found neither or both, expected either"),
    ],
)
def test_a_wrong_driver_is_told_with_line_and_key(found: str, instead: str, line: int, sentence: str) -> None:
    assert found in HEAD
    with pytest.raises(SettingError) as caught:
        parse_settings(HEAD.replace(found, instead) + PLATES)
    assert str(caught.value).startswith(sentence)
    assert caught.value.line == line


def test_two_converters_on_one_spi_bus_are_refused_because_neither_lets_go_of_its_data_line() -> None:
    text = HEAD.replace('"hx711_iio"', '"hx711_spi"').replace('iio_device = "left"', "spi_bus = 0\nspi_device = 1")
    with pytest.raises(SettingError, match="spi_bus: found SPI bus 0, which hx711_spi uses already, expected one user"):
        parse_settings(text + PLATES)


def test_a_nau7802_beside_a_multiplexer_is_refused_because_all_have_one_address() -> None:
    text = HEAD.replace('"hx711_iio"', '"nau7802"').replace('iio_device = "left"', "i2c_bus = 1")
    with pytest.raises(
        SettingError, match="found a NAU7802 beside the multiplexer on I2C bus 1, expected all behind it"
    ):
        parse_settings(text + PLATES)
