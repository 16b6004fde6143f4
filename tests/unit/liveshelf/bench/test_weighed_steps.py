"""The measure of the weigher itself: what nobody could miss is found, what nobody could see is not."""

from __future__ import annotations

from liveshelf.bench.weighed_steps import false_steps_per_plate_week, step_recall


def test_goods_that_weigh_many_sigmas_are_told_and_a_breath_is_not() -> None:
    assert step_recall(20, sigmas=500.0) >= 0.95
    assert step_recall(20, sigmas=0.1) == 0.0


def test_a_shelf_nobody_touches_tells_no_steps_for_a_quarter_of_an_hour() -> None:
    assert false_steps_per_plate_week(hours=0.25) == 0.0
