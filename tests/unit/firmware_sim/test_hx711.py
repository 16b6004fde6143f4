"""The two wires of a converter: what its data sheet says, pulse by pulse."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from contract.clock import ManualClock
from contract.hardware import LoadCellLine
from firmware_sim.hx711 import CODE_MAX, CODE_MIN, SimulatedLine

US = 1000


class PulseTimer:
    """A wall clock by which every pulse lasts `width_us`."""

    def __init__(self) -> None:
        self.width_us = 1
        self._ns = 0

    def __call__(self) -> int:
        self._ns += self.width_us * US
        return self._ns


class Bench:
    """One chip with an input to turn, a shop clock to advance and a pulse width to choose."""

    def __init__(self, *, rate_sps: float = 10.0, input_count: float = 1000.0) -> None:
        self.clock = ManualClock()
        self.pulse = PulseTimer()
        self.input_count = input_count
        self.converted_at: list[float] = []
        self.line = SimulatedLine(self._signal, self.clock, rate_sps=rate_sps, wall_ns=self.pulse)
        self.line.start()

    def _signal(self, at_ms: float) -> float:
        self.converted_at.append(at_ms)
        return self.input_count

    def settle(self) -> None:
        """Read until the filter holds nothing but the input."""
        for _ in range(5):
            self.read_next()

    def read_next(self, *, pulses: int = 25) -> int:
        """Wait for one more conversion and clock it out."""
        while not self.line.ready():
            self.clock.advance(0.001)
        return read_code(self.line, pulses=pulses)


def read_code(line: LoadCellLine, *, pulses: int = 25) -> int:
    bits = [line.clock_bit() for _ in range(pulses)]
    word = int("".join(map(str, bits[:24])), 2)
    assert all(bits[24:])
    return word - 2**24 if word & 0x800000 else word


def settled_bench(*, rate_sps: float = 10.0, input_count: float = 1000.0) -> Bench:
    bench = Bench(rate_sps=rate_sps, input_count=input_count)
    bench.settle()
    return bench


@pytest.mark.parametrize("code", [0, 1, -1, 1000, -1000, 0x555555, -0x555555, CODE_MAX, CODE_MIN])
def test_a_conversion_comes_out_most_significant_bit_first_in_twos_complement(code: int) -> None:
    assert settled_bench(input_count=code).read_next() == code


@pytest.mark.parametrize(("rate_sps", "period_ms"), [(10.0, 100), (80.0, 13)])
def test_a_conversion_is_ready_after_its_period_of_shop_time_and_not_before(rate_sps: float, period_ms: int) -> None:
    bench = Bench(rate_sps=rate_sps)
    bench.clock.advance((period_ms - 1) / 1000)
    assert not bench.line.ready()
    bench.clock.advance(0.001)
    assert bench.line.ready()


@pytest.mark.parametrize(("rate_sps", "count"), [(10.0, 100), (80.0, 800)])
def test_ten_shop_seconds_hold_ten_times_the_rate_of_conversions(rate_sps: float, count: int) -> None:
    bench = Bench(rate_sps=rate_sps)
    read = 0
    for _ in range(10_000):
        bench.clock.advance(0.001)
        if bench.line.ready():
            read_code(bench.line)
            read += 1
    assert read == count


def test_dout_is_high_after_the_last_pulse_until_the_next_conversion() -> None:
    bench = settled_bench(input_count=0)
    bench.read_next()
    assert not bench.line.ready()
    bench.clock.advance(0.1)
    assert bench.line.ready()


def test_who_reads_before_data_is_ready_reads_ones() -> None:
    bench = settled_bench(input_count=0)
    assert read_code(bench.line) == -1


def test_pulses_before_the_first_conversion_spoil_nothing() -> None:
    bench = Bench(input_count=4321)
    assert read_code(bench.line) == -1
    bench.settle()
    assert bench.read_next() == 4321


def test_stray_pulses_after_a_frame_change_the_gain_as_on_the_real_chip() -> None:
    bench = settled_bench(input_count=8000)
    read_code(bench.line)
    assert bench.read_next() == 7000


def test_an_unread_conversion_is_overwritten_by_the_newest() -> None:
    bench = settled_bench()
    bench.clock.advance(0.1)
    assert bench.line.ready()
    bench.clock.advance(60.0)
    bench.input_count = 77
    assert read_code(bench.line) == 77
    assert not bench.line.ready()


def test_only_the_conversion_that_is_read_is_worked_out() -> None:
    bench = settled_bench()
    bench.converted_at.clear()
    bench.clock.advance(3600.0)
    bench.read_next()
    assert len(bench.converted_at) == 1
    assert bench.clock.mono_ms() - 100 < bench.converted_at[0] <= bench.clock.mono_ms()


def test_after_a_long_silence_conversions_go_on_in_step() -> None:
    bench = settled_bench()
    first_ms = bench.converted_at[-1]
    bench.clock.advance(1234.567)
    bench.read_next()
    assert (bench.converted_at[-1] - first_ms) % 100.0 == 0.0


def test_a_conversion_that_ends_while_bits_are_clocked_does_not_touch_them() -> None:
    bench = settled_bench(input_count=0x2AAAAA)
    bench.clock.advance(0.1)
    assert bench.line.ready()
    bits = []
    for _ in range(24):
        bits.append(bench.line.clock_bit())
        bench.input_count = 0
        bench.clock.advance(0.05)
    assert int("".join(map(str, bits)), 2) == 0x2AAAAA
    assert bench.line.clock_bit() == 1
    assert bench.line.ready()
    assert read_code(bench.line) == 0


def test_a_frame_given_up_half_way_is_followed_by_a_whole_one() -> None:
    bench = settled_bench(input_count=-5)
    bench.clock.advance(0.1)
    assert bench.line.ready()
    for _ in range(10):
        bench.line.clock_bit()
    bench.clock.advance(0.1)
    bench.input_count = 1234
    assert bench.read_next() == 1234


@pytest.mark.parametrize(("pulses", "expected"), [(25, 8000), (26, 0), (27, 4000)])
def test_25_26_and_27_pulses_choose_channel_and_gain_of_the_next_conversions(pulses: int, expected: int) -> None:
    bench = settled_bench(input_count=8000)
    assert bench.read_next(pulses=pulses) == 8000
    for _ in range(3):
        bench.read_next(pulses=pulses)
    assert bench.read_next(pulses=pulses) == expected


def test_first_conversions_after_a_gain_change_are_off() -> None:
    bench = settled_bench(input_count=8000)
    bench.read_next(pulses=27)
    codes = [bench.read_next(pulses=27) for _ in range(5)]
    assert codes == [7000, 6000, 5000, 4000, 4000]


def test_the_same_gain_again_needs_no_settling() -> None:
    bench = settled_bench(input_count=8000)
    assert [bench.read_next(pulses=25) for _ in range(3)] == [8000, 8000, 8000]


@pytest.mark.parametrize(("rate_sps", "settle_ms"), [(10.0, 400.0), (80.0, 50.0)])
def test_values_are_off_until_the_chip_has_settled(rate_sps: float, settle_ms: float) -> None:
    bench = Bench(rate_sps=rate_sps, input_count=8000)
    codes = [bench.read_next() for _ in range(6)]
    settled = [at_ms >= settle_ms for at_ms in bench.converted_at]
    assert [code == 8000 for code in codes] == settled
    assert settled == [False, False, False, True, True, True]


def test_a_pulse_of_60_us_is_a_bit() -> None:
    bench = settled_bench()
    bench.pulse.width_us = 60
    assert bench.read_next() == 1000


@pytest.mark.parametrize("pulse", [1, 2, 24, 25])
def test_a_pulse_of_61_us_powers_the_chip_down_and_resets_it(pulse: int) -> None:
    bench = settled_bench(input_count=8000)
    bench.clock.advance(0.1)
    assert bench.line.ready()
    for _ in range(pulse - 1):
        bench.line.clock_bit()
    bench.pulse.width_us = 61
    bench.line.clock_bit()
    bench.pulse.width_us = 1
    assert not bench.line.ready()
    assert bench.line.clock_bit() == 1
    assert [bench.read_next() for _ in range(4)] == [2000, 4000, 6000, 8000]


def test_a_reset_returns_to_channel_a_at_gain_128() -> None:
    bench = settled_bench(input_count=8000)
    for _ in range(6):
        bench.read_next(pulses=27)
    bench.pulse.width_us = 61
    bench.line.clock_bit()
    bench.pulse.width_us = 1
    bench.settle()
    assert bench.read_next() == 8000


@pytest.mark.parametrize(("input_count", "code"), [(2**30, CODE_MAX), (-(2**30), CODE_MIN)])
def test_the_output_saturates(input_count: int, code: int) -> None:
    assert settled_bench(input_count=input_count).read_next() == code


def test_a_chip_that_was_not_started_is_never_ready() -> None:
    clock = ManualClock()
    line = SimulatedLine(lambda _: 0.0, clock)
    clock.advance(10.0)
    assert not line.ready()
    assert line.clock_bit() == 1


def test_a_chip_that_starts_long_after_power_up_has_settled() -> None:
    clock = ManualClock()
    line = SimulatedLine(lambda _: 8000.0, clock)
    clock.advance(10.0)
    line.start(phase=0.4)
    clock.advance(0.14)
    assert read_code(line) == 8000


def test_converters_of_a_bay_run_at_phases_of_their_own() -> None:
    clock = ManualClock()
    line = SimulatedLine(lambda _: 0.0, clock)
    line.start(phase=0.5)
    clock.advance(0.149)
    assert not line.ready()
    clock.advance(0.001)
    assert line.ready()


def test_a_rate_the_chip_does_not_have_is_refused() -> None:
    signal: Callable[[float], float] = float
    with pytest.raises(ValueError, match=r"rate_sps: found 60.0, expected one of \[10.0, 80.0\]"):
        SimulatedLine(signal, ManualClock(), rate_sps=60.0)


def test_a_scale_whose_plug_is_pulled_is_never_ready_and_its_line_stays_high() -> None:
    bench = Bench()
    bench.settle()
    bench.line.unplug()
    for _ in range(50):
        bench.clock.advance(0.1)
        assert not bench.line.ready()
    assert [bench.line.clock_bit() for _ in range(25)] == [1] * 25


def test_a_scale_that_is_plugged_in_again_powers_up_and_settles() -> None:
    bench = Bench(input_count=1000.0)
    bench.settle()
    bench.line.unplug()
    bench.clock.advance(10.0)
    assert not bench.line.ready()
    bench.line.plug_in()
    assert not bench.line.ready()
    codes = [bench.read_next() for _ in range(5)]
    assert codes[0] < 500
    assert codes[-1] == 1000


def test_a_plug_pulled_and_put_back_between_two_looks_costs_nothing() -> None:
    bench = Bench()
    bench.settle()
    bench.line.unplug()
    bench.line.plug_in()
    assert bench.read_next() == 1000
