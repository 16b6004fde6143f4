"""Counting is pure: the same records give the same events, saved state goes on as if nothing had happened."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.codec import pack, unpack
from contract.records import Record, WeightRecord
from gateway.counting.count import Scratch, count
from gateway.counting.state import CountingState, load, save
from gateway.model import Readings, ShelfEvent
from tests.unit.gateway.counting.shop import Shop, place


def busy_shop() -> tuple[Shop, list[Readings]]:
    """A shop with an hour behind it, and the batches that told of it."""
    water, juice = place("water", "l1", "l2", weight_g=500.0), place("juice", "l3", weight_g=250.0)
    shop = Shop.of(water, juice, place("tea", "l3", weight_g=90.0))
    shop.weights_g.update(l1=2600.0, l2=2400.0, l3=2900.0)
    batches: list[Record] = [*shop.heartbeats()]
    for changes in ({"l1": -300.0, "l2": -199.0}, {"l3": -251.0}, {"l3": -90.0, "l1": 3.0}, {"l3": 1000.0}):
        batches.extend(shop.steps(**changes))
        batches.extend(shop.heartbeats())
    shop.weights_g["l2"] -= 500.0
    batches.extend(shop.heartbeats())
    return shop, [shop.readings(batches)]


def run(shop: Shop, batches: list[Readings], *, saving: bool = False) -> tuple[CountingState, list[ShelfEvent]]:
    state = CountingState()
    events: list[ShelfEvent] = []
    for batch in batches:
        counted = count(state, batch, shop.model)
        state = counted.state
        events.extend(counted.events)
        if saving:
            restored = [load(save(shelf)) for shelf in state.shelves.values()]
            state = CountingState.of(shelf for shelf in restored if shelf is not None)
    return state, events


def cut(batch: Readings, places: list[int]) -> list[Readings]:
    """Cut one batch into several, at these record numbers."""
    records = unpack(batch.blocks)
    ends = [0, *sorted(set(places)), len(records)]
    return [
        Readings(
            store=batch.store,
            device=batch.device,
            journal=batch.journal,
            boot=batch.boot,
            first=start + 1,
            last=end,
            mono_zero_at=batch.mono_zero_at,
            time_known=True,
            blocks=pack(records[start:end]),
        )
        for start, end in pairwise(ends)
        if end > start
    ]


def bytes_of(state: CountingState) -> dict[str, bytes]:
    return {key: save(shelf) for key, shelf in state.shelves.items()}


def test_counting_again_gives_the_same_event_ids_and_each_is_its_own() -> None:
    shop, batches = busy_shop()
    first, again = run(shop, batches)[1], run(shop, batches)[1]
    assert len(first) >= 4
    assert [event.event_id for event in first] == [event.event_id for event in again]
    assert len({event.event_id for event in first}) == len(first)


def test_records_already_counted_are_not_counted_twice() -> None:
    shop, batches = busy_shop()
    state, _ = run(shop, batches)
    counted = count(state, batches[0], shop.model)
    assert counted.events == ()
    assert counted.quantities == ()


def test_counting_leaves_the_state_it_was_given_as_it_was() -> None:
    shop, batches = busy_shop()
    state, _ = run(shop, batches)
    before = bytes_of(state)
    late = shop.readings(shop.steps(after_s=60, l3=-250.0))
    assert count(state, late, shop.model).events != ()
    assert bytes_of(state) == before


@settings(max_examples=25, deadline=None)
@given(places=st.lists(st.integers(1, 26), max_size=6))
def test_batches_may_end_anywhere_and_state_may_be_saved_in_between(places: list[int]) -> None:
    shop, (batch,) = busy_shop()
    state, events = run(shop, [batch])
    restored, restored_events = run(shop, cut(batch, places), saving=True)
    assert restored_events == events
    assert bytes_of(restored) == bytes_of(state)


def test_state_of_another_version_or_torn_is_not_loaded() -> None:
    shop, batches = busy_shop()
    (saved,) = bytes_of(run(shop, batches)[0]).values()
    other = load(saved)
    assert other is not None
    other.version += 1
    assert load(save(other)) is None
    assert load(saved[:-3]) is None


def test_a_state_is_small() -> None:
    shop, batches = busy_shop()
    (saved,) = bytes_of(run(shop, batches)[0]).values()
    assert len(saved) < 100_000


def test_events_are_dated_by_the_record_that_closed_them() -> None:
    shop, batches = busy_shop()
    records = dict(unpack(batches[0].blocks))
    for event in run(shop, batches)[1]:
        record = records[event.cause.seq]
        assert isinstance(record, WeightRecord)
        assert event.mono_ms == record.mono_ms
        assert event.time == batches[0].mono_zero_at + timedelta(milliseconds=record.mono_ms)


def test_probabilities_of_every_quantity_sum_to_one() -> None:
    shop, batches = busy_shop()
    counted = count(CountingState(), batches[0], shop.model)
    for quantity in counted.quantities:
        assert np.isclose(sum(quantity.pmf), 1.0)
        assert quantity.low >= 0
        assert 1 <= len(quantity.pmf) <= 64


@given(st.lists(st.integers(1, 60), max_size=12))
@settings(max_examples=30)
def test_batches_counted_in_one_go_give_what_they_give_one_by_one(places: list[int]) -> None:
    shop, [whole] = busy_shop()
    scratch, state = Scratch(CountingState(), shop.model), CountingState()
    for batch in cut(whole, places):
        counted = count(state, batch, shop.model)
        told = scratch.count(batch)
        assert (told.quantities, told.events) == (counted.quantities, counted.events)
        assert (told.confirmed, told.touched) == (counted.confirmed, counted.touched)
        state = counted.state
    after = scratch.state()
    assert {key: save(shelf) for key, shelf in after.shelves.items()} == {
        key: save(shelf) for key, shelf in state.shelves.items()
    }
