"""What a plate at rest tells of changes too small to be felt."""

from __future__ import annotations

import random
from collections.abc import Callable

from edge.weighing.shift import LEARNING, SIDE_BINS, WHOLE_BINS, ShiftWatch

NOISE_G = 0.1
QUIET_G = 0.768 * NOISE_G
LEARNING_BINS = (LEARNING + 1) * WHOLE_BINS


class Plate:
    """A plate with white noise, and whatever moves it besides."""

    def __init__(self, sway: Callable[[int], float] = lambda _bin: 0.0) -> None:
        self.watch = ShiftWatch()
        self.load_g = 0.0
        self._sway = sway
        self._rng = random.Random(3)
        self._bins = 0

    def run(self, bins: int) -> list[float]:
        """Let so many bins go by; return the shifts told in them."""
        told = []
        for _ in range(bins):
            self._bins += 1
            mean_g = self.load_g + self._sway(self._bins) + self._rng.gauss(0.0, NOISE_G)
            if self.watch.add(mean_g, QUIET_G):
                sides = self.watch.sides()
                assert sides is not None
                told.append(sides.after_g - sides.before_g)
                self.watch.tell()
        return told

    def put(self, change_g: float) -> None:
        self.load_g += change_g


def _learned(sway: Callable[[int], float] = lambda _bin: 0.0) -> Plate:
    plate = Plate(sway)
    plate.run(LEARNING_BINS)
    return plate


def test_a_third_of_a_gram_on_a_still_plate_is_told_once_and_within_two_seconds() -> None:
    plate = _learned()
    plate.put(0.32)
    [told_g] = plate.run(20)
    assert abs(told_g - 0.32) < 0.12
    assert plate.run(600) == []


def test_changes_two_seconds_apart_are_told_apart() -> None:
    plate = _learned()
    for change_g in (0.4, -0.4, 0.5, 0.5, -0.6):
        plate.put(change_g)
        [told_g] = plate.run(20)
        assert abs(told_g - change_g) < 0.15


def test_nothing_so_small_is_believed_before_the_plate_is_known() -> None:
    plate = Plate()
    plate.run(10 * WHOLE_BINS)
    plate.put(0.32)
    assert plate.run(60) == []


def test_a_plate_that_sways_by_itself_tells_nothing_of_that_size() -> None:
    rng = random.Random(5)
    levels = [rng.choice((-0.4, 0.4)) for _ in range(1_000)]
    plate = _learned(lambda one: levels[one // 25 % len(levels)])
    assert plate.run(2_000) == []


def test_a_still_plate_tells_nothing_for_a_day_of_bins() -> None:
    assert _learned().run(100_000) == []


def test_creep_after_a_large_change_is_no_shift() -> None:
    plate = _learned()
    plate.watch.begin([plate.load_g] * SIDE_BINS, change_g=100.0)
    plate.put(0.55)
    assert plate.run(60) == []
    plate.watch.begin([plate.load_g] * SIDE_BINS, change_g=1.0)
    plate.put(0.55)
    assert len(plate.run(60)) == 1


def test_what_was_before_a_rest_is_not_compared() -> None:
    plate = _learned()
    plate.put(5.0)
    plate.watch.begin([], change_g=0.0)
    assert plate.run(100) == []
