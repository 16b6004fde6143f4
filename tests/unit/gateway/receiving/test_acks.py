"""How often devices are told what is committed, and what they are asked for."""

from __future__ import annotations

from contract.codec import encode
from contract.ids import DeviceId
from contract.records import PAYLOAD_BYTES_MAX, Ack, Refusal
from gateway.receiving.acks import HALF_WINDOW_RECORDS, REFUSALS_MAX, RESEND_EVERY_S, AckBook

BAY = DeviceId("bay-1")
A, B = "a" * 32, "b" * 32


def book() -> AckBook:
    return AckBook(database_epoch="e1", gateway_run="r1")


def one(acks: list[tuple[DeviceId, Ack]]) -> Ack:
    ((device, ack),) = acks
    assert device == BAY
    return ack


def test_the_first_commit_is_told_at_once_and_the_next_within_a_second() -> None:
    acks = book()
    acks.committed(BAY, {A: 5}, records=5)
    first = one(acks.due(10.0))
    assert (first.database_epoch, first.gateway_run, first.journals) == ("e1", "r1", {A: 5})
    acks.committed(BAY, {A: 6}, records=1)
    acks.committed(BAY, {A: 7}, records=1)
    assert acks.due(10.9) == []
    second = one(acks.due(11.0))
    assert second.journals == {A: 7}
    assert second.ack_no > first.ack_no
    assert acks.due(99.0) == []


def test_half_a_window_is_told_without_waiting() -> None:
    acks = book()
    acks.committed(BAY, {A: 1}, records=1)
    one(acks.due(10.0))
    acks.committed(BAY, {A: HALF_WINDOW_RECORDS}, records=HALF_WINDOW_RECORDS - 1)
    assert acks.due(10.1) == []
    acks.committed(BAY, {A: HALF_WINDOW_RECORDS + 1}, records=1)
    assert one(acks.due(10.1)).journals == {A: HALF_WINDOW_RECORDS + 1}


def test_every_journal_heard_of_is_named_again() -> None:
    acks = book()
    acks.committed(BAY, {A: 0})
    acks.committed(BAY, {B: 3})
    assert one(acks.due(0.0)).journals == {A: 0, B: 3}


def test_a_resend_is_asked_for_once_and_again_only_after_a_while() -> None:
    acks = book()
    acks.resend(BAY, A, 5, 0.0)
    assert one(acks.due(0.0)).resend == [A]
    acks.resend(BAY, A, 5, RESEND_EVERY_S - 0.1)
    assert acks.due(RESEND_EVERY_S - 0.1) == []
    acks.resend(BAY, A, 5, RESEND_EVERY_S)
    asked = one(acks.due(RESEND_EVERY_S))
    assert (asked.resend, asked.journals) == ([A], {A: 5})
    acks.committed(BAY, {A: 6})
    assert one(acks.due(9.0)).resend == []


def test_another_hole_is_asked_for_at_once() -> None:
    acks = book()
    acks.resend(BAY, A, 5, 0.0)
    acks.due(0.0)
    acks.resend(BAY, A, 8, 1.0)
    assert one(acks.due(1.0)).resend == [A]


def test_a_refusal_is_told_once() -> None:
    acks = book()
    refusal = Refusal("3" * 64, "unreadable")
    for _ in range(5):
        acks.refuse(BAY, refusal)
    assert one(acks.due(0.0)).refused == [refusal]
    acks.committed(BAY, {A: 1})
    assert one(acks.due(5.0)).refused == []


def test_an_acknowledgement_fits_its_message_whatever_a_device_does() -> None:
    acks = book()
    for number in range(3000):
        acks.committed(BAY, {f"{number:032x}": 2**53})
        acks.refuse(BAY, Refusal(f"{number:064x}", "unreadable"))
    ack = one(acks.due(0.0))
    assert len(encode(ack)) <= PAYLOAD_BYTES_MAX
    assert f"{2999:032x}" in ack.journals, "the one heard of last is named"
    assert [int(refusal.payload_hash, 16) for refusal in ack.refused] == list(range(3000 - REFUSALS_MAX, 3000))
