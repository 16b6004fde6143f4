"""How a NAU7802 is set up, and what the driver does when it forgets or does not answer."""

from __future__ import annotations

import pytest

from contract.clock import ManualClock
from contract.errors import HardwareError
from contract.ids import PlateId
from edge.sampling.nau7802 import ADDRESS, Nau7802
from edge.sampling.samples import RawSample, Rejected
from edge.sampling.tca9548a import Tca9548a
from firmware_sim.i2c import SimulatedI2cBus, Tca9548aChip
from firmware_sim.nau7802 import SimulatedNau7802

PLATE = PlateId("b1-s1-l1")
OTHER = PlateId("b1-s1-l2")
COUNT = 84_211
MUX = 0x70


class Bench:
    """A chip on a bus, and its driver."""

    def __init__(self, *, rate_sps: float = 10.0) -> None:
        self.clock = ManualClock()
        self.chip = SimulatedNau7802(lambda _: float(COUNT), self.clock)
        self.bus = SimulatedI2cBus()
        self.bus.chips[ADDRESS] = self.chip
        self.driver = Nau7802(PLATE, self.bus, rate_sps=rate_sps, mono_ms=0)
        self.chip.start()

    def run(self, seconds: float, poll_s: float = 0.025) -> list[RawSample | Rejected]:
        found: list[RawSample | Rejected] = []
        for _ in range(round(seconds / poll_s)):
            self.clock.advance(poll_s)
            found += self.driver.poll(self.clock.mono_ms())
        return found


def _counts(found: list[RawSample | Rejected]) -> set[int]:
    return {one.count for one in found if isinstance(one, RawSample)}


def test_the_first_sample_comes_within_two_seconds_and_is_right() -> None:
    found = Bench().run(2.0)
    assert _counts(found) == {COUNT}
    assert [one.reason for one in found if isinstance(one, Rejected)] == ["settling"] * 4


@pytest.mark.parametrize("rate_sps", [10.0, 20.0, 40.0, 80.0])
def test_the_driver_sets_the_rate(rate_sps: float) -> None:
    bench = Bench(rate_sps=rate_sps)
    bench.run(2.0)
    samples = [one for one in bench.run(10.0, poll_s=0.003) if isinstance(one, RawSample)]
    assert len(samples) == pytest.approx(10.0 * rate_sps, rel=0.02)


def test_the_chip_measures_with_its_offset_calibrated_at_gain_128_without_chopper() -> None:
    bench = Bench()
    bench.run(2.0)
    assert bench.bus.read(ADDRESS, 0x01, 1) == bytes([0x2F])
    assert bench.bus.read(ADDRESS, 0x15, 1) == bytes([0x30])
    assert bench.bus.read(ADDRESS, 0x1C, 1) == bytes([0x80])
    assert bench.bus.read(ADDRESS, 0x02, 1) == bytes([0x00])


def test_a_chip_that_lost_its_power_between_two_looks_is_set_up_again() -> None:
    bench = Bench()
    bench.run(2.0)
    bench.driver.take_counts(PLATE)
    bench.chip.power_cycle()
    assert _counts(bench.run(4.0)) == {COUNT}
    assert bench.driver.take_counts(PLATE)[1] == {"power_down": 1, "settling": 4}


def test_one_access_without_an_answer_costs_at_most_a_sample() -> None:
    bench = Bench()
    bench.run(2.0)
    bench.driver.take_counts(PLATE)
    bench.bus.broken = True
    bench.run(0.05)
    bench.bus.broken = False
    assert len(bench.run(1.0)) >= 9
    assert bench.driver.take_counts(PLATE)[1] == {}


def test_a_bus_that_hangs_is_counted_and_samples_go_on_when_it_is_back() -> None:
    bench = Bench()
    bench.run(2.0)
    bench.driver.take_counts(PLATE)
    bench.bus.broken = True
    assert bench.run(5.0) == []
    samples, rejected = bench.driver.take_counts(PLATE)
    assert (samples, set(rejected)) == (0, {"bus_error"})
    bench.bus.broken = False
    assert _counts(bench.run(2.0)) == {COUNT}


class _NeverCalibrated(SimulatedNau7802):
    """A chip whose calibration fails each time."""

    def read_registers(self, register: int, length: int) -> bytes:
        found = super().read_registers(register, length)
        return bytes([found[0] | 0x08]) if register == 0x02 else found


def test_a_calibration_that_failed_is_tried_again_and_gives_no_sample() -> None:
    bench = Bench()
    bench.bus.chips[ADDRESS] = failing = _NeverCalibrated(lambda _: float(COUNT), bench.clock)
    failing.start()
    assert bench.run(10.0) == []
    assert bench.driver.take_counts(PLATE)[1]["unready"] >= 1


def _behind_multiplexer() -> tuple[Bench, Tca9548aChip, Nau7802]:
    bench = Bench()
    bench.bus.chips.clear()
    chip = Tca9548aChip()
    bench.bus.multiplexers[MUX] = chip
    other = SimulatedNau7802(lambda _: -500.0, bench.clock)
    other.start()
    chip.channels[0][ADDRESS], chip.channels[7][ADDRESS] = bench.chip, other
    multiplexer = Tca9548a(bench.bus, MUX)
    bench.driver = Nau7802(PLATE, multiplexer.channel(0), rate_sps=10.0, mono_ms=0)
    return bench, chip, Nau7802(OTHER, multiplexer.channel(7), rate_sps=10.0, mono_ms=0)


def _run_both(bench: Bench, other: Nau7802, seconds: float) -> dict[PlateId, set[int]]:
    found: dict[PlateId, set[int]] = {PLATE: set(), OTHER: set()}
    for _ in range(round(seconds * 40)):
        bench.clock.advance(0.025)
        for driver in (bench.driver, other):
            for one in driver.poll(bench.clock.mono_ms()):
                if isinstance(one, RawSample):
                    found[one.plate].add(one.count)
    return found


def test_chips_of_one_address_are_told_apart_by_the_multiplexer() -> None:
    bench, _, other = _behind_multiplexer()
    assert _run_both(bench, other, 3.0) == {PLATE: {COUNT}, OTHER: {-500}}


def test_a_multiplexer_that_forgot_its_channel_is_told_again() -> None:
    bench, chip, other = _behind_multiplexer()
    _run_both(bench, other, 3.0)
    chip.power_cycle()
    assert _run_both(bench, other, 1.0) == {PLATE: {COUNT}, OTHER: {-500}}


def test_a_multiplexer_that_does_not_answer_is_a_bus_error() -> None:
    bus = SimulatedI2cBus()
    with pytest.raises(HardwareError, match=r"0x70 did not answer"):
        Tca9548a(bus, MUX).channel(1).read(ADDRESS, 0, 1)
