"""What every weight driver does, whatever its wires: the agent relies on this and on nothing else.

Each rig is two plates of the same cells, read through simulated wires by one way; time is moved by hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

import pytest

from contract.clock import ManualClock
from contract.hardware import ClockedLines
from contract.ids import PlateId
from edge.sampling.hx711 import Hx711Lines
from edge.sampling.hx711_iio import IioHx711, IioRead
from edge.sampling.hx711_shared import SharedClockHx711
from edge.sampling.hx711_spi import SpiHx711
from edge.sampling.nau7802 import ADDRESS, Nau7802
from edge.sampling.rpi_gpio import RpiClockedLines
from edge.sampling.samples import RawSample, Rejected, WeightDriver
from edge.sampling.tca9548a import Tca9548a
from firmware_sim.clocked_lines import SimulatedClockedLines
from firmware_sim.hx711 import SimulatedLine
from firmware_sim.i2c import SimulatedI2cBus, Tca9548aChip
from firmware_sim.iio import KernelHx711
from firmware_sim.load_cell import cell_for
from firmware_sim.nau7802 import SimulatedNau7802
from firmware_sim.plate import LoadedPlate
from firmware_sim.rpi_gpio import SimulatedGpio
from firmware_sim.spi import SpiHx711Chip
from firmware_sim.vibration import Vibration

PLATES = (PlateId("b1-s1-l1"), PlateId("b1-s1-l2"))
FIRST, SECOND = PLATES
COUNT = 84_211
START_S = 3.0
"""By then every driver gives samples: the slowest converter takes 600 ms for its supply and 344 for calibration."""

POLL_S = 0.025
MUX = 0x70


@dataclass
class Input:
    """What a converter measures: `next_counts` one conversion each, then `count` for ever; or a plate's signal."""

    count: float = COUNT
    next_counts: list[float] = field(default_factory=list)
    plate: LoadedPlate | None = None

    def signal(self, at_ms: float) -> float:
        if self.plate is not None:
            return self.plate.signal(at_ms)
        return self.next_counts.pop(0) if self.next_counts else self.count


@dataclass
class Rig:
    """Two plates, the chips under them and what reads them."""

    clock: ManualClock
    inputs: dict[PlateId, Input]
    chips: Mapping[PlateId, SimulatedLine | SimulatedNau7802]
    drivers: Sequence[WeightDriver]

    def start(self) -> None:
        for index, chip in enumerate(self.chips.values()):
            chip.start(phase=0.37 * index)

    def run(self, seconds: float) -> list[RawSample | Rejected]:
        found: list[RawSample | Rejected] = []
        end_ms = self.clock.mono_ms() + 1000.0 * seconds
        while self.clock.mono_ms() < end_ms:
            self.clock.advance(POLL_S)
            for driver in self.drivers:
                found += driver.poll(self.clock.mono_ms())
        return found

    def take_counts(self, plate: PlateId) -> tuple[int, dict[str, int]]:
        [driver] = [driver for driver in self.drivers if plate in driver.plates]
        return driver.take_counts(plate)


Build = Callable[[float], Rig]


def _hx711(oscillator: float) -> tuple[ManualClock, dict[PlateId, Input], dict[PlateId, SimulatedLine]]:
    clock = ManualClock()
    inputs = {plate: Input() for plate in PLATES}
    lines = {
        plate: SimulatedLine(inputs[plate].signal, clock, oscillator=slow, wall_ns=lambda: 0)
        for plate, slow in zip(PLATES, (oscillator, 1.0), strict=True)
    }
    return clock, inputs, lines


def _own_lines(oscillator: float) -> Rig:
    clock, inputs, lines = _hx711(oscillator)
    driver = Hx711Lines({plate: (line, 10.0) for plate, line in lines.items()}, mono_ms=0, wall_ns=lambda: 0)
    return Rig(clock, inputs, lines, [driver])


def _shared(lines: ClockedLines) -> SharedClockHx711:
    return SharedClockHx711(PLATES, lines, rate_sps=10.0, mono_ms=0, wall_ns=lambda: 0)


def _shared_clock(oscillator: float) -> Rig:
    clock, inputs, lines = _hx711(oscillator)
    return Rig(clock, inputs, lines, [_shared(SimulatedClockedLines(list(lines.values())))])


def _rpi_gpio(oscillator: float) -> Rig:
    clock, inputs, lines = _hx711(oscillator)
    gpio = SimulatedGpio(wall_ns=lambda: 0)
    for pin, line in enumerate(lines.values(), start=5):
        gpio.attach(11, pin, line)
    return Rig(clock, inputs, lines, [_shared(RpiClockedLines(gpio, 11, [5, 6]))])


def _spi(oscillator: float) -> Rig:
    clock, inputs, lines = _hx711(oscillator)
    drivers = [SpiHx711(plate, SpiHx711Chip(line), rate_sps=10.0, mono_ms=0) for plate, line in lines.items()]
    return Rig(clock, inputs, lines, drivers)


class ReadsWhenAsked:
    """Implements `IioReads` without a thread, by a clock moved by hand."""

    def __init__(self, line: SimulatedLine, clock: ManualClock) -> None:
        self._line = line
        self._kernel = KernelHx711(line, clock)
        self._clock = clock
        self._asked_ms = 0

    def take(self) -> list[IioRead]:
        """As the thread would: nothing while the kernel waits; its reset and EIO when its two seconds are over."""
        now_ms = self._clock.mono_ms()
        waited_ms = float(now_ms - self._asked_ms)
        if self._line.ready():
            self._asked_ms = now_ms
            return [IioRead(self._kernel.read(), waited_ms)]
        if waited_ms < 2_000.0:
            return []
        self._asked_ms = now_ms
        self._line.power_cycle()
        return [IioRead(None, waited_ms)]

    def close(self) -> None:
        """Nothing runs."""


def _iio(oscillator: float) -> Rig:
    clock, inputs, lines = _hx711(oscillator)
    drivers = [IioHx711(plate, ReadsWhenAsked(line, clock), rate_sps=10.0, mono_ms=0) for plate, line in lines.items()]
    return Rig(clock, inputs, lines, drivers)


def _nau7802_chips(oscillator: float) -> tuple[ManualClock, dict[PlateId, Input], dict[PlateId, SimulatedNau7802]]:
    clock = ManualClock()
    inputs = {plate: Input() for plate in PLATES}
    chips = {
        plate: SimulatedNau7802(inputs[plate].signal, clock, oscillator=slow)
        for plate, slow in zip(PLATES, (oscillator, 1.0), strict=True)
    }
    return clock, inputs, chips


def _nau7802(oscillator: float) -> Rig:
    clock, inputs, chips = _nau7802_chips(oscillator)
    drivers = []
    for plate, chip in chips.items():
        bus = SimulatedI2cBus()
        bus.chips[ADDRESS] = chip
        drivers.append(Nau7802(plate, bus, rate_sps=10.0, mono_ms=0))
    return Rig(clock, inputs, chips, drivers)


def _multiplexed(oscillator: float) -> Rig:
    clock, inputs, chips = _nau7802_chips(oscillator)
    bus, chip = SimulatedI2cBus(), Tca9548aChip()
    bus.multiplexers[MUX] = chip
    multiplexer = Tca9548a(bus, MUX)
    drivers = []
    for channel, (plate, converter) in enumerate(chips.items(), start=2):
        chip.channels[channel][ADDRESS] = converter
        drivers.append(Nau7802(plate, multiplexer.channel(channel), rate_sps=10.0, mono_ms=0))
    return Rig(clock, inputs, chips, drivers)


RIGS: dict[str, Build] = {
    "HX711 on lines of their own": _own_lines,
    "HX711 on one clock": _shared_clock,
    "HX711 by RPi.GPIO": _rpi_gpio,
    "HX711 by SPI": _spi,
    "HX711 by the kernel": _iio,
    "NAU7802": _nau7802,
    "NAU7802 behind a TCA9548A": _multiplexed,
}


@pytest.fixture(params=list(RIGS))
def build(request: pytest.FixtureRequest) -> Build:
    return RIGS[request.param]


@pytest.fixture
def rig(build: Build) -> Rig:
    """A rig that has started; what it found and counted until then is thrown away."""
    rig = build(1.0)
    rig.start()
    rig.run(START_S)
    for plate in PLATES:
        rig.take_counts(plate)
    return rig


def _counts(found: Sequence[RawSample | Rejected], plate: PlateId) -> list[int]:
    return [sample.count for sample in found if isinstance(sample, RawSample) and sample.plate == plate]


@pytest.mark.parametrize("count", [COUNT, -COUNT, 2, -2, 0x7FFFF0, -0x7FFFF0])
def test_a_count_is_read_exactly(rig: Rig, count: int) -> None:
    rig.inputs[FIRST].count = count
    rig.run(0.5)
    assert set(_counts(rig.run(2.0), FIRST)) == {count}


def test_ten_samples_a_second_come_of_every_plate(rig: Rig) -> None:
    found = rig.run(10.0)
    for plate in PLATES:
        assert len(_counts(found, plate)) == pytest.approx(100, abs=3)


def test_samples_carry_the_time_of_the_look_that_read_them(rig: Rig) -> None:
    before_ms = rig.clock.mono_ms()
    times = [one.mono_ms for one in rig.run(1.0)]
    assert times == sorted(times)
    assert before_ms < times[0] <= times[-1] <= rig.clock.mono_ms()


@pytest.mark.parametrize("load_g", [0.0, 585.0, 9_000.0])
def test_all_drivers_weigh_the_same_grams(build: Build, load_g: float) -> None:
    rig = build(1.0)
    cell = cell_for(7, FIRST)
    for plate in PLATES:
        loaded = LoadedPlate(cell, seed=7, vibration=Vibration(7, "bay-1", scale=0.0), rate_sps=10.0)
        loaded.place(load_g, 0.0)
        rig.inputs[plate].plate = loaded
    rig.start()
    rig.run(START_S)
    counts = _counts(rig.run(10.0), FIRST)
    weight_g = fmean((count - cell.zero_count) / cell.counts_per_g for count in counts)
    # What is true of this cell here: its bend, creep and temperature are the same whoever reads it.
    reference = LoadedPlate(cell, seed=7, vibration=Vibration(7, "bay-1", scale=0.0), rate_sps=10.0)
    reference.place(load_g, 0.0)
    expected_g = fmean(
        (reference.signal(at_ms) - cell.zero_count) / cell.counts_per_g for at_ms in range(3_000, 13_000, 10)
    )
    assert weight_g == pytest.approx(expected_g, abs=0.06)


def test_what_a_chip_says_while_it_settles_is_not_believed(build: Build) -> None:
    rig = build(1.0)
    rig.start()
    found = rig.run(START_S)
    assert set(_counts(found, FIRST)) == {COUNT}
    assert rig.take_counts(FIRST)[1]["settling"] == 4


def test_a_chip_that_never_starts_gives_nothing_and_is_counted(build: Build) -> None:
    rig = build(1.0)
    assert rig.run(5.0) == []
    samples, rejected = rig.take_counts(FIRST)
    assert samples == 0
    assert set(rejected) <= {"unready", "bus_error"}
    assert sum(rejected.values()) > 5


def test_a_pulled_plug_silences_its_plate_alone(rig: Rig) -> None:
    rig.chips[FIRST].unplug()
    found = rig.run(10.0)
    assert _counts(found, FIRST) == []
    assert len(_counts(found, SECOND)) >= 90
    samples, rejected = rig.take_counts(FIRST)
    assert samples == 0
    assert set(rejected) <= {"unready", "bus_error"}
    assert rejected


@pytest.mark.parametrize("out_s", [0.35, 0.6, 1.0, 2.5, 30.0])
def test_a_plug_put_back_brings_right_counts_and_no_wrong_ones(rig: Rig, out_s: float) -> None:
    rig.chips[FIRST].unplug()
    rig.run(out_s)
    rig.chips[FIRST].plug_in()
    found = rig.run(6.0)
    assert set(_counts(found, FIRST)) == {COUNT}
    assert len(_counts(found, FIRST)) >= 20
    assert set(_counts(found, SECOND)) == {COUNT}


@pytest.mark.parametrize("rail", [1e9, -1e9])
def test_a_converter_that_stays_at_its_rail_is_overloaded(rig: Rig, rail: float) -> None:
    rig.inputs[FIRST].count = rail
    found = [one for one in rig.run(3.0) if one.plate == FIRST]
    railed = [one for one in found if isinstance(one, Rejected)]
    assert {one.reason for one in railed} == {"saturated"}
    assert [one.overload for one in railed[:4]] == [False, False, True, True]
    assert rig.take_counts(FIRST)[1] == {"saturated": len(railed)}
    rig.inputs[FIRST].count = COUNT
    rig.run(0.2)
    assert set(_counts(rig.run(1.0), FIRST)) == {COUNT}


def test_one_sample_at_the_rail_is_rejected_and_no_overload(rig: Rig) -> None:
    rig.inputs[FIRST].next_counts = [COUNT, 0x7FFFFF, COUNT, -0x800000, COUNT]
    rejected = [one for one in rig.run(2.0) if isinstance(one, Rejected)]
    assert [(one.reason, one.overload) for one in rejected] == [("saturated", False)] * 2


def test_corrupted_words_are_rejected_by_reason_and_counted(rig: Rig) -> None:
    wrong = [-1, 0x3FFFFF, -1, 0x1FFFFF, 0, 0x3FF]
    rig.inputs[FIRST].next_counts = [float(count) for bad in wrong for count in (COUNT, bad)]
    found = rig.run(4.0)
    assert set(_counts(found, FIRST)) == {COUNT}
    samples, rejected = rig.take_counts(FIRST)
    assert rejected == {"all_ones": 2, "lost_bits": 4}
    assert samples == len(_counts(found, FIRST))


def test_counts_are_those_of_what_came(rig: Rig) -> None:
    rig.inputs[SECOND].next_counts = [COUNT, -1.0, 0x7FFFFF]
    found = rig.run(3.0)
    for plate in PLATES:
        told = [one for one in found if one.plate == plate]
        samples, rejected = rig.take_counts(plate)
        assert samples == sum(isinstance(one, RawSample) for one in told)
        assert rejected == Counter(one.reason for one in told if isinstance(one, Rejected))
        assert rig.take_counts(plate) == (0, {})


@pytest.mark.parametrize("oscillator", [0.9, 1.1, 1.4])
def test_a_chip_with_a_slow_or_fast_oscillator_is_read_at_its_own_pace(build: Build, oscillator: float) -> None:
    rig = build(oscillator)
    rig.start()
    rig.run(START_S)
    for plate in PLATES:
        rig.take_counts(plate)
    found = rig.run(20.0)
    for plate in PLATES:
        assert set(_counts(found, plate)) == {COUNT}
        assert rig.take_counts(plate)[1] == {}
    assert len(_counts(found, FIRST)) >= 0.9 * 200 / max(oscillator, 1.0)


def test_a_look_brings_at_most_one_conversion_of_a_plate(rig: Rig) -> None:
    rig.clock.advance(60.0)
    for driver in rig.drivers:
        found = driver.poll(rig.clock.mono_ms())
        assert Counter(one.plate for one in found) <= Counter(driver.plates)


def test_closing_a_driver_ends_it(rig: Rig) -> None:
    for driver in rig.drivers:
        driver.close()
