"""What the agent says about the RFID readers of its file, and how it opens them."""

from __future__ import annotations

import importlib

import pytest

from contract.clock import ManualClock
from contract.errors import ConfigurationError
from contract.ids import ZoneId
from contract.toml_text import SettingError
from edge.reader_settings import LlrpReaderSettings, SerialUhfSettings, zones_read
from edge.sampling.readers import open_readers
from edge.settings import parse_settings

GOOD = """\
store = "corner-shop"
device = "bay-3"
hardware = "firmware_sim.wires:open_bay"
data_dir = "/var/lib/liveshelf"
broker = "mqtt://127.0.0.1:1883"

[[zones]]
zone = "b3-s4-z1"
bay = "b3"
shelf = "b3-s4"

[[zones]]
zone = "b3-door"
bay = "b3"
shelf = "b3-s4"
role = "backroom_door"

[[readers]]
host = "192.168.1.30"
antennas = { 1 = "b3-s4-z1", 2 = "b3-door" }

[[readers]]
host = "reader-2.shop.lan"
port = 50840
antennas = { 4 = "b3-door" }

[[readers]]
reader = "serial_uhf"
serial_port = "/dev/ttyUSB0"
zone = "b3-door"
baud = 9600
power_dbm = 20
region = "eu"
"""


def test_each_antenna_of_a_reader_has_its_zone() -> None:
    first, second, third = parse_settings(GOOD).readers
    assert isinstance(first, LlrpReaderSettings)
    assert isinstance(second, LlrpReaderSettings)
    assert (first.host, first.port) == ("192.168.1.30", 5084)
    assert first.zones_by_antenna() == {1: ZoneId("b3-s4-z1"), 2: ZoneId("b3-door")}
    assert second.port == 50_840
    assert third == SerialUhfSettings(
        serial_port="/dev/ttyUSB0", zone="b3-door", baud=9_600, power_dbm=20.0, region="eu"
    )
    assert zones_read([first, second]) == {"b3-s4-z1", "b3-door"}
    assert zones_read([third]) == {"b3-door"}


def test_a_module_needs_no_more_than_its_port_and_its_zone() -> None:
    text = GOOD.replace('baud = 9600\npower_dbm = 20\nregion = "eu"\n', "")
    assert parse_settings(text).readers[2] == SerialUhfSettings(serial_port="/dev/ttyUSB0", zone="b3-door")


def test_a_reader_may_say_that_it_speaks_llrp() -> None:
    text = GOOD.replace('[[readers]]\nhost = "192', '[[readers]]\nreader = "llrp"\nhost = "192')
    assert parse_settings(text).readers == parse_settings(GOOD).readers


@pytest.mark.parametrize(
    ("found", "instead", "line", "sentence"),
    [
        ("antennas = { 1", "antenas = { 1", 20, "antenas: unknown key, did you mean antennas?"),
        ('host = "192', 'hots = "192', 19, "hots: unknown key, did you mean host?"),
        ('[[readers]]\nhost = "192', '[[reader]]\nhost = "192', 18, "reader: unknown key, did you mean readers?"),
        ("192.168.1.30", "http://192.168.1.30", 19, "host: found 'http://192.168.1.30', expected the name or address"),
        ("50840", "0", 24, "port: found 0, expected a port from 1 to 65535"),
        ('{ 4 = "b3-door" }', "{}", 25, "antennas: found {}, expected a table of antenna numbers and zones"),
        ('{ 4 = "b3-door" }', "{ 4 = 1 }", 25, "antennas: found {'4': 1}, expected a table of antenna numbers"),
        ("4 = ", "left = ", 25, "antennas: found 'left', expected the number of an antenna, 1 to 65535"),
        ("4 = ", "0 = ", 25, "antennas: found '0', expected the number of an antenna"),
        ("{ 4 = ", '{ 04 = "b3-door", 4 = ', 25, "antennas: found 04, 4, expected every antenna once"),
        ('4 = "b3-door"', '4 = "b3-dor"', 25, "antennas: found zone 'b3-dor', did you mean b3-door?"),
        ('4 = "b3-door"', '4 = "x"', 25, "antennas: found zone 'x', expected one of b3-s4-z1, b3-door"),
        ('reader-2.shop.lan"\nport = 50840', '192.168.1.30"', 23, "host: found '192.168.1.30' twice, expected"),
        ('"serial_uhf"', '"serial_uhv"', 28, "reader: found 'serial_uhv', did you mean serial_uhf?"),
        ('"serial_uhf"', "7", 28, "reader: found 7, expected one of llrp, serial_uhf"),
        ('reader = "serial_uhf"\n', "", 27, "reader: missing, expected 'serial_uhf' for a table with serial_port"),
        ("serial_port =", "serial_prot =", 29, "serial_prot: unknown key, did you mean serial_port?"),
        ('"/dev/ttyUSB0"', '"ttyUSB0"', 29, "serial_port: found 'ttyUSB0', expected the path of a serial port"),
        ('serial_port = "/dev/ttyUSB0"\n', "", 27, "serial_port: missing, expected a value"),
        ('zone = "b3-door"\nbaud', 'zone = "b3-dor"\nbaud', 30, "zone: found 'b3-dor', did you mean b3-door?"),
        ("9600", "1200", 31, "baud: found 1200, expected one of 9600, 19200, 38400, 57600, 115200"),
        ("power_dbm = 20", "power_dbm = 40", 32, "power_dbm: found 40, expected dBm from 0 to 33"),
        ('"eu"', '"europe"', 33, "region: found 'europe', expected one of china_900, us, eu, china_800, korea"),
        ('region = "eu"', 'region = "eu"\nport = 5', 34, "port: unknown key, expected one of reader, serial_port"),
    ],
)
def test_a_wrong_reader_is_told_with_line_and_key(found: str, instead: str, line: int, sentence: str) -> None:
    assert found in GOOD
    with pytest.raises(SettingError) as caught:
        parse_settings(GOOD.replace(found, instead))
    assert str(caught.value).startswith(sentence)
    assert caught.value.line == line


def test_readers_without_zones_are_told_that_there_are_none() -> None:
    plate = '[[plates]]\nplate = "l1"\nbay = "b3"\nshelf = "s"\nzero_count = 1\ncounts_per_g = 1\n'
    with pytest.raises(SettingError, match=r"expected a zone of a table \[\[zones\]\], and there is none"):
        parse_settings(GOOD[: GOOD.index("[[zones]]")] + plate + GOOD[GOOD.index("[[readers]]") :])


def test_two_tables_with_one_port_are_refused() -> None:
    again = GOOD[GOOD.index('[[readers]]\nreader = "serial_uhf"') :]
    with pytest.raises(SettingError, match="serial_port: found '/dev/ttyUSB0' twice, expected every reader once"):
        parse_settings(GOOD + again)


@pytest.mark.parametrize(("reader", "module", "package"), [(0, "llrpkit", "llrpkit"), (2, "serial", "pyserial")])
def test_without_the_package_the_extra_is_named(
    reader: int, module: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_: str) -> object:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr(importlib, "import_module", missing)
    said = rf"readers: need {package}, which is not installed; pip install 'liveshelf\[edge-rfid\]' brings it"
    with pytest.raises(ConfigurationError, match=said):
        open_readers([parse_settings(GOOD).readers[reader]], ManualClock())


def test_an_agent_without_readers_needs_no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(importlib, "import_module")
    assert open_readers([], ManualClock()) == []
