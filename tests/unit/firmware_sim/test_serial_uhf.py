"""A simulated serial UHF module answers as the protocol of its makers says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.clock import ManualClock
from firmware_sim.serial_line import as_heard
from firmware_sim.serial_uhf import SimulatedUhfModule
from firmware_sim.tags import TagPlace

TAG = "30751FEB705C5904E3D50D70"
POLL = bytes.fromhex("BB 00 27 00 03 22 27 10 83 7E")
EMPTY = bytes.fromhex("BB 01 FF 00 01 15 16 7E")


def _ask(module: SimulatedUhfModule, printed: str) -> str:
    module.receive(bytes.fromhex(printed))
    return module.transmit().hex(" ").upper()


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("BB 00 28 00 00 28 7E", "BB 01 28 00 01 00 2A 7E"),
        ("BB 00 07 00 01 01 09 7E", "BB 01 07 00 01 00 09 7E"),
        ("BB 00 AD 00 01 FF AD 7E", "BB 01 AD 00 01 00 AF 7E"),
        ("BB 00 B6 00 02 07 D0 8F 7E", "BB 01 B6 00 01 00 B8 7E"),
        ("BB 00 03 00 01 00 04 7E", "BB 01 03 00 0B 00 4D 31 30 30 20 56 31 2E 30 30 22 7E"),
        ("BB 00 22 00 00 22 7E", "BB 01 FF 00 01 15 16 7E"),
        ("BB 00 07 00 01 09 11 7E", "BB 01 FF 00 01 17 18 7E"),
        ("BB 00 28 00 00 29 7E", ""),
        ("00 BB BB 00 28 00 00 28 7E", "BB 01 28 00 01 00 2A 7E"),
    ],
)
def test_it_answers_as_the_makers_print(asked: str, answered: str) -> None:
    assert _ask(SimulatedUhfModule(ManualClock()), asked) == answered


def test_a_tag_is_told_as_often_as_it_is_read() -> None:
    clock = ManualClock()
    module = SimulatedUhfModule(clock, seed=3, round_ms=50.0)
    module.set_tags({TAG: TagPlace(0.65, -55.0)})
    module.receive(POLL)
    clock.advance(50.0)
    said = module.transmit()
    told, nothing = said.count(bytes.fromhex(TAG)), said.count(EMPTY)
    assert told + nothing == 1_000
    assert told == pytest.approx(650, abs=60)
    assert len(said) == told * 24 + nothing * len(EMPTY)


def test_it_ends_after_the_polls_it_was_asked_for_or_when_it_is_stopped() -> None:
    clock = ManualClock()
    module = SimulatedUhfModule(clock)
    module.receive(bytes.fromhex("BB 00 27 00 03 22 00 02 4E 7E"))
    clock.advance(60.0)
    assert module.transmit() == 2 * EMPTY
    module.receive(POLL)
    module.receive(bytes.fromhex("BB 00 28 00 00 28 7E"))
    clock.advance(60.0)
    assert module.transmit() == bytes.fromhex("BB 01 28 00 01 00 2A 7E")


@given(st.binary(max_size=60))
def test_ends_of_one_speed_understand_each_other(data: bytes) -> None:
    assert as_heard(data, 115_200, 115_200) == data
    assert as_heard(data, 115_200, 112_000) == data, "an oscillator 2.8 % off is still understood"


def test_another_speed_makes_other_bytes() -> None:
    slow = as_heard(10 * EMPTY, 115_200, 9_600)
    assert slow
    assert EMPTY not in slow
    assert EMPTY not in as_heard(10 * EMPTY, 9_600, 115_200)
