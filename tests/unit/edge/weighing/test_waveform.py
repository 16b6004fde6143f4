"""What a scale remembers of its last seconds."""

from __future__ import annotations

import pytest

from contract.ids import PlateId, ShelfId
from edge.weighing.shelf import ShelfWeigher
from edge.weighing.waveform import WAVE_BINS

LEFT, RIGHT = PlateId("left"), PlateId("right")


class Bench:
    """Two plates at 10 samples a second; noise that alternates, so that nothing is drawn by chance."""

    def __init__(self) -> None:
        self.weigher = ShelfWeigher(ShelfId("s"), (LEFT, RIGHT), heartbeat_s=30.0)
        self.mono_ms = 0

    def run(self, seconds: float, left_g: float) -> None:
        for number in range(round(seconds * 10)):
            noise_g = 0.5 if number % 2 else -0.5
            for plate, load_g in ((LEFT, left_g), (RIGHT, 700.0)):
                self.weigher.add(plate, self.mono_ms, load_g + noise_g)
            self.weigher.tick(self.mono_ms)
            self.mono_ms += 100


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_the_last_ten_seconds_of_a_plate_are_remembered(bench: Bench) -> None:
    bench.run(25.0, 1_000.0)
    latest = bench.weigher.wave(LEFT).latest()
    assert len(latest.weights_g) == WAVE_BINS
    assert set(latest.weights_g) == {999.5, 1_000.5}
    assert bench.mono_ms - 200 <= latest.end_mono_ms <= bench.mono_ms
    assert bench.weigher.wave(LEFT).step is None


def test_a_step_is_kept_with_what_was_before_and_after_it_on_all_plates_of_the_shelf(bench: Bench) -> None:
    bench.run(20.0, 1_000.0)
    bench.run(30.0, 400.0)
    step = bench.weigher.wave(LEFT).step
    assert step is not None
    assert step.weights_g[0] == pytest.approx(1_000.0, abs=0.5)
    assert step.weights_g[-1] == pytest.approx(400.0, abs=0.5)
    assert 20_500 <= step.end_mono_ms <= 25_000
    beside = bench.weigher.wave(RIGHT).step
    assert beside is not None
    assert beside.end_mono_ms == step.end_mono_ms
    assert set(beside.weights_g) == {699.5, 700.5}


def test_a_time_in_which_nobody_listened_is_no_part_of_a_wave(bench: Bench) -> None:
    bench.run(20.0, 1_000.0)
    bench.mono_ms += 60_000
    bench.run(2.0, 1_000.0)
    assert len(bench.weigher.wave(LEFT).latest().weights_g) <= 21


def test_grams_of_another_line_are_no_part_of_a_wave(bench: Bench) -> None:
    bench.run(20.0, 1_000.0)
    bench.run(5.0, 400.0)
    bench.weigher.restart(LEFT)
    bench.run(1.0, 7_000.0)
    assert min(bench.weigher.wave(LEFT).latest().weights_g) > 6_900.0
    assert bench.weigher.wave(LEFT).step is None
    assert bench.weigher.wave(RIGHT).step is not None
