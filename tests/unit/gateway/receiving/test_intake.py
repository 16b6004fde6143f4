"""What becomes of everything a device, or somebody who pretends to be one, may send."""

from __future__ import annotations

import hashlib
import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contract.codec import NumberedRecord, encode, pack, unpack
from contract.ids import DeviceId, JournalId, StoreId
from contract.records import (
    WIRE_VERSION,
    Batch,
    Birth,
    ClockRecord,
    CommandResult,
    Gap,
    HealthRecord,
    Now,
    Record,
    Refusal,
    State,
    TagRecord,
    WeightRecord,
)
from gateway.receiving.intake import Intake
from gateway.receiving.messages import (
    BirthSeen,
    Dropped,
    NowSeen,
    Outcome,
    Passed,
    RawMessage,
    Refused,
    ResendWanted,
    ResultSeen,
    StateSeen,
    Taken,
)

STORE, DEVICE, JOURNAL = StoreId("corner-shop"), DeviceId("bay-1"), JournalId("a" * 32)
ROOT = f"liveshelf/v1/{STORE}/{DEVICE}"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def take(
    payload: bytes, *, watermark: int = 0, topic: str = f"{ROOT}/readings", intake: Intake | None = None
) -> Outcome:
    message = RawMessage(topic=topic, payload=payload, received_at=NOON)
    return (intake or Intake(STORE)).take_in(message, lambda _device, _journal: watermark)


def weight(mono_ms: int) -> WeightRecord:
    return WeightRecord(mono_ms=mono_ms, plate="p1", kind="step", weight_g=1.5)


def batch(first: int, last: int, *, gaps: list[Gap] | None = None, **changes: Any) -> bytes:
    without = {seq for gap in gaps or [] for seq in range(gap.first, gap.last + 1)}
    records: list[NumberedRecord] = [(seq, weight(seq)) for seq in range(first, last + 1) if seq not in without]
    return batch_of(records, first, last, gaps or [], **changes)


def batch_of(records: list[NumberedRecord], first: int, last: int, gaps: list[Gap], **changes: Any) -> bytes:
    fields: dict[str, Any] = {"device": DEVICE, "journal": JOURNAL, "sent_mono_ms": 60_000, "boot": "boot-1"}
    return encode(Batch(first=first, last=last, blocks=pack(records), gaps=gaps, **(fields | changes)))


def taken(outcome: Outcome) -> Taken:
    assert isinstance(outcome, Taken)
    return outcome


def refused(outcome: Outcome) -> Refused:
    assert isinstance(outcome, Refused)
    return outcome


def test_the_next_batch_is_taken_whole_and_dated() -> None:
    readings = taken(take(batch(5, 9, gaps=[Gap(6, 7, "thinned")]), watermark=4)).readings
    assert (readings.first, readings.last, readings.boot) == (5, 9, "boot-1")
    assert [seq for seq, _ in unpack(readings.blocks)] == [5, 8, 9]
    assert readings.gaps == (Gap(6, 7, "thinned"),)
    assert readings.time_of(30_000) == NOON - timedelta(seconds=30)


def test_a_batch_all_committed_is_dropped() -> None:
    assert take(batch(1, 5), watermark=5) == Dropped(device=DEVICE, journal=JOURNAL, watermark=5)


def test_of_a_batch_partly_committed_the_part_above_is_taken() -> None:
    records: list[NumberedRecord] = [
        (1, weight(1)),
        (2, TagRecord(mono_ms=2, zone="z1", epc="3034", kind="arrived", rssi_dbm=-60, reads=1)),
        (4, weight(4)),
        (5, HealthRecord(mono_ms=5, subject="agent", verdict="ok", rejected={"spike": 1})),
        (8, weight(8)),
    ]
    payload = batch_of(records, 1, 8, [Gap(3, 3, "rejected"), Gap(6, 7, "dropped")])
    for watermark in range(8):
        readings = taken(take(payload, watermark=watermark)).readings
        assert (readings.first, readings.last) == (watermark + 1, 8)
        assert unpack(readings.blocks) == [numbered for numbered in records if numbered[0] > watermark]
        missing = [seq for gap in readings.gaps for seq in range(gap.first, gap.last + 1)]
        assert missing == [seq for seq in (3, 6, 7) if seq > watermark]


def test_a_batch_after_a_hole_is_asked_for_again() -> None:
    assert take(batch(7, 9), watermark=5) == ResendWanted(device=DEVICE, journal=JOURNAL, watermark=5)


def test_a_bad_body_becomes_a_gap_over_its_new_numbers_and_is_kept() -> None:
    body = json.loads(batch(3, 6))
    body["blocks"]["weight"]["plate"].pop()
    outcome = taken(take(json.dumps(body).encode(), watermark=4))
    assert (outcome.readings.first, outcome.readings.last) == (5, 6)
    assert outcome.readings.gaps == (Gap(5, 6, "rejected"),)
    assert unpack(outcome.readings.blocks) == []
    assert outcome.letter is not None
    assert (outcome.letter.reason, outcome.letter.journal, outcome.letter.first) == ("bad_body", JOURNAL, 3)
    assert "blocks.weight" in outcome.letter.detail


UNHOLDABLE: list[Record] = [
    TagRecord(mono_ms=1, zone="z1", epc="3034", kind="arrived", rssi_dbm=-60, reads=2**31),
    TagRecord(mono_ms=1, zone="z1", epc="3034", kind="arrived", rssi_dbm=1e300, reads=1),
    HealthRecord(mono_ms=1, subject="agent", verdict="ok", samples=-1),
    HealthRecord(mono_ms=1, subject="agent", verdict="ok", rejected={"spike": 2**40}),
    HealthRecord(mono_ms=1, subject="a\0b", verdict="ok"),
    HealthRecord(mono_ms=1, subject="agent", verdict="ok", rejected={"\0": 1}),
    HealthRecord(mono_ms=1, subject="agent", verdict="ok", measured={"cpu_c": math.inf}),
    HealthRecord(mono_ms=1, subject="agent", verdict="ok", measured={"cpu_c": 1e300}),
    HealthRecord(mono_ms=1, subject="agent", verdict="ok", measured={"\0": 1.0}),
    ClockRecord(mono_ms=1, wall_ms=2**62, synchronised=True, uncertainty_ms=1),
    ClockRecord(mono_ms=2**53, wall_ms=1, synchronised=True, uncertainty_ms=1),
]


@pytest.mark.parametrize("record", UNHOLDABLE, ids=str)
def test_what_no_row_can_hold_is_a_bad_body(record: Record) -> None:
    outcome = taken(take(batch_of([(1, record)], 1, 1, [])))
    assert outcome.readings.gaps == (Gap(1, 1, "rejected"),)
    assert outcome.letter is not None


def test_a_device_that_says_it_runs_for_a_thousand_years_gets_a_gap() -> None:
    assert taken(take(batch(1, 2, sent_mono_ms=2**53))).readings.gaps == (Gap(1, 2, "rejected"),)


def test_numbers_out_of_order_are_a_bad_body() -> None:
    body = json.loads(batch(1, 3))
    body["blocks"]["weight"]["seq"] = [2, 1, 3]
    assert taken(take(json.dumps(body).encode())).letter is not None


def test_a_payload_cannot_name_another_device() -> None:
    outcome = refused(take(batch(1, 2, device="bay-2")))
    assert outcome.letter.reason == "foreign_device"
    assert outcome.letter.device == DEVICE
    assert outcome.refusal is None


def test_an_unknown_version_is_refused_naming_the_highest_known() -> None:
    outcome = refused(take(batch(4, 6, v=99)))
    assert outcome.refusal is not None
    assert (outcome.refusal.reason, outcome.refusal.version_max) == ("unknown_version", WIRE_VERSION)
    assert (outcome.letter.journal, outcome.letter.first) == (JOURNAL, 4)
    assert outcome.letter.reason == "unknown_version"


def test_a_letter_of_an_unreadable_envelope_names_what_it_still_says() -> None:
    outcome = refused(take(batch(4, 6).replace(b'"sent_mono_ms":', b'"sent_mono_ms":-')))
    assert (outcome.letter.journal, outcome.letter.first, outcome.letter.last) == (JOURNAL, 4, 6)


def test_an_empty_message_of_readings_asks_the_broker_and_not_us() -> None:
    assert take(b"") == Passed()


@pytest.mark.parametrize("payload", [b"{", b"[]", b"\xff\xfe", b'{"v":1}', b'{"v":"1"}', b"null", b'{"v":true}'])
def test_garbage_is_refused_and_kept(payload: bytes) -> None:
    outcome = refused(take(payload))
    assert (outcome.letter.reason, outcome.letter.payload) == ("unreadable", payload)
    assert outcome.refusal == Refusal(hashlib.sha256(payload).hexdigest(), "unreadable")


def test_an_oversized_payload_is_kept_cut_with_its_true_size() -> None:
    outcome = refused(take(b" " * 70_000))
    assert outcome.letter.reason == "oversized"
    assert (len(outcome.letter.payload), outcome.letter.payload_bytes) == (65_536, 70_000)


@pytest.mark.parametrize(
    ("topic", "device"),
    [
        ("liveshelf/v1/other-shop/bay-1/readings", "bay-1"),
        ("liveshelf/v1/corner-shop/bay-1/gossip", "bay-1"),
        ("liveshelf/v1/corner-shop", ""),
        ("liveshelf/v1/corner-shop/-bad-/readings", ""),
        ("elsewhere", ""),
    ],
)
def test_a_wrong_topic_is_refused(topic: str, device: str) -> None:
    outcome = refused(take(batch(1, 2), topic=topic))
    assert (outcome.letter.reason, outcome.letter.device) == ("wrong_topic", device)


def test_the_same_payload_always_has_the_same_hash() -> None:
    assert refused(take(b"{")).letter.payload_hash == refused(take(b"{")).letter.payload_hash
    assert refused(take(b"{")).letter.payload_hash != refused(take(b"[")).letter.payload_hash


def birth(device: str = DEVICE, boot: str = "boot-1", serial: str = "s") -> bytes:
    said = Birth(
        device=device,
        store=STORE,
        journal=JOURNAL,
        boot=boot,
        board_serial=serial,
        agent_version="1",
        sent_mono_ms=0,
        plates=[],
        zones=[],
    )
    return encode(said)


def test_a_birth_is_seen_and_a_foreign_one_is_not() -> None:
    assert isinstance(take(birth(), topic=f"{ROOT}/birth"), BirthSeen)
    assert refused(take(birth("bay-2"), topic=f"{ROOT}/birth")).letter.reason == "foreign_device"
    assert refused(take(birth(serial="\0"), topic=f"{ROOT}/birth")).letter.reason == "unreadable"
    assert refused(take(b"{}", topic=f"{ROOT}/birth")).letter.reason == "unreadable"
    assert isinstance(take(b"", topic=f"{ROOT}/birth"), Passed), "someone cleared the retained message"


def test_a_state_and_a_result_are_seen() -> None:
    state = State(device=DEVICE, online=False, journal=JOURNAL)
    assert take(encode(state), topic=f"{ROOT}/state") == StateSeen(state=state, received_at=NOON)
    result = CommandResult(id="1", ok=True)
    assert take(encode(result), topic=f"{ROOT}/cmd/result") == ResultSeen(device=DEVICE, result=result)


def test_newest_weights_are_dated_by_their_arrival() -> None:
    now = Now(device=DEVICE, journal=JOURNAL, sent_mono_ms=9_000, mono_ms=[8_000], plate=["p1"], weight_g=[1.0])
    outcome = take(encode(now), topic=f"{ROOT}/now")
    assert isinstance(outcome, NowSeen)
    assert outcome.as_of == (NOON - timedelta(seconds=1),)
    now.plate = ["p1", "p2"]
    assert refused(take(encode(now), topic=f"{ROOT}/now")).letter.reason == "bad_body"


@pytest.mark.parametrize("channel", ["ack", "cmd"])
def test_what_goes_to_devices_is_passed_over(channel: str) -> None:
    assert take(b"anything", topic=f"{ROOT}/{channel}") == Passed()


def test_times_are_known_once_the_birth_said_which_boot_runs() -> None:
    intake = Intake(STORE)
    assert not taken(take(batch(1, 2), intake=intake)).readings.time_known
    take(birth(), topic=f"{ROOT}/birth", intake=intake)
    assert taken(take(batch(1, 2), intake=intake)).readings.time_known
    assert not taken(take(batch(1, 2, boot="earlier"), intake=intake)).readings.time_known


def test_a_synchronised_clock_that_disagrees_is_an_alarm() -> None:
    wrong = ClockRecord(mono_ms=0, wall_ms=0, synchronised=True, uncertainty_ms=10)
    intake = Intake(STORE)
    take(birth(), topic=f"{ROOT}/birth", intake=intake)
    outcome = taken(take(batch_of([(1, wrong)], 1, 1, []), intake=intake))
    assert outcome.alarm is not None
    assert outcome.alarm.difference_s < -1e9
    assert outcome.readings.time_of(60_000) == NOON
