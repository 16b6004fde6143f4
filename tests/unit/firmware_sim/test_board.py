"""The kernel's driver and the pins of a simulated board, as drivers meet them."""

from __future__ import annotations

import pytest

from contract.clock import ManualClock
from contract.errors import ConfigurationError, HardwareError
from contract.ids import PlateId
from firmware_sim.board import SimulatedBoard
from firmware_sim.hx711 import SimulatedLine
from firmware_sim.iio import KernelHx711
from firmware_sim.rpi_gpio import SimulatedGpio

COUNT = -84_211


def _line(clock: ManualClock) -> SimulatedLine:
    return SimulatedLine(lambda _: float(COUNT), clock, wall_ns=lambda: 0)


def test_the_kernel_waits_for_a_conversion_and_inverts_its_first_bit() -> None:
    clock = ManualClock()
    line = _line(clock)
    line.start(phase=20.0)  # settled by the time it is asked
    clock.advance(1.0)
    line.start()
    assert KernelHx711(line, clock).read() == COUNT + 0x800000
    assert clock.mono_ms() == pytest.approx(1_100, abs=10)


def test_the_kernel_gives_up_on_a_silent_chip_after_two_seconds_and_a_reset() -> None:
    clock = ManualClock()
    with pytest.raises(HardwareError, match="Input/output error"):
        KernelHx711(_line(clock), clock).read()
    assert clock.mono_ms() == pytest.approx(2_010, abs=10)


def test_the_kernel_gives_the_first_conversion_after_a_reset_away_although_it_has_not_settled() -> None:
    clock = ManualClock()
    line = _line(clock)
    line.start()
    clock.advance(1.0)
    line.power_cycle()
    value = KernelHx711(line, clock).read() - 0x800000
    assert COUNT < value < 0


def test_pins_are_used_as_the_module_demands() -> None:
    gpio = SimulatedGpio()
    with pytest.raises(RuntimeError, match="setmode"):
        gpio.setup(5, gpio.IN)
    gpio.setmode(gpio.BCM)
    with pytest.raises(ValueError, match="expected BCM"):
        gpio.setmode(10)
    with pytest.raises(RuntimeError, match="not been set up as an OUTPUT"):
        gpio.output(5, 1)
    gpio.setup(5, gpio.IN)
    assert gpio.input(5) == 1


def test_a_table_the_board_does_not_know_is_told() -> None:
    with pytest.raises(ConfigurationError, match="expected one a simulated board knows"):
        SimulatedBoard({}, [{"driver": "ads1232"}], ManualClock(), rate_sps=10.0)


def test_a_plate_in_no_table_has_a_line_of_its_own() -> None:
    plate = PlateId("b1-s1-l1")
    board = SimulatedBoard({plate: lambda _: 0.0}, [], ManualClock(), rate_sps=10.0)
    assert isinstance(board.chips[plate], SimulatedLine)
