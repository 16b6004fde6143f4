from __future__ import annotations

import pytest

from edge.weighing.plate import median_of, spread_of
from edge.weighing.quiet import HISTORY_S, LEARNING_S, QuietSpread


def _seen(*spreads_g: float) -> QuietSpread:
    quiet = QuietSpread()
    for spread_g in spreads_g:
        quiet.add(spread_g)
    return quiet


def test_a_shelf_that_is_busy_most_of_the_time_is_still_known_by_its_quiet() -> None:
    assert _seen(*[100.0, 100.0, 0.5, 100.0] * 20, 0.5, 0.5).value_g == 0.5


def test_one_lucky_second_does_not_make_a_shelf_nervous() -> None:
    assert _seen(0.01, *[1.0] * 20).value_g == 1.0


def test_a_shelf_that_became_noisier_is_learned_in_four_minutes() -> None:
    quiet = _seen(*[1.0] * HISTORY_S)
    for _ in range(HISTORY_S):
        quiet.add(5.0)
    assert quiet.value_g == 5.0


def test_a_few_seconds_are_needed_to_learn() -> None:
    assert not _seen(*[1.0] * (LEARNING_S - 1)).learned
    assert _seen(*[1.0] * LEARNING_S).learned
    assert QuietSpread().value_g == 0.0


def test_spread_and_median_of_plain_values() -> None:
    assert spread_of([1.0, 3.0]) == 1.0
    assert spread_of([]) == 0.0
    assert median_of([5.0, 1.0, 3.0]) == 3.0
    assert median_of([4.0, 1.0, 3.0, 2.0]) == pytest.approx(2.5)
    assert median_of([]) == 0.0
