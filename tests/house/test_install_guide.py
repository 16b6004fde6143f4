"""What an installer reads fits what the agent takes: files, pins and pictures, paths of the unit."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from edge.driver_settings import I2C_PINS, DriverSettings, GpioDriver, Nau7802Driver, SpiDriver
from edge.sampling.wiring import hardware_function
from edge.settings import AgentSettings, parse_settings
from tests.house.source_tree import ROOT

GUIDE = ROOT / "docs/how-to/install-raspberry-pi.md"
PICTURES = ROOT / "docs/pictures/wiring"
TEXT = GUIDE.read_text(encoding="utf-8")
UNIT = (ROOT / "deploy/systemd/liveshelf-edge.service").read_text(encoding="utf-8")
EXAMPLES = re.compile(r"```toml\n(.*?)```", re.DOTALL)
CONNECTION = re.compile(r"BCM (\d+)[^()\n|]{0,12}?(?: \(| · )pin (\d+)")

HEADER = {
    2: 3, 3: 5, 4: 7, 14: 8, 15: 10, 17: 11, 18: 12, 27: 13, 22: 15, 23: 16, 24: 18, 10: 19, 9: 21, 25: 22, 11: 23,
    8: 24, 7: 26, 0: 27, 1: 28, 5: 29, 6: 31, 12: 32, 13: 33, 19: 35, 16: 36, 26: 37, 20: 38, 21: 40,
}  # fmt: skip
"""BCM number to pin of the 40-pin header (Raspberry Pi documentation, "GPIO and the 40-pin header")."""

SPI_DATA = {0: {9, 10}, 1: {19, 20}}
"""MISO and MOSI of a bus by their BCM numbers (same page)."""

SECTIONS = [section for section in re.split(r"(?m)^### ", TEXT) if "```toml" in section]


def pins_of(driver: DriverSettings) -> set[int]:
    """Return the pins somebody has to wire for a driver."""
    match driver:
        case GpioDriver():
            return {driver.clock_pin, *driver.data_pins.values()}
        case SpiDriver():
            return SPI_DATA[driver.spi_bus]
        case Nau7802Driver():
            return set(I2C_PINS[driver.i2c_bus])
        case _:
            raise AssertionError(driver)


def settings_of(section: str) -> AgentSettings:
    [example] = EXAMPLES.findall(section)
    return parse_settings(str(example))


def picture_of(section: str) -> str:
    [name] = re.findall(r"\.\./pictures/wiring/([\w.-]+\.svg)", section)
    return Path(PICTURES, name).read_text(encoding="utf-8")


def test_there_is_an_example_for_every_way_that_needs_no_overlay_of_ones_own() -> None:
    drivers = {settings_of(section).drivers[0].driver for section in SECTIONS}
    assert drivers == {"nau7802", "hx711_gpio", "hx711_spi"}


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.split(":")[0])
def test_file_table_and_picture_of_a_way_name_the_same_pins(section: str) -> None:
    settings = settings_of(section)
    wired = {pin for driver in settings.drivers for pin in pins_of(driver)}
    table = section.split("```toml", maxsplit=1)[0]
    picture = picture_of(section)
    for said in (table, picture):
        named = {int(bcm): int(pin) for bcm, pin in CONNECTION.findall(said)}
        assert set(named) == wired
        assert all(HEADER[bcm] == pin for bcm, pin in named.items())
    assert {driver.driver for driver in settings.drivers} <= set(re.findall(r"\w+", section.split("```toml")[1]))
    for plate in settings.plates:
        assert plate.plate in picture


def test_every_pin_the_guide_names_is_where_the_header_has_it() -> None:
    named = CONNECTION.findall(TEXT)
    assert len(named) > 8
    assert all(HEADER[int(bcm)] == int(pin) for bcm, pin in named)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.split(":")[0])
def test_an_example_runs_by_the_unit_on_a_board(section: str) -> None:
    settings = settings_of(section)
    assert callable(hardware_function(settings.hardware))
    assert settings.store == "_new"
    assert f"StateDirectory={Path(settings.data_dir).name}" in UNIT
    assert settings.data_dir.startswith("/var/lib/")


def test_the_guide_and_the_unit_name_the_same_user_file_and_groups() -> None:
    [config] = re.findall(r"--config (\S+)", UNIT)
    [user] = re.findall(r"(?m)^User=(\S+)", UNIT)
    [groups] = re.findall(r"(?m)^SupplementaryGroups=(.+)", UNIT)
    [python] = re.findall(r"(?m)^ExecStart=(\S+)", UNIT)
    assert f"-o {user} -g {user} -m 0600 agent.toml {config}" in TEXT
    assert f"useradd --system --home-dir /var/lib/liveshelf --shell /usr/sbin/nologin {user}" in TEXT
    assert f"python3 -m venv {Path(python).parents[1]}" in TEXT
    assert ", ".join(groups.split()) in TEXT


@pytest.mark.parametrize("picture", sorted(PICTURES.glob("*.svg")), ids=lambda path: path.name)
def test_a_picture_is_drawn_for_light_and_dark_and_says_what_it_shows(picture: Path) -> None:
    text = picture.read_text(encoding="utf-8")
    root = ET.fromstring(text)
    names = {child.tag.rpartition("}")[2]: child.text for child in root}
    assert names["title"]
    assert names["desc"]
    assert "prefers-color-scheme: dark" in text
    assert not re.search(r"<script|https?://(?!www\.w3\.org/2000/svg)", text)
    assert f"../pictures/wiring/{picture.name}" in TEXT
