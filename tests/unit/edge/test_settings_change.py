"""Whoever changed the settings of a device is told what is different now."""

from __future__ import annotations

from msgspec.structs import replace

from edge.settings import parse_settings
from edge.settings_change import changed_keys

FILE = """
store = "corner-shop"
device = "bay-1"
hardware = "firmware_sim.wires:open_bay"
data_dir = "data"
broker = "mqtt://broker"
[[plates]]
plate = "p1"
bay = "b1"
shelf = "s1"
zero_count = 0.0
counts_per_g = 1.0
[[plates]]
plate = "p2"
bay = "b1"
shelf = "s1"
zero_count = 0.0
counts_per_g = 1.0
"""


def test_nothing_is_different_where_nothing_was_changed() -> None:
    assert changed_keys(parse_settings(FILE), parse_settings(f"# a remark\n{FILE}")) == []


def test_what_changed_is_named_by_its_key_and_its_plate() -> None:
    before = parse_settings(FILE)
    left, right = before.plates
    after = replace(before, broker="mqtt://other", plates=(left, replace(right, shelf="s2")))
    assert changed_keys(before, after) == ["broker", "plates.p2.shelf"]


def test_a_plate_that_came_or_went_is_named_as_a_whole() -> None:
    before = parse_settings(FILE)
    left, right = before.plates
    after = replace(before, plates=(left, replace(right, plate="p3")))
    assert changed_keys(before, after) == ["plates.p2", "plates.p3"]
