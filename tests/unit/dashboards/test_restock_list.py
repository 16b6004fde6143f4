"""The restock list: what comes first, what lacks, what is on its way, and what is said of a card somebody acted on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.shelves.model import OrderView, PositionView, TaskView
from dashboards.web.restock.board import FINISHED_MAX, Board, make_board, notice_of, urgency

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ME, MEI = "jo", "mei"

TASK = TaskView(
    task_id="tsk_1", kind="refill", store="corner", position="b1-s1-p1", sku="tea", name="Tea", name_zh="茶", bay="b1",
    shelf="b1-s1", suggested_units=10, state="open", reason="", assignee=None, done_units=None, opened_at=NOON,
    taken_at=None, done_at=None, closed_at=None, workable=True, units=2, capacity=12, low_units=3, frozen=False,
    backroom=18,
)  # fmt: skip
ORDER = OrderView(
    order_id="ord_1", store="corner", sku="tea", name="Tea", name_zh="茶", units=12, received_units=0, state="open",
    reason="", opened_at=NOON, expected_at=None, received_at=None, closed_at=None, on_shelf=2, capacity=12, backroom=0,
    positions=("b1-s1-p1",),
)  # fmt: skip
PLACE = PositionView(
    position="b1-s1-p1", bay="b1", shelf="b1-s1", sku="tea", name="Tea", name_zh="茶", capacity=12, low_units=3,
    plates=("l1",), zones=(), sensed=True, units=2, probability=0.99, low=2, pmf=(1.0,), frozen=False, basis=(),
    as_of=NOON, faults=(), backroom=0, incoming=0, task_id=None, task_state=None, assignee=None, order_id=None,
    order_state=None,
)  # fmt: skip


def _board(*tasks: TaskView, orders: tuple[OrderView, ...] = (), short: tuple[PositionView, ...] = ()) -> Board:
    return make_board(
        tasks, orders, dict.fromkeys((place.position for place in short), NOON),
        {place.position: place for place in (*short, PLACE)}, me=ME, names={MEI: "Mei", ME: "Jo"},
    )  # fmt: skip


def _taken(task: TaskView, by: str) -> TaskView:
    return replace(task, state="taken", assignee=by, taken_at=NOON)


@st.composite
def _tasks(draw: st.DrawFn) -> TaskView:
    state = draw(st.sampled_from(("open", "taken", "done")))
    units = draw(st.none() | st.integers(0, 12))
    return replace(
        TASK, task_id=f"tsk_{draw(st.integers(0, 10**6))}", state=state, units=units,
        assignee=None if state == "open" else draw(st.sampled_from((ME, MEI))),
        capacity=draw(st.none() | st.integers(1, 12)), low_units=draw(st.none() | st.integers(0, 6)),
        opened_at=NOON - timedelta(minutes=draw(st.integers(0, 90))),
    )  # fmt: skip


@given(st.lists(_tasks(), max_size=12))
def test_own_tasks_come_first_then_open_ones_then_the_work_of_others_then_what_waits_for_the_scale(
    tasks: list[TaskView],
) -> None:
    turns = {("taken", ME): 0, ("open", None): 1, ("taken", MEI): 2}
    cards = _board(*tasks).to_do
    found = [turns.get((card.task.state, card.task.assignee), 3) for card in cards]
    assert found == sorted(found)
    assert sorted(card.task.task_id for card in cards) == sorted(task.task_id for task in tasks)


@given(st.lists(_tasks(), max_size=12))
def test_among_open_tasks_empty_comes_before_low_then_the_emptiest_then_the_oldest(tasks: list[TaskView]) -> None:
    cards = _board(*(replace(task, state="open", assignee=None) for task in tasks)).to_do
    for before, after in pairwise(cards):
        one, other = before.task, after.task
        assert other.units != 0 or one.units == 0
        if (one.units == 0) == (other.units == 0) and _is_low(one) == _is_low(other):
            shares = [1.0 if task.share is None else task.share for task in (one, other)]
            assert shares[0] <= shares[1]
            assert shares[0] < shares[1] or one.opened_at <= other.opened_at


@given(st.lists(_tasks(), max_size=12), st.randoms())
def test_the_order_of_the_list_does_not_depend_on_that_of_the_rows(tasks: list[TaskView], dice: Random) -> None:
    shuffled = list(tasks)
    dice.shuffle(shuffled)
    cards = [[urgency(card) for card in _board(*rows).to_do] for rows in (tasks, shuffled)]
    assert cards[0] == cards[1]


def _is_low(task: TaskView) -> bool:
    return task.units is not None and task.low_units is not None and task.units <= task.low_units


def test_a_taken_task_says_whose_it_is() -> None:
    mine, hers = _board(_taken(TASK, ME), _taken(replace(TASK, task_id="tsk_2"), MEI)).to_do
    assert (mine.mine, mine.who) == (True, "Jo")
    assert (hers.mine, hers.who) == (False, "Mei")


def test_somebody_nobody_knows_is_called_by_the_log_in() -> None:
    assert _board(_taken(TASK, "robot-7")).to_do[0].who == "robot-7"


@pytest.mark.parametrize("kind", ["count", "investigate", "sensor_check"])
def test_only_refills_are_on_the_list(kind: str) -> None:
    board = _board(replace(TASK, kind=kind), replace(TASK, kind=kind, state="verified", closed_at=NOON))
    assert board.empty
    assert board.finished == ()


def test_an_open_task_without_goods_in_the_backroom_is_a_lack() -> None:
    board = _board(replace(TASK, workable=False), short=(PLACE,))
    assert board.to_do == ()
    assert [lack.place.position for lack in board.lacks] == ["b1-s1-p1"]


def test_a_taken_task_stays_when_the_backroom_runs_out() -> None:
    assert len(_board(replace(_taken(TASK, ME), workable=False)).to_do) == 1


def test_a_place_is_told_of_once() -> None:
    assert _board(TASK, short=(PLACE,)).lacks == ()
    awaited = _board(orders=(ORDER,), short=(PLACE,))
    assert awaited.lacks == ()
    assert [place.position for place in awaited.coming[0].places] == ["b1-s1-p1"]


def test_a_place_that_was_swept_is_not_on_the_list_until_it_was_looked_into() -> None:
    sweep = replace(TASK, kind="investigate")
    assert _board(sweep, short=(PLACE,)).empty
    assert len(_board(replace(sweep, state="done", closed_at=NOON), short=(PLACE,)).lacks) == 1


def test_goods_that_have_all_arrived_are_no_longer_on_their_way() -> None:
    board = _board(orders=(replace(ORDER, state="received", received_units=12),), short=(PLACE,))
    assert board.coming == ()
    assert len(board.lacks) == 1


def test_empty_places_lack_most() -> None:
    low, empty = PLACE, replace(PLACE, position="b1-s1-p2", units=0)
    assert [lack.place.units for lack in _board(short=(low, empty)).lacks] == [0, 2]


def test_what_the_scale_has_seen_is_told_to_all_and_what_came_to_nothing_to_whose_it_was() -> None:
    def ended(number: int, state: str, by: str) -> TaskView:
        at = NOON + timedelta(seconds=number)
        return replace(TASK, task_id=f"tsk_{number}", state=state, assignee=by, closed_at=at)

    board = _board(ended(1, "verified", MEI), ended(2, "cancelled", MEI), ended(3, "cancelled", ME))
    assert [card.task.task_id for card in board.finished] == ["tsk_3", "tsk_1"]
    many = _board(*(ended(number, "verified", MEI) for number in range(9)))
    assert [card.task.task_id for card in many.finished] == ["tsk_8", "tsk_7", "tsk_6"]
    assert len(many.finished) == FINISHED_MAX


@pytest.mark.parametrize(
    ("task", "notice"),
    [
        (None, "unknown"),
        (replace(TASK, kind="investigate"), "unknown"),
        (TASK, None),
        (_taken(TASK, ME), "mine"),
        (_taken(TASK, MEI), "taken"),
        (replace(TASK, state="done", assignee=ME, done_units=10), "done_mine"),
        (replace(TASK, state="done", assignee=MEI, done_units=10), "done"),
        (replace(TASK, state="done", assignee=ME, done_units=0), "none_left"),
        (replace(TASK, state="verified", assignee=ME, done_units=10), "verified"),
        (replace(TASK, state="cancelled", assignee=ME, done_units=10), "unseen"),
        (replace(TASK, state="cancelled", assignee=ME), "ended"),
        (replace(TASK, state="cancelled", assignee=MEI, done_units=10), "ended"),
    ],
)
def test_what_is_said_of_a_card_follows_from_how_the_task_stands(task: TaskView | None, notice: str | None) -> None:
    assert notice_of(task, me=ME) == notice
