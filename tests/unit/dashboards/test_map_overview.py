"""The figures of a store, and where a visitor looks first."""

from __future__ import annotations

from datetime import timedelta

from dashboards.web.map.overview import overview
from tests.unit.dashboards.places import AT, place, task


def test_empty_and_low_places_are_counted_apart() -> None:
    found = overview([place(units=0), place(units=4), place(units=5), place(units=None)], [], [])
    assert (found.empty, found.low) == (1, 1)


def test_the_emptiest_shelf_is_the_one_with_the_lowest_mean_fill() -> None:
    positions = [
        place(shelf="b1-s1", units=0), place(shelf="b1-s1", units=16),
        place(shelf="b1-s2", units=7), place(shelf="b1-s2", units=8),
    ]  # fmt: skip
    emptiest = overview(positions, [], []).emptiest
    assert emptiest is not None
    assert (emptiest.shelf, emptiest.empty, emptiest.low) == ("b1-s2", 0, 0)


def test_shelves_without_a_count_and_displays_without_a_sensor_do_not_compete() -> None:
    positions = [place(shelf="b1-s1", units=None), place(shelf="front-d1", sensed=False, units=0)]
    assert overview(positions, [], []).emptiest is None


def test_the_top_task_is_an_empty_place_before_one_that_is_only_low() -> None:
    low = task(task_id="low", units=2, opened_at=AT - timedelta(hours=1))
    empty = task(task_id="empty", units=0)
    top = overview([], [low, empty], []).top_task
    assert top is not None
    assert top.task_id == "empty"


def test_only_what_somebody_can_carry_now_is_a_task_to_do() -> None:
    tasks = [
        task(task_id="1"),
        task(task_id="2", state="taken", workable=False),
        task(task_id="3", workable=False),
        task(task_id="4", state="done"),
        task(task_id="5", kind="investigate"),
    ]
    assert overview([], tasks, []).tasks == 2


def test_what_was_swept_is_with_loss_prevention_and_never_the_top_task() -> None:
    found = overview([], [task(kind="investigate")], [])
    assert (found.top_task, found.tasks, found.losses) == (None, 0, 1)
