"""Which lights burn by the tasks, and who is told of it when."""

from __future__ import annotations

from cloud.devices.lights import PAUSE_S, REPEAT_S, Lights, Telling, wanted

BAY = ("corner-shop", "bay-1")
CALLS: Lights = {"p1": "take"}
DARK: Lights = {}


def test_an_open_refill_calls_and_one_that_is_taken_says_so_where_there_is_a_light() -> None:
    refills = [("p1", "open"), ("p2", "taken"), ("p3", "open"), ("p4", "done")]
    lights = wanted(refills, {"bay-1": ["p1", "p2", "p4"], "bay-2": ["p9"]})
    assert lights == {"bay-1": {"p1": "take", "p2": "taken"}, "bay-2": {}}


def test_a_device_is_told_at_first_and_when_something_changes_and_not_in_between() -> None:
    telling = Telling()
    assert telling.due({BAY: DARK}, 0.0) == {BAY: DARK}, "what it lit before, nobody knows"
    telling.told(BAY, DARK, 0.0)
    assert telling.due({BAY: DARK}, 1_000.0) == {}
    assert telling.due({BAY: CALLS}, 1.0) == {BAY: CALLS}
    telling.told(BAY, CALLS, 1.0)
    assert telling.due({BAY: CALLS}, 2.0) == {}
    assert telling.due({BAY: DARK}, 2.0) == {BAY: DARK}


def test_what_burns_is_said_again_before_the_device_goes_dark_by_itself() -> None:
    telling = Telling()
    telling.told(BAY, CALLS, 0.0)
    assert telling.due({BAY: CALLS}, REPEAT_S - 1.0) == {}
    assert telling.due({BAY: CALLS}, REPEAT_S) == {BAY: CALLS}


def test_a_device_that_did_not_answer_is_told_again_after_a_pause_and_at_once_when_it_is_back() -> None:
    telling = Telling()
    telling.failed(BAY, 10.0)
    assert telling.due({BAY: CALLS}, 10.0 + PAUSE_S / 2) == {}
    assert telling.due({BAY: CALLS}, 10.0 + PAUSE_S) == {BAY: CALLS}
    telling.forget(BAY)
    assert telling.due({BAY: CALLS}, 11.0) == {BAY: CALLS}


def test_a_device_that_left_the_store_is_forgotten() -> None:
    telling = Telling()
    telling.told(BAY, CALLS, 0.0)
    assert telling.due({}, 1.0) == {}
    assert telling.due({BAY: CALLS}, 2.0) == {BAY: CALLS}
