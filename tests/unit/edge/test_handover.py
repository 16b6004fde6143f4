"""What waits between sampling and delivery, and what gives way when too much waits."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from contract.records import Record, WeightKind, WeightRecord
from edge.handover import TAKE_MAX, Handover


def _episode(mono_ms: int, *, kind: WeightKind = "heartbeat", plates: int = 2) -> list[WeightRecord]:
    return [
        WeightRecord(mono_ms=mono_ms, plate=f"p{number}", kind=kind, weight_g=1.0, remaining=plates - 1 - number)
        for number in range(plates)
    ]


def _times(records: Sequence[Record]) -> list[int]:
    return [record.mono_ms for record in records]


def test_episodes_come_out_whole_and_in_order() -> None:
    handover = Handover()
    handover.put(_episode(1))
    handover.put(_episode(2))
    assert handover.queued == 4
    assert _times(handover.take(0.0)) == [1, 1, 2, 2]
    assert handover.queued == 0


def test_nothing_waits_when_nothing_was_put() -> None:
    handover = Handover()
    handover.put([])
    assert handover.take(0.0) == []


def test_one_take_never_cuts_an_episode() -> None:
    handover = Handover()
    for mono_ms in range(TAKE_MAX):
        handover.put(_episode(mono_ms, plates=3))
    taken = handover.take(0.0)
    assert TAKE_MAX <= len(taken) < TAKE_MAX + 3
    assert len(taken) % 3 == 0


def test_the_oldest_heartbeats_give_way_first() -> None:
    handover = Handover(records_max=6)
    handover.put(_episode(1, kind="step"))
    for mono_ms in (2, 3, 4):
        handover.put(_episode(mono_ms))
    assert _times(handover.take(0.0)) == [1, 1, 3, 3, 4, 4]
    assert handover.take_losses() == {"thinned": 2}
    assert handover.take_losses() == {}


def test_steps_are_dropped_only_when_nothing_else_is_left() -> None:
    handover = Handover(records_max=4)
    for mono_ms in (1, 2, 3):
        handover.put(_episode(mono_ms, kind="step"))
    assert _times(handover.take(0.0)) == [2, 2, 3, 3]
    assert handover.take_losses() == {"dropped": 2}


def test_an_episode_larger_than_the_queue_is_kept() -> None:
    handover = Handover(records_max=4)
    handover.put(_episode(1, kind="step", plates=8))
    assert len(handover.take(0.0)) == 8


def test_whoever_waits_is_woken_by_a_record() -> None:
    handover = Handover()
    taken: list[Record] = []
    taker = threading.Thread(target=lambda: taken.extend(handover.take(60.0)))
    taker.start()
    handover.put(_episode(1))
    taker.join(30.0)
    assert _times(taken) == [1, 1]
