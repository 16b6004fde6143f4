"""One value of the agent's file is changed, and everything else stays as somebody wrote it."""

from __future__ import annotations

import pytest

from edge.file_edits import NotEditable, Place, with_place, with_store
from edge.weighing.calibration import Calibration

FILE = """# fitted by Ada
store = "_new"   # nobody knows yet
device = "bay-1"

[[plates]]
plate = "p1"     # the left one
bay = "b0"
shelf = "s0"
zero_count = 0.0
counts_per_g = 1.0

[[plates]]
plate = "p2"
bay = "b0"
shelf = "s0"
zero_count = 0.0
counts_per_g = 1.0

[[zones]]
zone = "z1"
bay = "b0"
shelf = "s0"

[[drivers]]
driver = "hx711_gpio"
clock_pin = 5
data_pins = {p1 = 6, p2 = 13}

[[readers]]
reader = "llrp"
host = "reader"
[readers.zones]
1 = "z1"
"""


def test_a_device_gets_its_store_and_every_remark_stays() -> None:
    assert with_store(FILE, "corner-shop") == FILE.replace('"_new"', '"corner-shop"')


def test_a_plate_that_is_moved_keeps_its_name_and_line() -> None:
    moved = with_place(FILE, Place(kind="plate", name="p2", bay="b7", shelf="b7-s1", rename="p2"))
    first, second = FILE.index('plate = "p2"'), FILE.index("[[zones]]")
    assert moved[:first] == FILE[:first]
    assert 'bay = "b7"\nshelf = "b7-s1"\nzero_count = 0.0' in moved
    assert moved.endswith(FILE[second:])


def test_a_plate_that_is_renamed_is_renamed_at_its_driver_too_and_takes_its_line_along() -> None:
    line = Calibration(zero_count=812.5, counts_per_g=-20.25, version=4)
    renamed = with_place(FILE, Place(kind="plate", name="p1", bay="b7", shelf="s1", rename="b7-l1", line=line))
    assert 'plate = "b7-l1"     # the left one' in renamed
    assert "zero_count = 812.5\ncounts_per_g = -20.25\ncalibration_version = 4" in renamed
    assert "data_pins = {b7-l1 = 6" in renamed.replace('"b7-l1" =', "b7-l1 =").replace("{ ", "{")
    assert '"p1"' not in renamed


def test_a_zone_that_is_renamed_is_renamed_at_its_reader_too() -> None:
    renamed = with_place(FILE, Place(kind="zone", name="z1", bay="b7", shelf="s1", rename="b7-z1"))
    assert 'zone = "b7-z1"\nbay = "b7"\nshelf = "s1"' in renamed
    assert '1 = "b7-z1"' in renamed


def test_a_text_that_means_something_else_afterwards_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tomlkit.dumps", lambda _document: FILE)
    with pytest.raises(NotEditable):
        with_store(FILE, "corner-shop")
