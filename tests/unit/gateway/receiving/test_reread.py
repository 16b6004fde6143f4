"""What a dead letter says when it is read again, and what is left of a gap that was filled."""

from __future__ import annotations

import pytest

from contract.codec import encode, pack
from contract.records import PAYLOAD_BYTES_MAX, Batch, Gap, WeightRecord
from gateway.model import KeptLetter
from gateway.receiving.reread import StillUnusable, narrowed, reread
from tests.integration.gateway.rows import DEVICE, JOURNAL, SHOP_AT

TOPIC = f"liveshelf/v1/corner-shop/{DEVICE}/readings"


def batch(first: int, last: int, *, gaps: tuple[Gap, ...] = ()) -> Batch:
    missing = {seq for gap in gaps for seq in range(gap.first, gap.last + 1)}
    weights = [
        (seq, WeightRecord(mono_ms=seq, plate="b1", kind="heartbeat", weight_g=1.0))
        for seq in range(first, last + 1)
        if seq not in missing
    ]
    return Batch(
        device=DEVICE, journal=JOURNAL, first=first, last=last, sent_mono_ms=99, blocks=pack(weights), gaps=list(gaps)
    )


def letter(payload: bytes, *, topic: str = TOPIC, payload_bytes: int | None = None) -> KeptLetter:
    return KeptLetter(
        number=1,
        topic=topic,
        reason="bad_body",
        detail="",
        payload=payload,
        payload_bytes=payload_bytes or len(payload),
        first_at=SHOP_AT,
        replayed_at=None,
        replayed_records=0,
    )


def test_a_letter_that_reads_well_now_gives_its_batch() -> None:
    topic, found = reread(letter(encode(batch(1, 3))))
    assert (topic.store, found) == ("corner-shop", batch(1, 3))


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"\xff\x00", "unreadable"),
        (b'{"v":99}', "unknown_version"),
        (encode(batch(1, 2)).replace(b'"bay-1"', b'"bay-2"'), "foreign_device"),
        (encode(batch(1, 2)).replace(b'"heartbeat"', b'"dance"'), "bad_body"),
    ],
)
def test_what_still_cannot_be_used_says_why(payload: bytes, reason: str) -> None:
    with pytest.raises(StillUnusable) as said:
        reread(letter(payload))
    assert said.value.reason == reason


def test_a_payload_that_was_cut_can_never_be_read_again() -> None:
    with pytest.raises(StillUnusable, match=r"first 65536 of 70000 bytes") as said:
        reread(letter(b"x" * PAYLOAD_BYTES_MAX, payload_bytes=70_000))
    assert said.value.reason == "truncated"


def test_a_birth_of_the_past_holds_nothing_to_take_in() -> None:
    state = b'{"device":"bay-1","online":true,"journal":"","v":1}'
    assert reread(letter(state, topic=TOPIC.replace("readings", "state")))[1] is None


def test_a_gap_goes_when_all_of_it_got_in() -> None:
    assert narrowed(Gap(1, 5, "rejected"), batch(1, 5), {1, 2, 3, 4, 5}) == []


def test_a_gap_keeps_what_the_batch_does_not_cover() -> None:
    assert narrowed(Gap(1, 9, "rejected"), batch(3, 5), {3, 4, 5}) == [Gap(1, 2, "rejected"), Gap(6, 9, "rejected")]


def test_a_number_the_database_refused_stays_a_gap() -> None:
    assert narrowed(Gap(1, 5, "rejected"), batch(1, 5), {1, 2, 4, 5}) == [Gap(3, 3, "rejected")]


def test_what_the_device_itself_calls_thinned_is_called_so() -> None:
    thinned = batch(1, 6, gaps=(Gap(2, 4, "thinned"),))
    assert narrowed(Gap(1, 6, "rejected"), thinned, {1, 5, 6}) == [Gap(2, 4, "thinned")]


def test_a_batch_that_reaches_over_a_gap_fills_only_the_gap() -> None:
    assert narrowed(Gap(4, 6, "rejected"), batch(1, 9), {4, 5}) == [Gap(6, 6, "rejected")]
