"""What the world says over its socket, line by line, and the options of a simulated bay."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from contract.errors import ConfigurationError
from firmware_sim.bay_options import BayOptions, read_options
from firmware_sim.faults.commanded import CommandedFault
from firmware_sim.world_link import BadWorldLine, WorldChange, parse_change


def test_a_line_carries_loads_and_tags() -> None:
    line = b'{"loads": {"b1-s1-l1": 1250, "b1-s1-l2": -3.5}, "tags": {"z1": ["3034AB"], "z2": []}}'
    assert parse_change(line) == WorldChange(
        loads={"b1-s1-l1": 1250.0, "b1-s1-l2": -3.5}, tags={"z1": ["3034AB"], "z2": []}
    )


def test_a_line_may_name_only_what_changed() -> None:
    assert parse_change(b'{"loads": {"p": 1}, "weather": {"p": "hot"}}') == WorldChange(loads={"p": 1.0}, tags={})


def test_a_line_may_name_the_faults_somebody_asked_for() -> None:
    fault = CommandedFault(number=7, kind="spikes", subject="p", for_s=30.0, size=500.0)
    line = json.dumps({"faults": [fault.plain()]}).encode()
    assert parse_change(line) == WorldChange(loads={}, tags={}, faults=(fault,))


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        ({}, "faults: found {}, expected a list of faults"),
        ([1], "faults: found 1, expected an object"),
        ([{"kind": "power_cut"}], "faults: kind: found 'power_cut', expected one of spikes"),
        ([{"kind": "spikes", "number": "x"}], "faults: number: found 'x', expected a number"),
    ],
)
def test_a_line_of_faults_that_cannot_be_read_says_what_is_wrong(faults: object, said: str) -> None:
    with pytest.raises(BadWorldLine, match=re.escape(said)):
        parse_change(json.dumps({"faults": faults}).encode())


def test_a_line_may_name_the_plates_whose_plug_is_pulled() -> None:
    assert parse_change(b'{"unplugged": ["p"]}').unplugged == frozenset({"p"})
    assert parse_change(b'{"unplugged": []}').unplugged == frozenset()
    assert parse_change(b'{"loads": {"p": 1}}').unplugged is None


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (b"{", "expected a JSON object"),
        (b"\xff\xfe", "expected a JSON object"),
        (b"[1]", r"found \[1\], expected a JSON object"),
        (b'{"loads": [1]}', r"loads: found \[1\], expected an object"),
        (b'{"loads": {"p": "heavy"}}', r"loads\.p: found 'heavy', expected grams"),
        (b'{"loads": {"p": true}}', r"loads\.p: found True, expected grams"),
        (b'{"loads": {"p": NaN}}', r"loads\.p: found nan, expected grams"),
        (b'{"loads": {"p": 1e9}}', r"loads\.p: found 1000000000\.0, expected grams, at most 10000000"),
        (b'{"tags": {"z": "3034AB"}}', r"tags\.z: found '3034AB', expected a list"),
        (b'{"tags": {"z": [3034]}}', r"tags\.z: found \[3034\], expected a list"),
        (b'{"unplugged": "p"}', r"unplugged: found 'p', expected a list of plates"),
    ],
)
def test_a_line_that_is_not_of_the_protocol_is_named(line: bytes, named: str) -> None:
    with pytest.raises(BadWorldLine, match=named):
        parse_change(line)


def test_a_bay_needs_only_socket_and_seed() -> None:
    assert read_options({"socket": "world.sock", "seed": 7}) == BayOptions(socket=Path("world.sock"), seed=7)


def test_every_option_of_a_bay_can_be_set() -> None:
    options = {
        "socket": "world.sock",
        "seed": 7,
        "capacity_g": 5000,
        "capacities_g": {"b1-s1-l1": 30_000},
        "rate_sps": 80,
        "vibration": 0.0,
        "round_ms": 500.0,
        "blocked_share": 0.0,
    }
    read = read_options(options)
    assert read.capacities_g == {"b1-s1-l1": 30_000.0}
    assert (read.capacity_g, read.rate_sps, read.vibration, read.round_ms) == (5000.0, 80.0, 0.0, 500.0)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"seed": 7}, r"hardware_options\.socket: found None, expected the path"),
        ({"socket": 5, "seed": 7}, r"hardware_options\.socket: found 5, expected the path"),
        ({"socket": "s"}, r"hardware_options\.seed: found None, expected a whole number"),
        ({"socket": "s", "seed": True}, r"hardware_options\.seed: found True, expected a whole number"),
        ({"socket": "s", "seed": 7, "rate_sps": 60}, r"hardware_options\.rate_sps: found 60\.0, expected 10 or 80"),
        ({"socket": "s", "seed": 7, "vibration": -1}, r"hardware_options\.vibration: found -1, expected a number"),
        ({"socket": "s", "seed": 7, "round_ms": 0}, r"hardware_options\.round_ms: found 0, expected more than 0"),
        ({"socket": "s", "seed": 7, "capacities_g": 3}, r"hardware_options\.capacities_g: found 3, expected a table"),
        (
            {"socket": "s", "seed": 7, "capacities_g": {"p": 0}},
            r"hardware_options\.capacities_g\.p: found 0, expected more than 0",
        ),
        ({"socket": "s", "seed": 7, "vibraton": 1}, r"hardware_options\.vibraton: unknown.*did you mean vibration\?"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        read_options(options)
