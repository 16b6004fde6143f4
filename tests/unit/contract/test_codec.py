"""The wire: what is packed comes back, what is wrong is named."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.codec import NumberedRecord, decode, decode_body, decode_envelope, encode, pack, unpack
from contract.errors import BadBody, UnknownVersion, UnreadableEnvelope
from contract.records import (
    PAYLOAD_BYTES_MAX,
    Ack,
    Batch,
    Gap,
    Record,
    WeightRecord,
)
from tests.fakes.wire_records import any_record

JOURNAL = "0123456789abcdef0123456789abcdef"

records = any_record(mono_ms_max=2**53)


def numbered(found: list[Record], first: int = 1) -> list[NumberedRecord]:
    return list(enumerate(found, start=first))


def batch(found: list[NumberedRecord], *, last: int | None = None, gaps: list[Gap] | None = None) -> Batch:
    first = min([seq for seq, _ in found] + [gap.first for gap in gaps or []])
    return Batch(
        device="bay-1",
        journal=JOURNAL,
        first=first,
        last=last or max([seq for seq, _ in found] + [gap.last for gap in gaps or []]),
        sent_mono_ms=5,
        blocks=pack(found),
        gaps=gaps or [],
    )


@given(st.lists(records, min_size=1, max_size=40), st.integers(1, 2**40))
def test_records_come_back_as_they_were_sent(found: list[Record], first: int) -> None:
    sent = numbered(found, first)
    received = decode_body(decode_envelope(encode(batch(sent))))
    assert unpack(received.blocks) == sent
    assert (received.first, received.last) == (first, first + len(found) - 1)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_an_error_with_a_reason(payload: bytes) -> None:
    try:
        decode_body(decode_envelope(payload))
    except (UnreadableEnvelope, UnknownVersion, BadBody) as error:
        assert str(error)


def test_a_hole_in_the_numbers_is_a_bad_body() -> None:
    weight = WeightRecord(mono_ms=1, plate="p", kind="heartbeat", weight_g=1.0)
    envelope = decode_envelope(encode(batch([(1, weight), (3, weight)])))
    with pytest.raises(BadBody, match="found 3 to 3, expected 2 next"):
        decode_body(envelope)


def test_a_gap_fills_the_hole() -> None:
    weight = WeightRecord(mono_ms=1, plate="p", kind="heartbeat", weight_g=1.0)
    sent = batch([(1, weight), (4, weight)], gaps=[Gap(2, 3, "thinned")])
    assert decode_body(decode_envelope(encode(sent))).gaps == [Gap(2, 3, "thinned")]


def test_columns_of_different_lengths_are_a_bad_body() -> None:
    sent = batch(numbered([WeightRecord(mono_ms=1, plate="p", kind="heartbeat", weight_g=1.0)]))
    assert sent.blocks.weight is not None
    sent.blocks.weight.mono_ms.append(2)
    with pytest.raises(BadBody, match=r"blocks\.weight"):
        decode_body(decode_envelope(encode(sent)))


def test_a_newer_version_is_named_with_the_highest_known() -> None:
    with pytest.raises(UnknownVersion, match=r"found 2, expected at most 1"):
        decode_envelope(b'{"v": 2, "anything": true}')


def test_an_oversized_payload_is_refused_on_both_sides() -> None:
    big = Ack(database_epoch="e", gateway_run="r", ack_no=1, journals={}, resend=["x" * PAYLOAD_BYTES_MAX])
    with pytest.raises(ValueError, match="expected at most 65536"):
        encode(big)
    with pytest.raises(UnreadableEnvelope, match="expected at most 65536"):
        decode(msgspec.json.encode(big), Ack)


def test_a_misspelt_field_is_named() -> None:
    with pytest.raises(UnreadableEnvelope, match="jurnals"):
        decode(b'{"v":1,"database_epoch":"e","gateway_run":"r","ack_no":1,"journals":{},"jurnals":{}}', Ack)


def test_bytes_that_are_no_text_are_unreadable_wherever_they_stand() -> None:
    weight = WeightRecord(mono_ms=1, plate="plate", kind="heartbeat", weight_g=1.0)
    payload = encode(batch([(1, weight)]))
    with pytest.raises(UnreadableEnvelope):
        decode_envelope(payload.replace(b"bay-1", b"bay\xff1"))
    with pytest.raises(BadBody):
        decode_body(decode_envelope(payload.replace(b'plate"', b'pla\xffe"').replace(b'"pla\xffe":', b'"plate":')))
    with pytest.raises(UnreadableEnvelope):
        decode(b'{"v":1,"database_epoch":"\xff","gateway_run":"r","ack_no":1,"journals":{}}', Ack)


def test_a_payload_nested_without_end_is_unreadable() -> None:
    with pytest.raises(UnreadableEnvelope):
        decode_envelope(b"[" * 20_000)
    nested = b'{"v":1,"blocks":' + b"[" * 20_000 + b"]" * 20_000 + b"}"
    with pytest.raises(UnreadableEnvelope):
        decode_envelope(nested)
