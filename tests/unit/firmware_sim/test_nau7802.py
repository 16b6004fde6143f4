"""What the simulated NAU7802 does to a driver that does not follow its data sheet."""

from __future__ import annotations

import pytest

from contract.clock import ManualClock
from contract.errors import HardwareError
from firmware_sim.i2c import SimulatedI2cBus, Tca9548aChip
from firmware_sim.nau7802 import OFFSET_COUNT, SimulatedNau7802

COUNT = 84_211
ADDRESS = 0x2A
PU_CTRL, CTRL1, CTRL2, ADCO = 0x00, 0x01, 0x02, 0x12


def _chip() -> tuple[ManualClock, SimulatedNau7802]:
    clock = ManualClock()
    chip = SimulatedNau7802(lambda _: float(COUNT), clock)
    chip.start()
    return clock, chip


def _running(*, calibrated: bool = True, ctrl1: int = 0x2F) -> tuple[ManualClock, SimulatedNau7802]:
    clock, chip = _chip()
    chip.write_registers(PU_CTRL, b"\x02")
    clock.advance(0.001)
    chip.write_registers(CTRL1, bytes([ctrl1]))
    chip.write_registers(PU_CTRL, b"\x86")
    clock.advance(0.6)
    chip.write_registers(PU_CTRL, b"\x96")
    if calibrated:
        chip.write_registers(CTRL2, b"\x04")
    clock.advance(1.0)
    return clock, chip


def _count(chip: SimulatedNau7802) -> int:
    return int.from_bytes(chip.read_registers(ADCO, 3), "big", signed=True)


def _ready(chip: SimulatedNau7802) -> bool:
    return bool(chip.read_registers(PU_CTRL, 1)[0] & 0x20)


def test_a_chip_set_up_by_the_book_gives_its_input() -> None:
    _, chip = _running()
    assert _ready(chip)
    assert _count(chip) == COUNT


def test_without_calibration_the_offset_of_the_converter_is_in_it() -> None:
    _, chip = _running(calibrated=False)
    assert _count(chip) == COUNT + round(OFFSET_COUNT)


def test_half_the_gain_gives_half_the_count() -> None:
    _, chip = _running(ctrl1=0x2E)
    assert _count(chip) == pytest.approx(COUNT / 2, abs=1)


def test_a_conversion_is_ready_once_a_period_and_reading_takes_it() -> None:
    clock, chip = _running()
    _count(chip)
    assert not _ready(chip)
    clock.advance(0.1)
    assert _ready(chip)


def test_the_first_conversions_after_a_start_are_not_settled() -> None:
    clock, chip = _running()
    chip.write_registers(CTRL2, b"\x00")
    clock.advance(0.1)
    assert 0 < _count(chip) < COUNT


def test_a_calibration_takes_its_time() -> None:
    clock, chip = _running()
    chip.write_registers(CTRL2, b"\x04")
    assert chip.read_registers(CTRL2, 1) == b"\x04"
    clock.advance(0.35)
    assert chip.read_registers(CTRL2, 1) == b"\x00"


def test_power_ready_comes_after_power_up_and_a_reset_forgets_all() -> None:
    clock, chip = _chip()
    chip.write_registers(PU_CTRL, b"\x02")
    assert not chip.read_registers(PU_CTRL, 1)[0] & 0x08
    clock.advance(0.001)
    assert chip.read_registers(PU_CTRL, 1)[0] & 0x08
    chip.write_registers(CTRL1, b"\x2f")
    chip.write_registers(PU_CTRL, b"\x01")
    assert chip.read_registers(CTRL1, 1) == b"\x00"


def test_a_chip_without_plug_does_not_answer_and_wakes_up_with_nothing_set() -> None:
    _, chip = _running()
    chip.unplug()
    with pytest.raises(HardwareError):
        _count(chip)
    chip.plug_in()
    assert chip.read_registers(PU_CTRL, 2) == b"\x00\x00"


class _Register:
    """A chip with one byte."""

    def __init__(self, value: int) -> None:
        self.value = value

    def read_registers(self, register: int, length: int) -> bytes:
        return bytes([self.value] * length)

    def write_registers(self, register: int, data: bytes) -> None:
        self.value = data[0]


def test_two_channels_connected_at_once_answer_together() -> None:
    """What a driver would read that forgets to disconnect a channel."""
    bus, multiplexer = SimulatedI2cBus(), Tca9548aChip()
    bus.multiplexers[0x70] = multiplexer
    multiplexer.channels[0][ADDRESS], multiplexer.channels[1][ADDRESS] = _Register(0b1100), _Register(0b1010)
    bus.write(0x70, 0b11, b"")
    assert bus.read(ADDRESS, 0, 1) == bytes([0b1000])
    bus.write(0x70, 0b10, b"")
    bus.write(ADDRESS, 0, b"\x0f")
    assert bus.read(ADDRESS, 0, 1) == b"\x0f"
    bus.write(0x70, 0b01, b"")
    assert bus.read(ADDRESS, 0, 1) == bytes([0b1100])


def test_without_a_connected_channel_nobody_answers() -> None:
    bus = SimulatedI2cBus()
    bus.multiplexers[0x70] = Tca9548aChip()
    with pytest.raises(HardwareError, match="0x2a did not answer"):
        bus.read(ADDRESS, 0, 1)
