"""An agent's file is checked before it is carried to the shelf."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.errors import ConfigurationError
from liveshelf.fitting.check import checked_lines

FILE = """store = "main-street"
device = "bay-1"
hardware = "edge.sampling.raspberry_pi:open_bay"
data_dir = "/var/lib/liveshelf"
broker = "mqtt://bay-1:secret@broker.example:1883"

[[plates]]
plate = "b1-s1-l1"
bay = "b1"
shelf = "b1-s1"
zero_count = 0.0
counts_per_g = 100.0

[[zones]]
zone = "b1-door"
bay = "b1"
shelf = "b1-s1"
role = "backroom_door"

[[readers]]
host = "192.0.2.1"
antennas = { 1 = "b1-door" }

[[drivers]]
driver = "hx711_iio"
plate = "b1-s1-l1"
iio_device = "left"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "agent.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_a_right_file_is_told_as_what_it_describes_without_its_password(file: Path) -> None:
    assert list(checked_lines(file)) == [
        f"{file}: device bay-1 of store main-street, broker broker.example:1883",
        "  plate b1-s1-l1: shelf b1-s1 of bay b1, 10 samples/s, hx711_iio: left",
        "  zone b1-door: shelf b1-s1 of bay b1, backroom_door",
        "ok: 1 plates on 1 shelves, 1 zones",
    ]


@pytest.mark.parametrize(
    ("found", "written", "line", "said"),
    [
        ("counts_per_g", "count_per_g", 12, "count_per_g: unknown key, did you mean counts_per_g?"),
        ('"hx711_iio"', '"hx711_io"', 25, "driver: found 'hx711_io', did you mean hx711_iio?"),
        (
            "raspberry_pi:",
            "raspbery_pi:",
            3,
            "hardware: found 'edge.sampling.raspbery_pi:open_bay', which cannot be loaded",
        ),
        ("zero_count = 0.0", 'zero_count = "0"', 11, "zero_count: found '0', expected a number of counts"),
    ],
)
def test_a_slip_is_named_with_file_line_and_what_was_meant(
    file: Path, found: str, written: str, line: int, said: str
) -> None:
    file.write_text(FILE.replace(found, written), encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        list(checked_lines(file))
    assert str(refused.value).startswith(f"{file}:{line}: {said}")


def test_a_package_this_machine_lacks_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liveshelf.fitting.check.find_spec", lambda _package: None)
    file.write_text(
        FILE.replace('"hx711_iio"', '"hx711_spi"').replace('iio_device = "left"', "spi_bus = 0"), encoding="utf-8"
    )
    said = "  not on this machine: spidev, which hx711_spi needs (pip install 'liveshelf[edge-pi]')"
    assert said in list(checked_lines(file))
