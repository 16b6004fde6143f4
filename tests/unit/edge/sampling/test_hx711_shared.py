"""What happens on one clock for many converters: who is waited for, and what a bad pulse does to all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from contract.clock import ManualClock
from contract.ids import PlateId
from edge.sampling.hx711_shared import SharedClockHx711
from edge.sampling.samples import RawSample, Rejected
from firmware_sim.clocked_lines import SimulatedClockedLines
from firmware_sim.hx711 import SimulatedLine

PLATES = tuple(PlateId(f"b1-s1-l{number}") for number in range(1, 5))
COUNT = 84_211


class Pulses:
    """A wall clock for pulses of 1 us; the next one may be made to take longer."""

    def __init__(self) -> None:
        self.next_ns = 1_000
        self._now_ns = 0
        self._high = False

    def __call__(self) -> int:
        if self._high:
            self._now_ns += self.next_ns
            self.next_ns = 1_000
        self._high = not self._high
        return self._now_ns


class Bench:
    """Four chips on one clock, those in `dead` without a plug from the beginning."""

    def __init__(self, *, dead: tuple[int, ...] = (), phases: tuple[float, ...] = (0.0, 0.3, 0.6, 0.9)) -> None:
        self.clock = ManualClock()
        self.pulses = Pulses()
        self.lines = [SimulatedLine(lambda _: float(COUNT), self.clock, wall_ns=lambda: 0) for _ in PLATES]
        self.driver = SharedClockHx711(
            PLATES, SimulatedClockedLines(self.lines), rate_sps=10.0, mono_ms=0, wall_ns=self.pulses
        )
        for number, (line, phase) in enumerate(zip(self.lines, phases, strict=True)):
            line.start(phase=phase)
            if number in dead:
                line.unplug()

    def run(self, seconds: float) -> list[RawSample | Rejected]:
        found: list[RawSample | Rejected] = []
        for _ in range(round(seconds * 40)):
            self.clock.advance(0.025)
            found += self.driver.poll(self.clock.mono_ms())
        return found

    def rejected(self, number: int) -> dict[str, int]:
        return self.driver.take_counts(PLATES[number])[1]

    def settle(self) -> None:
        self.run(2.0)
        for plate in PLATES:
            self.driver.take_counts(plate)


def _samples(found: list[RawSample | Rejected], number: int) -> list[int]:
    return [one.count for one in found if isinstance(one, RawSample) and one.plate == PLATES[number]]


def test_chips_that_convert_at_different_moments_are_read_together_at_full_rate() -> None:
    bench = Bench()
    bench.settle()
    found = bench.run(10.0)
    for number in range(len(PLATES)):
        assert len(_samples(found, number)) >= 97
        assert bench.rejected(number) == {}


@pytest.mark.parametrize("dead", [(0,), (3,), (0, 1, 2)])
def test_dead_lines_do_not_slow_their_group(dead: tuple[int, ...]) -> None:
    bench = Bench(dead=dead)
    bench.settle()
    found = bench.run(10.0)
    for number in range(len(PLATES)):
        samples, rejected = bench.driver.take_counts(PLATES[number])
        if number in dead:
            assert (samples, set(rejected)) == (0, {"unready"})
        else:
            assert (samples, rejected) == (len(_samples(found, number)), {})
            assert samples >= 97


def test_a_line_that_dies_while_the_shop_runs_holds_the_others_up_for_less_than_a_second() -> None:
    bench = Bench()
    bench.settle()
    bench.lines[2].unplug()
    assert len(_samples(bench.run(1.0), 0)) >= 5
    assert len(_samples(bench.run(10.0), 0)) >= 97


def test_a_chip_that_comes_back_is_read_with_the_others_again() -> None:
    bench = Bench(dead=(1,))
    bench.settle()
    bench.lines[1].plug_in()
    bench.run(1.5)
    found = bench.run(10.0)
    assert set(_samples(found, 1)) == {COUNT}
    assert len(_samples(found, 1)) >= 97


def test_a_pulse_above_50_us_spoils_the_sample_of_every_plate() -> None:
    bench = Bench()
    bench.settle()
    bench.pulses.next_ns = 50_001
    bench.run(2.0)
    assert [bench.rejected(number) for number in range(4)] == [{"long_pulse": 1}] * 4


def test_a_pulse_above_60_us_reset_every_chip_and_all_have_to_settle() -> None:
    bench = Bench(dead=(3,))
    bench.settle()
    bench.pulses.next_ns = 60_001
    bench.run(2.0)
    assert [bench.rejected(number) for number in range(3)] == [{"power_down": 1, "settling": 4}] * 3


def test_a_bit_that_is_never_released_is_not_believed() -> None:
    bench = Bench()
    bench.settle()
    stuck = SimulatedClockedLines(bench.lines)
    bench.driver._lines = _StuckLow(stuck.pulse, stuck.levels)
    found = bench.run(1.0)
    assert _samples(found, 0) == []
    assert set(bench.rejected(0)) == {"not_released"}
    assert set(_samples(found, 1)) == {COUNT}


class _StuckLow:
    """Line 0 is shorted to ground: always ready, all zeros, never high at the end."""

    def __init__(self, pulse: Callable[[], None], levels: Callable[[], int]) -> None:
        self.pulse = pulse
        self._levels = levels

    def levels(self) -> int:
        return self._levels() & ~1


def test_a_chip_that_got_ready_within_a_frame_is_not_believed_in_the_next() -> None:
    """It was given the rest of the pulses, and still holds the rest of its word."""
    lines = _Scripted(ready=0b01)
    driver = SharedClockHx711(PLATES[:2], lines, rate_sps=10.0, mono_ms=0, wall_ns=lambda: 0)
    now_ms = 0
    for _ in range(40):  # line 1 is away after two misses, so nobody waits for it
        now_ms += 100
        driver.poll(now_ms)
    lines.ready = 0b11
    [first, second] = driver.poll(now_ms + 100)
    assert isinstance(first, RawSample)
    assert second == Rejected(PLATES[1], now_ms + 100, "unready")


class _Scripted:
    """Every line that is ready gives the same word; DOUT is high at the end."""

    def __init__(self, *, ready: int) -> None:
        self.ready = ready
        self._pulses = 0

    def pulse(self) -> None:
        self._pulses += 1

    def levels(self) -> int:
        if self._pulses == 0:
            return ~self.ready & 0b11
        if self._pulses == 25:
            self._pulses = 0
            return 0b11
        return 0b11 if COUNT >> (24 - self._pulses) & 1 else 0
