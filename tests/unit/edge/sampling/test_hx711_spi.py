"""What the driver that clocks an HX711 by MOSI sends, and what it makes of what comes back."""

from __future__ import annotations

import pytest

from contract.clock import ManualClock
from contract.ids import PlateId
from edge.sampling.hx711_spi import FRAME, PROBE, SpiHx711, read_frame
from edge.sampling.samples import RawSample, Rejected
from firmware_sim.hx711 import SimulatedLine
from firmware_sim.spi import SpiHx711Chip

PLATE = PlateId("b1-s1-l1")
COUNT = 84_211


class Watched:
    """An SPI port that keeps what was sent."""

    def __init__(self, chip: SpiHx711Chip) -> None:
        self.chip = chip
        self.sent: list[bytes] = []

    def transfer(self, data: bytes) -> bytes:
        self.sent.append(data)
        return self.chip.transfer(data)


class Bench:
    """A chip at 10 samples a second on a bus, and its driver."""

    def __init__(self, *, late_bits: int = 0, count: int = COUNT) -> None:
        self.clock = ManualClock()
        self.line = SimulatedLine(lambda _: float(count), self.clock, wall_ns=lambda: 0)
        self.chip = SpiHx711Chip(self.line, late_bits=late_bits)
        self.port = Watched(self.chip)
        self.driver = SpiHx711(PLATE, self.port, rate_sps=10.0, mono_ms=0)
        self.line.start()

    def run(self, seconds: float) -> list[RawSample | Rejected]:
        found: list[RawSample | Rejected] = []
        for _ in range(round(seconds * 40)):
            self.clock.advance(0.025)
            found += self.driver.poll(self.clock.mono_ms())
        return found


def _pulses(data: bytes) -> int:
    bits = "0" + "".join(f"{byte:08b}" for byte in data)
    return bits.count("01")


def test_a_frame_is_25_pulses_none_longer_than_a_bit_of_the_bus() -> None:
    assert _pulses(FRAME) == 25
    assert "11" not in "".join(f"{byte:08b}" for byte in FRAME)


def test_every_byte_ends_low_so_that_a_bus_at_rest_holds_the_clock_low() -> None:
    bench = Bench()
    bench.run(2.0)
    assert all(byte & 1 == 0 for data in bench.port.sent for byte in data)


def test_a_chip_that_is_not_ready_is_only_looked_at() -> None:
    bench = Bench()
    bench.line.unplug()
    bench.run(2.0)
    assert set(bench.port.sent) == {PROBE}
    assert _pulses(PROBE) == 0


@pytest.mark.parametrize("count", [COUNT, -COUNT, 0x555555, -0x2AAAAB])
def test_a_count_comes_back_with_its_sign(count: int) -> None:
    found = Bench(count=count).run(2.0)
    assert {one.count for one in found if isinstance(one, RawSample)} == {count}


def test_a_level_that_comes_too_late_for_the_bus_is_no_weight() -> None:
    """A long cable, or a bus that is too fast: the two samples of a pulse differ."""
    bench = Bench(late_bits=1)
    assert not any(isinstance(one, RawSample) for one in bench.run(2.0))
    assert set(bench.driver.take_counts(PLATE)[1]) == {"settling", "torn_bits"}


def test_a_line_at_ground_is_always_ready_and_never_believed() -> None:
    assert read_frame(bytes(7)) == (0, "not_released")


def test_a_line_nobody_drives_reads_all_ones() -> None:
    assert read_frame(b"\xff" * 7) == (0xFFFFFF, None)


def test_a_bus_that_fails_is_counted_and_goes_on_when_it_is_back() -> None:
    bench = Bench()
    bench.run(1.0)
    bench.driver.take_counts(PLATE)
    bench.chip.broken = True
    assert bench.run(2.0) == []
    samples, rejected = bench.driver.take_counts(PLATE)
    assert samples == 0
    assert set(rejected) == {"bus_error"}
    bench.chip.broken = False
    found = bench.run(2.0)
    assert {one.count for one in found if isinstance(one, RawSample)} == {COUNT}


def test_a_chip_whose_clock_is_left_high_is_reset() -> None:
    """What the simulated wire does to a driver that forgets to end low."""
    bench = Bench()
    bench.clock.advance(0.2)
    assert bench.line.ready()
    bench.chip.transfer(b"\x01")
    assert not bench.line.ready()
