"""What the agent says about its file."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import Struct

from contract.errors import ConfigurationError
from contract.records import BirthPlate, BirthZone
from contract.toml_text import SettingError
from edge.driver_settings import DRIVERS
from edge.light_settings import LIGHTS
from edge.reader_settings import READERS
from edge.settings import (
    EXPECTED,
    AgentSettings,
    PlateSettings,
    ZoneSettings,
    parse_settings,
    read_settings,
)

GOOD = """\
store = "corner-shop"
device = "bay-1"
hardware = "firmware_sim.wires:open_bay"
data_dir = "/var/lib/liveshelf"
broker = "mqtt://127.0.0.1:1883"
heartbeat_s = 30.0

[hardware_options]
socket = "/run/world.sock"
seed = 7

[[plates]]
plate = "b1-s1-l1"
bay = "b1"
shelf = "b1-s1"
zero_count = 84211.0
counts_per_g = 207.3
capacity_g = 10000.0
rate_sps = 10.0

[[plates]]
plate = "b1-s1-l2"
bay = "b1"
shelf = "b1-s1"
zero_count = 84000
counts_per_g = -201.5

[[zones]]
zone = "b3-s4-z1"
bay = "b3"
shelf = "b3-s4"
role = "shelf"
"""


def test_a_good_file_is_read_with_its_defaults() -> None:
    settings = parse_settings(GOOD)
    assert (settings.store, settings.device, settings.heartbeat_s, settings.health_s) == (
        "corner-shop",
        "bay-1",
        30.0,
        60.0,
    )
    assert settings.hardware_options == {"socket": "/run/world.sock", "seed": 7}
    assert [plate.plate for plate in settings.plates] == ["b1-s1-l1", "b1-s1-l2"]
    assert settings.plates[1].zero_count == 84_000.0


def test_the_birth_tells_plates_and_zones_as_they_were_configured() -> None:
    settings = parse_settings(GOOD)
    assert settings.birth_plates()[1] == BirthPlate(
        plate="b1-s1-l2",
        bay="b1",
        shelf="b1-s1",
        zero_count=84_000.0,
        counts_per_g=-201.5,
        capacity_g=10_000.0,
        rate_sps=10.0,
    )
    assert settings.birth_zones() == [BirthZone(zone="b3-s4-z1", bay="b3", shelf="b3-s4")]


@pytest.mark.parametrize(
    ("found", "instead", "line", "sentence"),
    [
        ("heartbeat_s", "hearbeat_s", 6, "hearbeat_s: unknown key, did you mean heartbeat_s?"),
        ("capacity_g", "capacity_kg", 18, "capacity_kg: unknown key, did you mean capacity_g?"),
        ("role =", "rolle =", 32, "rolle: unknown key, did you mean role?"),
        ("seed = 7\n", "seed = 7\n[cloud]\nurl = 1\n", 11, "cloud: unknown key, expected one of store, device"),
        ("-201.5", '"much"', 26, "counts_per_g: found 'much', expected a number of counts"),
        ("-201.5", "0", 26, "counts_per_g: found 0, expected counts one gram adds"),
        ("30.0", "-1", 6, "heartbeat_s: found -1, expected seconds above 0, at most 86400"),
        ("mqtt:", "http:", 5, "broker: found 'http://127.0.0.1:1883', expected an address such as mqtt://host:1883"),
        ("//127", "//bay:secret@ho st", 5, "broker: found 'mqtt://…@ho st.0.0.1:1883', expected an address such as"),
        ("mqtt://", "bay:secret@", 5, "broker: found '…@127.0.0.1:1883', expected an address such as"),
        ('"bay-1"', '"bay 1"', 2, "device: found 'bay 1', expected"),
        ('role = "shelf"', 'role = "cellar"', 32, "role: found 'cellar', expected one of shelf, "),
        ('store = "corner-shop"\n', "", 1, "store: missing, expected a value"),
        ('shelf = "b1-s1"\nzero_count = 84000', "zero_count = 84000", 21, "shelf: missing, expected a value"),
        ("b1-s1-l2", "b1-s1-l1", 22, "plate: found 'b1-s1-l1' twice, expected every plate once"),
        ("[[zones]]", "zones]]", 28, "Expected '=' after a key"),
    ],
)
def test_a_wrong_file_is_told_with_line_and_key(found: str, instead: str, line: int, sentence: str) -> None:
    assert found in GOOD
    with pytest.raises(SettingError) as caught:
        parse_settings(GOOD.replace(found, instead))
    assert str(caught.value).startswith(sentence)
    assert caught.value.line == line


def test_every_key_has_words_for_what_it_may_hold() -> None:
    kinds: tuple[type[Struct], ...] = (
        AgentSettings,
        PlateSettings,
        ZoneSettings,
        *DRIVERS.values(),
        *READERS.values(),
        *LIGHTS.values(),
    )
    assert set(EXPECTED) == {key for kind in kinds for key in kind.__struct_fields__} | {"driver", "reader", "light"}


def test_an_agent_without_any_sensor_is_refused() -> None:
    with pytest.raises(SettingError, match="plates: found none and no zones"):
        parse_settings(GOOD[: GOOD.index("[[plates]]")])


def test_the_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bay-1.toml"
    path.write_text(GOOD.replace("device", "devise"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"bay-1\.toml:2: devise: unknown key, did you mean device\?"):
        read_settings(path)


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.toml: cannot be read \(No such file or directory\)"):
        read_settings(tmp_path / "none.toml")


def test_a_file_that_is_not_text_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "bay-1.toml"
    path.write_bytes(b'store = "\xff"')
    with pytest.raises(ConfigurationError, match="byte 9 is not UTF-8"):
        read_settings(path)
