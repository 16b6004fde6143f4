"""Nothing anybody may send brings the gateway or an agent down, and nothing good is changed on the way."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from contract.codec import decode, decode_body, decode_envelope, encode, pack, unpack
from contract.errors import PayloadError
from contract.ids import StoreId
from contract.records import Ack, Batch, Command, Record
from edge.outbox.rows import decode_row, encode_row
from gateway.receiving.intake import Intake
from gateway.receiving.messages import RawMessage, Refused, Taken
from tests.fakes.wire_records import any_record

JOURNAL = "c" * 32
ROOT = "liveshelf/v1/corner-shop/bay-1"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PATIENT = settings(deadline=None)

records = any_record(mono_ms_max=10**9)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def batch_of(kept: list[Record]) -> Batch:
    numbered = list(enumerate(kept, 1))
    return Batch(
        device="bay-1", journal=JOURNAL, first=1, last=len(kept), sent_mono_ms=10**9, blocks=pack(numbered), boot="b"
    )


def take(payload: bytes, topic: str = f"{ROOT}/readings") -> object:
    message = RawMessage(topic=topic, payload=payload, received_at=NOON)
    return Intake(StoreId("corner-shop")).take_in(message, lambda _device, _journal: 0)


@PATIENT
@given(st.lists(records, min_size=1, max_size=20))
def test_records_reach_the_gateway_as_they_were(kept: list[Record]) -> None:
    outcome = take(encode(batch_of(kept)))
    assert isinstance(outcome, Taken)
    assert outcome.letter is None
    assert unpack(outcome.readings.blocks) == list(enumerate(kept, 1))


@PATIENT
@given(records, st.integers(1, 2**53))
def test_records_rest_in_the_outbox_as_they_were(record: Record, seq: int) -> None:
    assert decode_row(JOURNAL, seq, encode_row(JOURNAL, seq, record)) == record


@PATIENT
@given(st.binary(max_size=300), st.sampled_from(["readings", "birth", "state", "now", "cmd/result", "ack", "nothing"]))
def test_bytes_of_any_kind_are_taken_calmly(payload: bytes, channel: str) -> None:
    take(payload, f"{ROOT}/{channel}")


@PATIENT
@given(st.text(max_size=60))
def test_topics_of_any_kind_are_refused_calmly(topic: str) -> None:
    assert isinstance(take(b"{}", topic), Refused)


@PATIENT
@given(st.data(), st.lists(records, min_size=1, max_size=4))
def test_a_batch_with_any_field_replaced_is_taken_or_refused_but_never_raises(
    data: st.DataObject, kept: list[Record]
) -> None:
    body = json.loads(encode(batch_of(kept)))
    place: Any = body
    for _ in range(data.draw(st.integers(0, 3))):
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or not place[key]:
            break
        place = place[key]
    key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
    place[key] = data.draw(json_values)
    outcome = take(json.dumps(body).encode())
    if isinstance(outcome, Taken):
        readings = outcome.readings
        gaps = [seq for gap in readings.gaps for seq in range(gap.first, gap.last + 1)] if readings.last < 1000 else []
        covered = sorted(gaps + [seq for seq, _ in unpack(readings.blocks)])
        assert readings.last >= 1000 or covered == list(range(readings.first, readings.last + 1))
        readings.time_of(10**9)


@PATIENT
@given(st.data(), st.lists(records, min_size=1, max_size=4))
def test_a_batch_with_bytes_cut_out_is_never_half_understood(data: st.DataObject, kept: list[Record]) -> None:
    payload = encode(batch_of(kept))
    start = data.draw(st.integers(0, len(payload) - 1))
    stop = data.draw(st.integers(start + 1, len(payload)))
    try:
        batch = decode_body(decode_envelope(payload[:start] + payload[stop:]))
    except PayloadError:
        return
    assert sorted(seq for seq, _ in unpack(batch.blocks)) == list(range(batch.first, batch.last + 1))


@PATIENT
@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_what_devices_hear_is_understood_or_refused(payload: bytes) -> None:
    with contextlib.suppress(PayloadError):
        decode(payload, Ack)
    with contextlib.suppress(PayloadError):
        decode(payload, Command)
