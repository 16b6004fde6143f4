"""What waits between sampling and delivery, and what gives way when too much waits."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from contract.records import ClockRecord, HealthRecord, TagRecord, WeightKind, WeightRecord
from edge.handover import GROUP_S, TAKE_MAX, Handover
from edge.outbox.gaps import Loss

Taken = WeightRecord | TagRecord | HealthRecord | ClockRecord | Loss


def _episode(mono_ms: int, *, kind: WeightKind = "heartbeat", plates: int = 2) -> list[WeightRecord]:
    return [
        WeightRecord(mono_ms=mono_ms, plate=f"p{number}", kind=kind, weight_g=1.0, remaining=plates - 1 - number)
        for number in range(plates)
    ]


def _times(records: Sequence[Taken]) -> list[int]:
    return [record.mono_ms for record in records if not isinstance(record, Loss)]


def test_episodes_come_out_whole_and_in_order() -> None:
    handover = Handover(group_s=0.0)
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
    handover = Handover(group_s=0.0)
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
    taken = handover.take(0.0)
    assert _times(taken) == [1, 1, 3, 3, 4, 4]
    assert taken[2] == Loss(2, "thinned")
    assert handover.take_losses() == {"thinned": 2}
    assert handover.take_losses() == {}


def test_steps_are_dropped_only_when_nothing_else_is_left() -> None:
    handover = Handover(records_max=4)
    for mono_ms in (1, 2, 3):
        handover.put(_episode(mono_ms, kind="step"))
    taken = handover.take(0.0)
    assert _times(taken) == [2, 2, 3, 3]
    assert taken[0] == Loss(2, "dropped")
    assert handover.take_losses() == {"dropped": 2}


def test_an_episode_larger_than_the_queue_is_kept() -> None:
    handover = Handover(records_max=4)
    handover.put(_episode(1, kind="step", plates=8))
    assert len(handover.take(0.0)) == 8


def test_whoever_waits_is_woken_by_a_record() -> None:
    handover = Handover(group_s=0.0)
    taken: list[Taken] = []
    taker = threading.Thread(target=lambda: taken.extend(handover.take(60.0)))
    taker.start()
    handover.put(_episode(1))
    taker.join(30.0)
    assert _times(taken) == [1, 1]


def test_every_record_put_is_taken_or_in_a_loss_at_its_place() -> None:
    handover = Handover(records_max=20, group_s=0.0)
    for mono_ms in range(1, 401):
        handover.put(_episode(mono_ms, kind="step" if mono_ms % 3 == 0 else "heartbeat"))
    taken = handover.take(0.0)
    assert sum(record.count if isinstance(record, Loss) else 1 for record in taken) == 800
    seen = 0
    for record in taken:
        if isinstance(record, Loss):
            seen += record.count
        else:
            assert record.mono_ms == seen // 2 + 1
            seen += 1
    assert sum(isinstance(record, Loss) for record in taken) <= 12, "a disk away for days does not fill the memory"
    losses = handover.take_losses()
    assert losses["thinned"] + losses["dropped"] == 800 - 20


def test_heartbeats_wait_for_company_and_a_step_takes_them_along() -> None:
    wall_s = [100.0]
    handover = Handover(wall_s=lambda: wall_s[0])
    handover.put(_episode(1))
    assert handover.take(0.0) == []
    handover.put(_episode(2, kind="step"))
    assert _times(handover.take(0.0)) == [1, 1, 2, 2]
    handover.put(_episode(3))
    wall_s[0] += GROUP_S
    handover.put(_episode(4))
    assert _times(handover.take(0.0)) == [3, 3, 4, 4]


def test_tags_and_health_do_not_wait_and_nothing_does_when_the_agent_stops() -> None:
    handover = Handover()
    handover.put([TagRecord(mono_ms=1, zone="z1", epc="3034AB", kind="arrived", rssi_dbm=-60.0, reads=1)])
    assert _times(handover.take(0.0)) == [1]
    handover.put(_episode(2))
    handover.hurry()
    assert _times(handover.take(0.0)) == [2, 2]


def test_heartbeats_in_plenty_are_company_enough() -> None:
    handover = Handover()
    for mono_ms in range(TAKE_MAX // 2):
        handover.put(_episode(mono_ms))
    assert len(handover.take(0.0)) == TAKE_MAX
