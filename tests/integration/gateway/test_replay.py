"""A dead letter replayed after a fix becomes history once, in the place of its gap, and nothing else moves."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from psycopg import Connection

from contract.codec import encode, pack
from contract.records import Batch, Gap
from database.editions import refresh, rollups
from gateway.loading import recovery
from gateway.loading.correction import waiting
from gateway.loading.writer import write
from gateway.receiving.letters import dead_letter
from gateway.receiving.messages import RawMessage
from gateway.replay import UnknownDeadLetter, replay
from tests.integration.gateway.rows import (
    DEVICE,
    JOURNAL,
    SHOP_AT,
    STORE,
    all_of,
    lease_of,
    load,
    one_of,
    one_of_each,
    readings,
    weight,
)

pytestmark = pytest.mark.database

TOPIC = f"liveshelf/v1/{STORE}/{DEVICE}/readings"
LATER = SHOP_AT + timedelta(hours=1)
STORED = "SELECT array_agg(seq ORDER BY seq) FROM reading"
GAPS = "SELECT first_seq, last_seq, reason FROM gap ORDER BY first_seq"
LETTERS = "SELECT reason, replayed_at IS NOT NULL, replayed_records FROM dead_letter"


def _payload(records: list[Any], **more: Any) -> bytes:
    numbers = [seq for seq, _ in records]
    facts = {"first": min(numbers), "last": max(numbers), **more}
    return encode(Batch(device=DEVICE, journal=JOURNAL, sent_mono_ms=60_000, blocks=pack(records), **facts))


def _rejected(
    connection: Connection[Any], payload: bytes, first: int, last: int, *, gap_first: int | None = None
) -> int:
    """Load what came before, the gap of a batch nobody could use with its letter, and what came after."""
    lease, begin = lease_of(connection), gap_first or first
    if begin > 1:
        write(connection, load(lease, readings([(seq, weight(1000 * seq)) for seq in range(1, begin)])))
    message = RawMessage(topic=TOPIC, payload=payload, received_at=SHOP_AT)
    letter = dead_letter(message, DEVICE, "bad_body", "a bug", journal=JOURNAL, first=first, last=last)
    hole = readings([], gaps=(Gap(begin, last, "rejected"),))
    load_id = write(connection, load(lease, hole, dead=[letter]))
    write(connection, load(lease, readings([(last + 1, weight(1000 * (last + 1)))])))
    return load_id


def _replay(connection: Connection[Any]) -> Any:
    return replay(connection, one_of(connection, "SELECT dead_letter_id FROM dead_letter"), at=LATER)


def test_every_kind_of_record_of_a_replayed_letter_is_history_in_its_place(connection: Connection[Any]) -> None:
    load_id = _rejected(connection, _payload(one_of_each()), 1, 4)
    done = _replay(connection)
    assert (done.records, done.settled) == (4, True)
    for number, table in enumerate(("reading", "tag_event", "health_event", "clock_event"), start=1):
        rows = all_of(connection, f"SELECT seq, time, load_id FROM {table} WHERE seq <= 4")
        assert rows == [(number, SHOP_AT + timedelta(seconds=number), load_id)]
    assert all_of(connection, GAPS) == []
    assert all_of(connection, LETTERS) == [("bad_body", True, 4)]
    assert one_of(connection, "SELECT readings FROM load WHERE load_id = %s", load_id) == 4


def test_a_second_replay_does_nothing(connection: Connection[Any]) -> None:
    _rejected(connection, _payload([(seq, weight(1000 * seq)) for seq in range(3, 6)]), 3, 5)
    assert _replay(connection).records == 3
    again = _replay(connection)
    assert (again.records, again.settled) == (0, True)
    connection.execute("UPDATE dead_letter SET replayed_at = NULL")
    assert _replay(connection).records == 0
    assert one_of(connection, STORED) == [1, 2, 3, 4, 5, 6]


def test_what_was_taken_before_the_batch_was_rejected_is_not_taken_twice(connection: Connection[Any]) -> None:
    _rejected(connection, _payload([(seq, weight(1000 * seq)) for seq in range(1, 6)]), 1, 5, gap_first=3)
    assert _replay(connection).records == 3
    assert one_of(connection, STORED) == [1, 2, 3, 4, 5, 6]


def test_a_replay_moves_no_watermark_and_raises_nothing(connection: Connection[Any]) -> None:
    _rejected(connection, _payload([(1, weight(1000))]), 1, 1)
    told = "SELECT (SELECT seq FROM journal_watermark), (SELECT count(*) FROM load), (SELECT max(load_id) FROM load)"
    before = all_of(connection, told)
    _replay(connection)
    assert all_of(connection, told) == before
    assert all_of(connection, "SELECT 1 FROM shelf_event UNION ALL SELECT 1 FROM position_quantity") == []


def test_a_recount_finds_replayed_records_where_they_belong(connection: Connection[Any]) -> None:
    _rejected(connection, _payload([(2, weight(2000)), (3, weight(3000))]), 2, 3)
    _replay(connection)
    assert [(one.first, one.last) for one in recovery.later(connection, STORE, after=0)] == [(1, 1), (2, 3), (4, 4)]


def test_what_still_cannot_be_used_stays_with_its_reason_of_today(connection: Connection[Any]) -> None:
    payload = _payload([(1, weight(1000))]).replace(b'"heartbeat"', b'"dance"')
    _rejected(connection, payload, 1, 1)
    connection.execute("UPDATE dead_letter SET reason = 'unreadable'")
    done = _replay(connection)
    assert (done.records, done.settled) == (0, False)
    assert all_of(connection, LETTERS) == [("bad_body", False, 0)]
    assert "dance" in one_of(connection, "SELECT detail FROM dead_letter")
    assert all_of(connection, GAPS) == [(1, 1, "rejected")]


def test_of_a_batch_the_database_refuses_only_the_bad_record_stays(connection: Connection[Any]) -> None:
    _rejected(connection, _payload([(seq, weight(1000 * seq, weight_g=float(seq))) for seq in range(1, 6)]), 1, 5)
    connection.execute("ALTER TABLE reading ADD CONSTRAINT sane CHECK (weight_g <> 3)")
    done = _replay(connection)
    assert (done.records, done.settled) == (4, False)
    assert all_of(connection, GAPS) == [(3, 3, "rejected")]
    assert all_of(connection, LETTERS) == [("refused_by_database", False, 4)]
    connection.execute("ALTER TABLE reading DROP CONSTRAINT sane")
    assert _replay(connection).settled
    assert one_of(connection, STORED) == [1, 2, 3, 4, 5, 6]
    assert all_of(connection, LETTERS) == [("refused_by_database", True, 5)]


def test_numbers_nobody_has_committed_are_left_to_the_device(connection: Connection[Any]) -> None:
    _rejected(connection, _payload([(seq, weight(1000 * seq)) for seq in range(50, 60)]), 1, 1)
    done = _replay(connection)
    assert (done.records, done.settled) == (0, False)
    assert "50 to 59 are not committed" in done.said
    assert one_of(connection, STORED) == [2]


def test_a_letter_without_neighbours_is_dated_by_its_arrival_and_says_so(connection: Connection[Any]) -> None:
    message = RawMessage(topic=TOPIC, payload=_payload([(1, weight(59_000))]), received_at=SHOP_AT)
    letter = dead_letter(message, DEVICE, "bad_body", "a bug", journal=JOURNAL, first=1, last=1)
    hole = readings([], gaps=(Gap(1, 1, "rejected"),))
    write(connection, load(lease_of(connection), hole, dead=[letter]))
    _replay(connection)
    assert all_of(connection, "SELECT time, time_known FROM reading") == [(SHOP_AT - timedelta(seconds=1), False)]


def test_letters_that_wait_are_chosen_by_reason_and_not_again(connection: Connection[Any]) -> None:
    _rejected(connection, _payload([(1, weight(1000))]), 1, 1)
    chosen = partial(waiting, connection)
    assert (len(chosen("bad_body")), chosen("unreadable"), len(chosen(None))) == (1, [], 1)
    _replay(connection)
    assert chosen(None) == []


def test_a_number_that_is_none_is_said(connection: Connection[Any]) -> None:
    with pytest.raises(UnknownDeadLetter, match="no dead letter has the number 7"):
        replay(connection, 7, at=LATER)


def test_minutes_that_were_summed_up_before_the_replay_are_right_after_it(connection: Connection[Any]) -> None:
    _rejected(connection, _payload([(2, weight(2000)), (3, weight(3000))]), 2, 3)
    minute = "SELECT sum(readings) FROM plate_minute"
    _refresh(connection)
    assert one_of(connection, minute) == 2
    _replay(connection)
    _refresh(connection)
    assert one_of(connection, minute) == 4


def _refresh(connection: Connection[Any]) -> None:
    for rollup in rollups(connection):
        if rollup.edition == "table":
            while refresh(connection, rollup, at=LATER):
                pass
        else:
            connection.execute("CALL refresh_continuous_aggregate(%s, NULL, NULL)", [f"{rollup.name}_kept"])
