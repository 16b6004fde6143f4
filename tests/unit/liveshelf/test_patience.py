"""A program that ended comes back soon, more slowly each time, and not for ever."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from liveshelf.demo.patience import (
    MINUTE_S,
    PAUSE_FIRST_S,
    PAUSE_MAX_S,
    RAN_WELL_S,
    RESTARTS_PER_MINUTE_MAX,
    Course,
    pause_after,
)
from liveshelf.demo.supervisor import how_it_ended

runs = st.lists(st.floats(min_value=0.0, max_value=120.0), max_size=60)


def lived(runs_s: Sequence[float], *, held_s: float = 0.0) -> tuple[list[float], list[float], bool]:
    """Return when a program that runs so long each time was started again, after which pauses, and if it was given up.

    `held_s` keeps it away for longer, as a pulled plug does.
    """
    at_s, course = 0.0, Course(started_s=0.0)
    starts_s: list[float] = []
    pauses_s: list[float] = []
    for run_s in runs_s:
        at_s += run_s
        course = course.ended(at_s)
        if course.hopeless(at_s):
            return starts_s, pauses_s, True
        pauses_s.append(course.pause_s)
        at_s += max(course.pause_s, held_s)
        course = course.restarted(at_s)
        starts_s.append(at_s)
    return starts_s, pauses_s, False


@given(runs)
def test_every_pause_lies_between_the_first_and_the_longest(runs_s: list[float]) -> None:
    _, pauses_s, _ = lived(runs_s)
    assert all(PAUSE_FIRST_S <= pause_s <= PAUSE_MAX_S for pause_s in pauses_s)


@given(runs)
def test_no_minute_sees_more_restarts_than_it_may(runs_s: list[float]) -> None:
    starts_s, _, _ = lived(runs_s)
    for first_s in starts_s:
        within = [start_s for start_s in starts_s if first_s <= start_s < first_s + MINUTE_S]
        assert len(within) <= RESTARTS_PER_MINUTE_MAX


@given(st.lists(st.integers(0, int(RAN_WELL_S) - 1), min_size=2, max_size=6))
def test_the_pause_doubles_while_the_program_does_not_run_well(runs_s: list[int]) -> None:
    _, pauses_s, _ = lived(runs_s)
    assert pauses_s == [pause_after(number) for number in range(1, len(pauses_s) + 1)]
    assert all(later in {2 * sooner, PAUSE_MAX_S} for sooner, later in itertools.pairwise(pauses_s))


@given(st.lists(st.floats(min_value=0.0, max_value=5.0), max_size=5), st.integers(int(RAN_WELL_S) + 1, 10**6))
def test_a_program_that_ran_well_is_met_with_the_first_pause_again(short_s: list[float], well_s: int) -> None:
    _, pauses_s, _ = lived([*short_s, well_s])
    assert pauses_s[-1] == PAUSE_FIRST_S


@given(st.lists(st.integers(int(RAN_WELL_S) + 1, 10**5), max_size=100))
def test_a_program_that_runs_well_between_its_ends_is_never_given_up(runs_s: list[int]) -> None:
    assert not lived(runs_s)[2]


def test_a_program_that_ends_at_once_is_given_up_within_a_minute() -> None:
    starts_s, _, given_up = lived([0.5] * 20)
    assert given_up
    assert len(starts_s) == RESTARTS_PER_MINUTE_MAX
    assert starts_s[-1] < MINUTE_S


def test_a_plug_pulled_again_and_again_for_ten_seconds_is_never_hopeless() -> None:
    assert not lived([0.0] * 50, held_s=10.0)[2]


def test_the_pauses_of_a_program_that_fails_for_ever_stay_the_longest_one() -> None:
    assert pause_after(10**9) == PAUSE_MAX_S


def test_an_end_is_told_by_its_signal_or_its_exit_code() -> None:
    assert how_it_ended(-9) == "was ended by SIGKILL"
    assert how_it_ended(-35) == "was ended by signal 35"
    assert how_it_ended(2) == "ended with exit code 2"
    assert how_it_ended(None) == "ended"
