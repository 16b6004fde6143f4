"""What a screen tells of a place from its numbers: level, share, band; and the ids of a stream."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.shelves.model import (
    BAND,
    Conditions,
    DeviceCondition,
    Heads,
    PositionView,
    SensorCondition,
    TaskView,
    display_units,
    natural,
)

AT = datetime(2026, 1, 1, tzinfo=UTC)


def _place(
    units: int | None, *, low: int = 0, pmf: tuple[float, ...] = (1.0,), sensed: bool = True, capacity: int = 12
) -> PositionView:
    return PositionView(
        position="p", bay="b", shelf="s", sku="tea", name="Tea", name_zh="茶", capacity=capacity, low_units=3,
        plates=("l",) if sensed else (), zones=(), sensed=sensed, units=units, probability=None, low=low, pmf=pmf,
        frozen=False, basis=(), as_of=AT, faults=(), backroom=0, incoming=0, task_id=None, task_state=None,
        assignee=None, order_id=None, order_state=None,
    )  # fmt: skip


def _counted(low: int, weights: list[float]) -> PositionView:
    pmf = tuple(weight / sum(weights) for weight in weights)
    return _place(low + max(range(len(pmf)), key=pmf.__getitem__), low=low, pmf=pmf)


def _task(name: str, *, units: int | None = 1, state: str = "open", workable: bool = True, age_s: int = 0) -> TaskView:
    return TaskView(
        task_id=name, kind="refill", store="corner", position="p", sku="tea", name="Tea", name_zh="茶", bay="b",
        shelf="s", suggested_units=5, state=state, reason="", assignee=None, done_units=None,
        opened_at=AT - timedelta(seconds=age_s), taken_at=None, done_at=None, closed_at=None, workable=workable,
        units=units, capacity=10, low_units=3, frozen=False, backroom=6,
    )  # fmt: skip


def _conditions(*sensors: str, broker: bool | None = True, worker: bool = True, online: bool = True) -> Conditions:
    return Conditions(
        programs={"gateway": True, "worker": worker}, broker=broker, broker_since=AT,
        devices=(DeviceCondition(device="bay-1", online=online, seen_at=AT, bays=("b1",)),),
        sensors=tuple(
            SensorCondition(device="bay-1", subject="plate:l", position="p", verdict=verdict, as_of=AT)
            for verdict in sensors
        ),
    )  # fmt: skip


counted = st.builds(_counted, st.integers(0, 40), st.lists(st.floats(1e-4, 1.0), min_size=1, max_size=64))


@given(counted)
def test_the_band_holds_the_units_shown_and_its_probability(place: PositionView) -> None:
    least, most, units = place.at_least, place.at_most, place.units
    assert least is not None
    assert most is not None
    assert units is not None
    assert place.low <= least <= units <= most <= place.low + len(place.pmf) - 1
    assert sum(place.pmf[least - place.low : most - place.low + 1]) >= BAND - 1e-5


@given(counted)
def test_the_band_is_no_wider_than_it_must_be_on_either_side(place: PositionView) -> None:
    least, most, units = place.at_least, place.at_most, place.units
    assert least is not None
    assert most is not None
    cut_one_more_below = sum(place.pmf[: least - place.low + 1])
    cut_one_more_above = sum(place.pmf[most - place.low :])
    assert least == units or cut_one_more_below > (1 - BAND) / 2
    assert most == units or cut_one_more_above > (1 - BAND) / 2


@pytest.mark.parametrize(
    ("units", "level", "share"),
    [(0, "empty", 0.0), (1, "low", 1 / 12), (3, "low", 0.25), (4, "fair", 1 / 3), (8, "fair", 2 / 3),
     (9, "full", 0.75), (15, "full", 1.0), (None, "uncounted", None)],
)  # fmt: skip
def test_a_place_is_named_by_how_full_it_is(units: int | None, level: str, share: float | None) -> None:
    place = _place(units, pmf=())
    assert (place.level, place.share) == (level, share)


def test_a_display_no_sensor_sees_is_called_that_whatever_the_books_say() -> None:
    place = _place(0, pmf=(), sensed=False)
    assert (place.level, place.at_least, place.at_most) == ("unsensed", None, None)


@given(st.text("0123456789abcdef", min_size=8, max_size=8), st.integers(0, 2**53), st.integers(0, 2**53))
def test_the_id_of_a_frame_says_again_what_it_was_made_of(epoch: str, load_id: int, change: int) -> None:
    heads = Heads(epoch=epoch, load_id=load_id, change=change)
    assert Heads.parse(heads.to_id()) == heads


@given(st.one_of(st.none(), st.text(), st.sampled_from(["a.1", "a.1.2.3", "a.-1.2", "a.1.٣", "a.1.2\n", ".1.2"])))
def test_what_is_no_id_is_none(text: str | None) -> None:
    heads = Heads.parse(text)
    assert heads is None or heads.to_id().split(".")[0] == (text or "").split(".")[0]


@pytest.mark.parametrize("text", [None, "", "a.1", "a.1.2.3", "a.-1.2", "a.1.٣", "a.1.2\n", ".1.2", "reload"])
def test_a_damaged_id_is_none(text: str | None) -> None:
    assert Heads.parse(text) is None


def test_the_most_urgent_task_is_one_to_carry_for_the_emptiest_place() -> None:
    tasks = [
        _task("done", units=0, state="done"), _task("nothing-to-carry", units=0, workable=False), _task("fuller"),
        _task("unknown", units=None), _task("empty", units=0), _task("emptier-for-longer", units=0, age_s=9),
    ]  # fmt: skip
    ordered = [task.task_id for task in sorted(tasks, key=lambda task: task.urgency)]
    assert ordered == ["emptier-for-longer", "empty", "fuller", "unknown", "nothing-to-carry", "done"]


def test_all_is_well_only_when_everything_is_known_to_be() -> None:
    assert _conditions().all_well
    assert _conditions("starting").all_well
    troubles = [_conditions("stuck"), _conditions(broker=False), _conditions(broker=None), _conditions(worker=False),
                _conditions(online=False)]  # fmt: skip
    assert not any(trouble.all_well for trouble in troubles)


def test_books_do_not_tell_several_displays_apart() -> None:
    assert display_units(None, None, 1) is None
    assert display_units(8, 6, 1) == 6, "two were sold since the count"
    assert (display_units(8, 6, 2), display_units(3, 6, 2), display_units(None, 6, 2)) == (6, 3, None)
    assert display_units(None, -1, 1) == 0


def test_names_sort_as_people_count() -> None:
    names = ["b10", "b2-s10", "b2-s2", "front", "b1", "1"]
    assert sorted(names, key=natural) == ["b1", "b2-s2", "b2-s10", "b10", "front", "1"]
