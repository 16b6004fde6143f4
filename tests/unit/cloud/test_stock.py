"""How many for sure: quantiles of sums, moves of goods."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cloud.stock.model import (
    LEDGER_CONFIDENCE,
    Basket,
    PositionBelief,
    SeenEvent,
    answer,
    correction,
    loss_moves,
    moves_of_events,
    place_changes,
    receipt_moves,
    sale_moves,
    summed,
    surely,
)
from contract.ids import PositionId, Sku

AT = datetime(2026, 1, 1, tzinfo=UTC)
TEA = Sku("tea")


def _belief(low: int, *pmf: float, frozen: bool = False, heard: bool = True) -> PositionBelief:
    return PositionBelief(
        position=PositionId("p"), sku=TEA, capacity=12, low_units=3, low=low, pmf=pmf, frozen=frozen,
        basis=("weight",), as_of=AT if heard else None,
    )  # fmt: skip


def _event(kind: str, quantity: int, *, refilling: bool = False, name: str = "e") -> SeenEvent:
    return SeenEvent(
        event_id=name, time=AT, position=PositionId("p"), sku=TEA, kind=kind, quantity=quantity, refilling=refilling
    )


pmfs = st.lists(st.floats(0.01, 1.0), min_size=1, max_size=12).map(lambda ws: tuple(w / sum(ws) for w in ws))
beliefs = st.builds(lambda low, pmf: _belief(low, *pmf), st.integers(0, 20), pmfs)


@given(st.lists(beliefs, min_size=1, max_size=4), st.sampled_from([0.9, 0.95, 0.99]))
def test_a_promise_is_the_largest_number_that_is_sure_enough(several: list[PositionBelief], level: float) -> None:
    low, pmf = summed(several)
    promised = surely(low, pmf, level)
    assert np.isclose(pmf.sum(), 1.0)
    assert pmf[max(0, promised - low) :].sum() >= level - 1e-5
    assert pmf[promised - low + 1 :].sum() < level


def test_two_shelves_promise_more_together_than_each_alone() -> None:
    one = _belief(9, 0.02, 0.98)
    assert [surely(*summed([one]), 0.99), surely(*summed([one, one]), 0.99)] == [9, 19], "P(both low) is 0.0004"


def test_a_certain_shelf_promises_all_it_holds() -> None:
    told = answer([_belief(7, 1.0)], {"display": 2, "backroom": 5, "in_transit": 12, "basket": 3})
    assert (told.on_shelf, told.unsensed, told.backroom, told.incoming, told.on_hand) == (7, 2, 5, 12, 14)
    assert (told.confidence, told.basis, told.frozen) == (1.0, ("ledger", "weight"), False)


def test_a_shelf_not_heard_of_adds_nothing_and_takes_all_confidence() -> None:
    told = answer([_belief(7, 1.0), _belief(0, 1.0, heard=False)], {})
    assert (told.on_hand, told.confidence) == (7, 0.0)


def test_books_alone_are_not_trusted_far() -> None:
    told = answer([], {"display": 4})
    assert (told.on_hand, told.confidence, told.basis) == (4, LEDGER_CONFIDENCE, ("ledger",))


def test_confidence_is_never_rounded_up() -> None:
    assert answer([_belief(7, 0.004, 0.996)], {}).confidence == 0.99


def test_books_below_nothing_are_told_as_nothing() -> None:
    assert answer([], {"display": -2, "backroom": -1}).on_hand == 0


def test_a_pick_goes_to_the_basket_and_back() -> None:
    moves = moves_of_events([_event("pick", 2), _event("put_back", 1, name="f")], {})
    assert place_changes(moves) == {("tea", "basket"): 1, ("tea", "shelf"): -1}


def test_goods_put_on_a_shelf_under_a_refill_task_come_from_the_backroom() -> None:
    moves = moves_of_events([_event("put_back", 4, refilling=True)], {("tea", "backroom"): 6})
    assert place_changes(moves) == {("tea", "backroom"): -4, ("tea", "shelf"): 4}


def test_a_refill_of_more_than_the_books_know_never_leaves_a_negative_backroom() -> None:
    events = [_event("refill", 4), _event("refill", 4, name="f")]
    moves = moves_of_events(events, {("tea", "backroom"): 6})
    assert place_changes(moves) == {("tea", "backroom"): -6, ("tea", "shelf"): 8}


def test_a_misplaced_or_swapped_unit_moves_nothing_in_the_books() -> None:
    assert moves_of_events([_event("misplace", 1), _event("swap", 1, name="f")], {}) == []


@given(st.integers(0, 9), st.integers(0, 9), st.integers(1, 20))
def test_a_sale_takes_exactly_what_was_sold(basket: int, display: int, units: int) -> None:
    held = {("tea", "basket"): basket, ("tea", "display"): display}
    changes = place_changes(sale_moves("s", {TEA: units}, held, at=AT))
    assert -sum(changes.values()) == units
    assert display + changes.get(("tea", "display"), 0) >= 0
    assert units > basket or ("tea", "display") not in changes


@given(st.integers(1, 30), st.integers(-3, 30))
def test_received_goods_all_reach_the_backroom_and_transit_never_goes_below_nothing(units: int, transit: int) -> None:
    changes = place_changes(receipt_moves("r", TEA, units, in_transit=transit, shelved=0, at=AT))
    assert changes["tea", "backroom"] == units
    assert max(0, transit) + changes.get(("tea", "in_transit"), 0) >= 0


@given(st.integers(1, 30), st.integers(0, 30), st.integers(0, 40))
def test_received_goods_the_scale_has_seen_on_the_shelf_are_not_in_the_backroom_too(
    units: int, transit: int, shelved: int
) -> None:
    changes = place_changes(receipt_moves("r", TEA, units, in_transit=transit, shelved=shelved, at=AT))
    assert changes["tea", "backroom"] == max(0, units - shelved)
    assert changes.get(("tea", "in_transit"), 0) == -min(units, transit)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5)), max_size=8), st.data())
def test_what_is_lost_is_what_a_queue_of_picks_would_hold_too_long(
    picks: list[tuple[int, int]], data: st.DataObject
) -> None:
    """`picks` are (age, units); ages of 5 and more are too old."""
    queue = [age for age, units in sorted(picks, reverse=True) for _ in range(units)]
    left = queue[data.draw(st.integers(0, len(queue))) :]
    young = sum(units for age, units in picks if age < 5)
    lost = loss_moves([Basket(sku=TEA, units=len(left), young=young, move_id=7)], at=AT)
    assert sum(move.units for move in lost) == sum(age >= 5 for age in left)


@given(st.integers(-5, 30), st.integers(0, 30))
def test_after_a_count_the_books_say_what_was_counted(booked: int, counted: int) -> None:
    moves = correction(TEA, "backroom", booked=booked, counted=counted, at=AT, source="count:1")
    assert booked + place_changes(moves).get(("tea", "backroom"), 0) == counted
