"""A lone change is shown at once; under load there are four or five frames a second and a rest for the machine."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dashboards.web.live.pace import APART_S, WINDOW_S, Pace

EPSILON_S = 1e-9


def _made(wishes_s: list[float], took_s: float) -> list[float]:
    """Return when frames were made that were wished for at these distances."""
    pace, now_s, made = Pace(), 1_000.0, []
    for wish_s in wishes_s:
        now_s = max(now_s + wish_s, pace.next_s())
        made.append(now_s)
        pace.made(now_s, now_s + took_s)
    return made


def test_the_first_change_after_a_quiet_time_is_shown_at_once() -> None:
    pace = Pace()
    assert pace.next_s() <= 0.0
    pace.made(10.0, 10.02)
    pace.made(20.0, 20.02)
    assert pace.next_s() == 20.0 + APART_S


def test_a_storm_of_changes_is_four_or_five_frames_a_second() -> None:
    made = _made([0.0] * 100, took_s=0.01)
    per_s = (len(made) - 1) / (made[-1] - made[0])
    assert 4.0 < per_s < 5.0


@given(st.lists(st.floats(0.0, 2.0), min_size=3, max_size=60), st.floats(0.0, 3.0))
def test_frames_keep_their_distance(wishes_s: list[float], took_s: float) -> None:
    made = _made(wishes_s, took_s)
    assert all(later - earlier >= APART_S - EPSILON_S for earlier, later in pairwise(made))
    assert all(made[i + 2] - made[i] >= WINDOW_S - EPSILON_S for i in range(len(made) - 2))


@given(st.lists(st.floats(0.0, 2.0), min_size=2, max_size=60), st.floats(0.0, 3.0))
def test_making_frames_takes_half_of_the_time_at_most(wishes_s: list[float], took_s: float) -> None:
    assert all(later - earlier >= 2 * took_s - EPSILON_S for earlier, later in pairwise(_made(wishes_s, took_s)))


@given(st.lists(st.floats(0.0, 2.0), min_size=1, max_size=60))
def test_no_change_waits_longer_than_a_window(wishes_s: list[float]) -> None:
    pace, now_s = Pace(), 1_000.0
    for wish_s in wishes_s:
        wished_s = now_s + wish_s
        now_s = max(wished_s, pace.next_s())
        assert now_s - wished_s <= WINDOW_S + EPSILON_S
        pace.made(now_s, now_s)
