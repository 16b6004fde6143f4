"""What every load-cell line must do, real, simulated or scripted: a driver may rely on this and on nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from contract.clock import ManualClock
from contract.hardware import LoadCellLine
from firmware_sim.hx711 import SimulatedLine
from firmware_sim.load_cell import cell_for
from firmware_sim.plate import LoadedPlate
from firmware_sim.vibration import Vibration
from tests.fakes.load_cell_line import ScriptedLine

WAIT_S_MAX = 2.0


@dataclass
class Setup:
    """A line and what a test may do to it: let time pass, and tell which codes would be right."""

    line: LoadCellLine
    wait: Callable[[float], None]
    code_min: int
    code_max: int


def scripted() -> Setup:
    line = ScriptedLine([123_456])
    return Setup(line, lambda _: line.append(123_456) if not line.ready() else None, 123_456, 123_456)


def chip(input_count: float) -> Setup:
    clock = ManualClock()
    line = SimulatedLine(lambda _: input_count, clock, wall_ns=clock.mono_ms)
    line.start()
    clock.advance(1.0)
    return Setup(line, clock.advance, round(input_count), round(input_count))


def plate(load_g: float, rate_sps: float) -> Setup:
    clock = ManualClock()
    cell = cell_for(7, "b1-s1-l1")
    loaded = LoadedPlate(cell, seed=7, vibration=Vibration(7, "bay-1"), rate_sps=rate_sps)
    loaded.place(load_g, 0.0)
    line = SimulatedLine(loaded.signal, clock, rate_sps=rate_sps, wall_ns=clock.mono_ms)
    line.start(phase=0.3)
    clock.advance(1.0)
    expected, slack_g = cell.zero_count + load_g * cell.counts_per_g, 0.001 * load_g + 20.0
    slack = slack_g * cell.counts_per_g
    return Setup(line, clock.advance, round(expected - slack), round(expected + slack))


SETUPS: dict[str, Callable[[], Setup]] = {
    "scripted": scripted,
    "chip at a positive input": lambda: chip(2_345_678.0),
    "chip at a negative input": lambda: chip(-2_345_678.0),
    "empty plate at 10 samples a second": lambda: plate(0.0, 10.0),
    "loaded plate at 80 samples a second": lambda: plate(3000.0, 80.0),
}


@pytest.fixture(params=list(SETUPS))
def setup(request: pytest.FixtureRequest) -> Setup:
    return SETUPS[request.param]()


def wait_ready(setup: Setup) -> None:
    waited_s = 0.0
    while not setup.line.ready():
        assert waited_s < WAIT_S_MAX
        setup.wait(0.01)
        waited_s += 0.01


def read_word(line: LoadCellLine) -> int:
    word = 0
    for _ in range(24):
        word = word << 1 | line.clock_bit()
    return word


def code_of(word: int) -> int:
    return word - 2**24 if word & 0x800000 else word


def test_a_conversion_comes_within_two_seconds(setup: Setup) -> None:
    wait_ready(setup)


def test_looking_does_not_use_the_conversion_up(setup: Setup) -> None:
    wait_ready(setup)
    assert [setup.line.ready() for _ in range(5)] == [True] * 5
    assert setup.code_min <= code_of(read_word(setup.line)) <= setup.code_max


def test_every_pulse_gives_a_bit(setup: Setup) -> None:
    wait_ready(setup)
    assert {setup.line.clock_bit() for _ in range(25)} <= {0, 1}


def test_24_pulses_give_the_code_in_twos_complement_and_the_25th_leaves_dout_high(setup: Setup) -> None:
    for _ in range(3):
        wait_ready(setup)
        assert setup.code_min <= code_of(read_word(setup.line)) <= setup.code_max
        assert setup.line.clock_bit() == 1


def test_a_line_that_has_been_read_and_given_no_time_has_nothing_more(setup: Setup) -> None:
    wait_ready(setup)
    read_word(setup.line)
    setup.line.clock_bit()
    assert not setup.line.ready()


def test_bits_clocked_while_nothing_waits_are_ones(setup: Setup) -> None:
    wait_ready(setup)
    read_word(setup.line)
    setup.line.clock_bit()
    assert read_word(setup.line) == 0xFFFFFF
