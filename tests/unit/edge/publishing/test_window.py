"""Which numbers an agent sends next, whatever the gateway says or does not say."""

from __future__ import annotations

import pytest

from contract.records import Ack, HeldJournal, Refusal
from edge.publishing.window import BROKER_REFUSALS_MIN, GivenUp, Span, Window, WindowRule

OLD, NEW = "0" * 32, "1" * 32
RULE = WindowRule(records_max=20, bytes_max=1000, batch_records_max=5, resend_after_s=5.0, resend_after_max_s=20.0)


def window(*held: tuple[str, int, int], epoch: str = "e1") -> Window:
    made = Window(RULE, epoch)
    made.hold([HeldJournal(journal, first, last) for journal, first, last in held])
    return made


def ack(no: int, *, epoch: str = "e1", run: str = "r1", resend: list[str] | None = None, **journals: int) -> Ack:
    names = {"old": OLD, "new": NEW}
    return Ack(
        database_epoch=epoch,
        gateway_run=run,
        ack_no=no,
        journals={names[name]: seq for name, seq in journals.items()},
        resend=resend or [],
    )


def refused(no: int, refusal: Refusal) -> Ack:
    return Ack(database_epoch="e1", gateway_run="r1", ack_no=no, journals={}, refused=[refusal])


def send(sender: Window, now_s: float = 0.0, payload_bytes: int = 50) -> list[tuple[int, int]]:
    """Send all the window allows and return the ranges."""
    sent = []
    while span := sender.next_span(now_s):
        last = min(span.first + span.records_max - 1, sender._journals[span.journal].last)
        sender.sent(span, last=last, records=last - span.first + 1, payload_bytes=payload_bytes, now_s=now_s)
        sent.append((span.first, last))
    return sent


def started(*held: tuple[str, int, int]) -> Window:
    """A window that has heard the gateway once, so that its next acknowledgement is nothing new."""
    made = window(*held)
    made.acknowledged(ack(1), 0.0)
    return made


def test_batches_go_out_until_the_window_is_full_of_records() -> None:
    assert send(window((OLD, 1, 100))) == [(1, 5), (6, 10), (11, 15), (16, 20)]


def test_batches_go_out_until_the_window_is_full_of_bytes() -> None:
    assert send(window((OLD, 1, 100)), payload_bytes=600) == [(1, 5), (6, 10)]


def test_a_commit_opens_the_window_again() -> None:
    sender = started((OLD, 1, 100))
    send(sender)
    heard = sender.acknowledged(ack(2, old=10), 1.0)
    assert heard.watermarks == {OLD: 10}
    assert send(sender, 1.0) == [(21, 25), (26, 30)]


def test_a_new_journal_waits_until_the_old_one_is_committed() -> None:
    sender = started((OLD, 1, 3), (NEW, 1, 4))
    assert send(sender) == [(1, 3)]
    sender.acknowledged(ack(2, old=3), 1.0)
    assert sender.next_span(1.0) == Span(journal=NEW, first=1, records_max=5)
    assert not sender.drained
    send(sender, 1.0)
    sender.acknowledged(ack(3, new=4), 2.0)
    assert sender.drained


def test_silence_makes_it_send_again_with_growing_patience() -> None:
    sender = started((OLD, 1, 5))
    assert send(sender, 0.0) == [(1, 5)]
    assert send(sender, 4.9) == []
    assert send(sender, 5.0) == [(1, 5)]
    assert send(sender, 14.9) == []
    assert send(sender, 15.0) == [(1, 5)]
    sender.acknowledged(ack(2, old=2), 16.0)
    assert send(sender, 20.9) == []
    assert send(sender, 21.0) == [(3, 5)]


def test_a_resend_is_obeyed_once() -> None:
    sender = started((OLD, 1, 10))
    send(sender)
    again = ack(2, old=5, resend=[OLD])
    sender.acknowledged(again, 1.0)
    assert send(sender, 1.0) == [(6, 10)]
    assert sender.acknowledged(again, 1.0).watermarks is None
    assert send(sender, 1.0) == []


def test_a_stale_acknowledgement_of_the_same_run_changes_nothing() -> None:
    sender = started((OLD, 1, 10))
    send(sender)
    sender.acknowledged(ack(5, old=10), 1.0)
    assert sender.acknowledged(ack(4, old=2, resend=[OLD]), 1.0).watermarks is None
    assert sender.watermarks == {OLD: 10}


def test_a_lower_watermark_of_the_same_epoch_is_ignored_even_from_another_run() -> None:
    sender = started((OLD, 1, 10))
    send(sender)
    sender.acknowledged(ack(2, old=8), 1.0)
    assert sender.acknowledged(ack(1, run="r0", old=3), 1.0).watermarks == {OLD: 8}


def test_a_new_run_of_the_gateway_gets_everything_above_the_watermark_again() -> None:
    sender = started((OLD, 1, 10))
    send(sender)
    sender.acknowledged(ack(1, run="r2", old=5), 1.0)
    assert send(sender, 1.0) == [(6, 10)]


def test_a_restored_database_gets_everything_above_its_lower_watermark_again() -> None:
    sender = started((OLD, 1, 10))
    send(sender)
    sender.acknowledged(ack(2, old=10), 1.0)
    sender.acknowledged(ack(1, epoch="e2", run="r2", old=5), 1.0)
    assert send(sender, 1.0) == [(6, 10)]


def test_a_replaced_database_that_names_no_journal_has_nothing() -> None:
    sender = started((OLD, 1, 4), (NEW, 1, 4))
    sender.acknowledged(ack(2, old=4, new=4), 1.0)
    sender.acknowledged(ack(1, epoch="e2", run="r2"), 1.0)
    assert sender.watermarks == {OLD: 0, NEW: 0}
    assert sender.next_span(1.0) == Span(journal=OLD, first=1, records_max=5)


def test_numbers_no_longer_held_are_sent_as_gaps_too() -> None:
    sender = window((OLD, 8, 10))
    assert sender.next_span(0.0) == Span(journal=OLD, first=1, records_max=5)


def test_what_an_earlier_run_remembered_is_not_sent_again() -> None:
    sender = Window(RULE, "e1", {OLD: 7})
    sender.hold([HeldJournal(OLD, 1, 10)])
    assert send(sender) == [(8, 10)]


def test_an_unreadable_batch_is_halved_down_to_one_record_which_is_given_up() -> None:
    sender = started((OLD, 1, 100))
    sizes = []
    for no in range(2, 10):
        sizes.append(send(sender)[0])
        unreadable = Refusal(OLD, "unreadable", first=1, last=sizes[-1][1])
        heard = sender.acknowledged(refused(no, unreadable), 0.0)
        if heard.given_up:
            break
    assert sizes == [(1, 5), (1, 2), (1, 1)]
    assert heard.given_up == (GivenUp(journal=OLD, seq=1),)


def test_a_refusal_heard_twice_costs_no_good_record() -> None:
    sender = started((OLD, 1, 100))
    for no, last in enumerate((5, 2, 2, 1, 1, 2), 2):
        send(sender)
        heard = sender.acknowledged(refused(no, Refusal(OLD, "unreadable", first=1, last=last)), 0.0)
        assert heard.given_up in {(), (GivenUp(journal=OLD, seq=1),)}
        if heard.given_up:
            assert sender.next_span(0.0) == Span(journal=OLD, first=1, records_max=1, last=1)
            sender.sent(Span(journal=OLD, first=1, records_max=1), last=1, records=0, payload_bytes=9, now_s=0.0)


def test_batches_grow_again_when_the_gateway_commits() -> None:
    sender = started((OLD, 1, 100))
    send(sender)
    sender.acknowledged(refused(2, Refusal(OLD, "unreadable", first=1, last=5)), 0.0)
    assert send(sender)[0] == (1, 2)
    sender.acknowledged(ack(3, old=2), 0.0)
    assert sender._limit == 4


def test_a_refusal_of_another_batch_than_the_first_on_the_way_halves_nothing() -> None:
    sender = started((OLD, 1, 100))
    send(sender)
    sender.acknowledged(refused(2, Refusal(OLD, "unreadable", first=6, last=10)), 0.0)
    sender.acknowledged(refused(3, Refusal(NEW, "unreadable", first=1, last=5)), 0.0)
    assert sender._limit == 5


def test_a_refusal_that_names_nothing_gives_no_record_up_at_once() -> None:
    sender = started((OLD, 1, 1))
    anonymous = Refusal("", "unreadable")
    for no in (2, 3):
        send(sender)
        assert sender.acknowledged(refused(no, anonymous), 0.0).given_up == ()
    send(sender)
    assert sender.acknowledged(refused(4, anonymous), 0.0).given_up == (GivenUp(journal=OLD, seq=1),)


def test_an_unknown_version_is_held_back_until_a_new_run_of_the_gateway() -> None:
    sender = started((OLD, 1, 5), (NEW, 1, 5))
    send(sender)
    sender.acknowledged(refused(2, Refusal(OLD, "unknown_version")), 0.0)
    assert sender.next_span(0.0) == Span(journal=NEW, first=1, records_max=5)
    assert not sender.drained
    sender.acknowledged(ack(1, run="r2"), 0.0)
    assert sender.next_span(0.0) == Span(journal=OLD, first=1, records_max=5)


def test_a_batch_the_broker_refuses_again_and_again_is_halved() -> None:
    sender = started((OLD, 1, 5))
    for _ in range(BROKER_REFUSALS_MIN):
        sender.reconnected()
        send(sender)
        assert sender.broker_refused() is None
    assert send(sender)[0] == (1, 2)


def test_a_broker_that_takes_batches_refuses_none() -> None:
    sender = started((OLD, 1, 5))
    for _ in range(3 * BROKER_REFUSALS_MIN):
        sender.reconnected()
        send(sender)
        sender.broker_refused()
        sender.broker_took()
    assert sender._limit == 5


def test_nothing_is_left_to_send_when_all_is_on_the_way() -> None:
    sender = started((OLD, 1, 5))
    assert sender.backlog
    send(sender)
    assert not sender.backlog
    assert sender.in_flight == 5


@pytest.mark.parametrize("journal", [OLD, NEW])
def test_a_journal_that_disappears_is_forgotten(journal: str) -> None:
    sender = started((OLD, 1, 5), (NEW, 1, 5))
    send(sender)
    sender.hold([HeldJournal(journal, 1, 5)])
    assert list(sender.watermarks) == [journal]
