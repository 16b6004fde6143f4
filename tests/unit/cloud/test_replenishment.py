"""When a shelf is short, and what ends it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cloud.replenishment.model import (
    FRESH_FOR,
    INVESTIGATE_FOR,
    OpenShortage,
    Plan,
    ShortageRule,
    Watch,
    clear_units,
    investigations,
    judge,
    order_units,
    plan,
)
from cloud.stock.model import PositionBelief, SeenEvent
from contract.ids import PositionId, Sku

AT = datetime(2026, 1, 1, tzinfo=UTC)
RULE = ShortageRule()
CAPACITY, LOW = 12, 3


def _belief(units: int, *, sure: float = 1.0, frozen: bool = False, as_of: datetime = AT) -> PositionBelief:
    """Sure of `units`; what is missing to 1 lies on one more."""
    return PositionBelief(
        position=PositionId("p"), sku=Sku("tea"), capacity=CAPACITY, low_units=LOW, low=units,
        pmf=(sure, 1 - sure), frozen=frozen, as_of=as_of,
    )  # fmt: skip


def _short(position: str = "p", *, units: int = 2, task: bool = False, believed: bool = True) -> OpenShortage:
    return OpenShortage(
        shortage_id=1, position=position, units=units, capacity=CAPACITY, low_units=LOW, task=task, believed=believed
    )


ages = st.sampled_from([timedelta(0), FRESH_FOR, FRESH_FOR + timedelta(seconds=1)])
steps = st.tuples(st.integers(0, CAPACITY), st.floats(0.5, 1.0), st.booleans(), st.integers(0, 20), ages)


@given(st.lists(steps, max_size=60))
def test_a_shortage_opens_only_after_a_sure_hold_and_closes_only_clearly_above_low(
    walk: list[tuple[int, float, bool, int, timedelta]],
) -> None:
    watch, is_open, at = Watch(), False, AT
    low_for = timedelta(0)
    was_low = False
    for units, sure, frozen, wait_s, age in walk:
        at += timedelta(seconds=wait_s)
        belief = _belief(units, sure=sure, frozen=frozen, as_of=at - age)
        surely_low = not frozen and belief.at_most(LOW) >= RULE.sure
        low_for = low_for + timedelta(seconds=wait_s) if surely_low and was_low else timedelta(0)
        was_low = surely_low
        watch, verdict = judge(watch, belief, is_open=is_open, at=at, rule=RULE)
        if verdict == "open":
            assert not is_open
            assert low_for >= RULE.hold
            assert age <= FRESH_FOR
            is_open = True
        elif verdict == "close":
            assert is_open
            assert not frozen
            assert 1 - belief.at_most(clear_units(LOW, CAPACITY) - 1) >= RULE.sure
            is_open, was_low = False, False


def test_a_shelf_low_for_the_hold_is_short() -> None:
    watch, verdict = judge(Watch(), _belief(3), is_open=False, at=AT, rule=RULE)
    assert verdict == "wait"
    assert judge(watch, _belief(3), is_open=False, at=AT + RULE.hold, rule=RULE)[1] == "open"


def test_old_news_of_a_low_shelf_begins_the_hold_anew() -> None:
    later = AT + FRESH_FOR + timedelta(seconds=1)
    watch, verdict = judge(Watch(low_since=AT), _belief(3), is_open=False, at=later, rule=RULE)
    assert (watch.low_since, verdict) == (later, "wait")


def test_old_news_of_a_full_shelf_ends_its_shortage() -> None:
    assert judge(Watch(), _belief(12), is_open=True, at=AT + timedelta(days=1), rule=RULE)[1] == "close"


def test_a_shelf_that_is_not_to_be_believed_is_refilled_but_orders_nothing() -> None:
    silent = _short(believed=False)
    assert plan([silent], backroom=0, promised=0, order_state=None, case_units=None).order is None
    assert plan([silent], backroom=4, promised=0, order_state=None, case_units=None).tasks


def test_a_shelf_just_above_low_stays_short() -> None:
    assert judge(Watch(), _belief(4), is_open=True, at=AT, rule=RULE)[1] == "wait"
    assert judge(Watch(), _belief(5), is_open=True, at=AT, rule=RULE)[1] == "close"


@given(st.integers(1, 200).flatmap(lambda capacity: st.tuples(st.just(capacity), st.integers(0, capacity - 1))))
def test_every_shelf_can_become_clear_and_clear_is_above_low(sizes: tuple[int, int]) -> None:
    capacity, low = sizes
    assert low < clear_units(low, capacity) <= capacity


def test_what_the_backroom_has_is_shared_out_and_the_rest_waits_for_it() -> None:
    made = plan([_short("a"), _short("b")], backroom=12, promised=0, order_state=None, case_units=None)
    assert [(task.position, task.units) for task in made.tasks] == [("a", 10), ("b", 2)]
    assert made.order is None


def test_goods_promised_to_another_task_are_not_promised_twice() -> None:
    made = plan([_short("a", task=True), _short("b")], backroom=12, promised=10, order_state=None, case_units=None)
    assert [(task.position, task.units) for task in made.tasks] == [("b", 2)]


def test_an_empty_backroom_is_one_order_for_all_shelves_in_whole_cases() -> None:
    made = plan([_short("a"), _short("b", units=0)], backroom=0, promised=0, order_state=None, case_units=6)
    assert made.order is not None
    assert made.order.units == 24, "22 lack"
    assert made.order.reason.endswith("none in the backroom; 4 cases of 6")


def test_one_case_is_called_one_case() -> None:
    made = plan([_short()], backroom=0, promised=0, order_state=None, case_units=20)
    assert made.order is not None
    assert made.order.reason.endswith("; 1 case of 20")


def test_an_order_under_way_nets_what_lacks() -> None:
    made = plan([_short()], backroom=0, promised=0, order_state="open", case_units=None)
    assert (made.tasks, made.order, made.close_order) == ((), None, False)


def test_received_goods_become_a_task_and_the_order_waits_for_the_scale() -> None:
    made = plan([_short()], backroom=12, promised=0, order_state="received", case_units=None)
    assert len(made.tasks) == 1
    assert not made.close_order


def test_a_received_order_closes_when_no_shelf_is_short() -> None:
    assert plan([], backroom=2, promised=0, order_state="received", case_units=None).close_order
    assert not plan([], backroom=2, promised=0, order_state="open", case_units=None).close_order


def test_a_received_order_whose_goods_were_too_few_makes_room_for_the_next() -> None:
    made = plan([_short()], backroom=0, promised=0, order_state="received", case_units=None)
    assert made.close_order
    assert made.order is not None


def test_a_place_that_was_swept_is_neither_refilled_nor_ordered_for_while_it_is_looked_into() -> None:
    swept = replace(_short("a"), held=True)
    assert plan([swept], backroom=12, promised=0, order_state=None, case_units=None) == Plan()
    assert plan([swept], backroom=0, promised=0, order_state=None, case_units=None) == Plan()
    made = plan([swept, _short("b")], backroom=12, promised=0, order_state=None, case_units=None)
    assert [task.position for task in made.tasks] == ["b"]


def _event(kind: str, *, event_id: str = "e" * 32, age: timedelta = timedelta(0)) -> SeenEvent:
    return SeenEvent(
        event_id=event_id, time=AT - age, position=PositionId("p"), sku=Sku("tea"), kind=kind, quantity=9,
        refilling=False,
    )  # fmt: skip


def test_a_sweep_is_looked_into_once_and_a_pick_never() -> None:
    (asked,) = investigations([_event("pick"), _event("sweep"), _event("refill")], at=AT)
    assert (asked.position, asked.units, asked.reason) == ("p", 9, "9 taken at once")
    assert investigations([_event("sweep")], at=AT)[0].task_id == asked.task_id
    assert investigations([_event("sweep", event_id="f" * 32)], at=AT)[0].task_id != asked.task_id


def test_a_sweep_heard_of_long_after_is_history() -> None:
    assert investigations([_event("sweep", age=INVESTIGATE_FOR)], at=AT) == []


@given(st.integers(1, 500), st.integers(1, 48))
def test_an_order_covers_what_lacks_with_the_fewest_cases(lacking: int, case: int) -> None:
    units = order_units(lacking, case)
    assert units % case == 0
    assert lacking <= units < lacking + case


@given(
    st.lists(
        st.builds(
            _short, st.sampled_from("abcd"), units=st.integers(0, 13), task=st.booleans(), believed=st.booleans()
        ),
        max_size=4,
    ),
    st.integers(0, 40),
    st.integers(0, 40),
    st.sampled_from([None, "open", "received"]),
)
def test_tasks_never_promise_more_than_the_backroom_has(
    short: list[OpenShortage], backroom: int, promised: int, state: str | None
) -> None:
    made = plan(short, backroom=backroom, promised=promised, order_state=state, case_units=None)
    assert sum(task.units for task in made.tasks) <= max(0, backroom - promised)
    assert all(task.units > 0 for task in made.tasks)
    assert made.order is None or state is None or made.close_order, "one order under way at a time"
