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


def refused(no: int, *payload_hashes: str, run: str = "r1") -> Ack:
    refusals = [Refusal(payload_hash, "unreadable") for payload_hash in payload_hashes]
    return Ack(database_epoch="e1", gateway_run=run, ack_no=no, journals={}, refused=refusals)


def send(
    sender: Window, now_s: float = 0.0, payload_bytes: int = 50, *, run: str = "this run"
) -> list[tuple[int, int]]:
    """Send all the window allows and return the ranges; `run` and the time make the bytes of each send their own."""
    sent = []
    while span := sender.next_span(now_s):
        last = min(span.first + span.records_max - 1, sender._journals[span.journal].last)
        sender.sent(
            span,
            last=last,
            records=last - span.first + 1,
            payload_bytes=payload_bytes,
            payload_hash=f"{run} {now_s} {span.first} {last}",
            now_s=now_s,
        )
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
    assert sender.acks_ignored == 0
    assert sender.acknowledged(ack(4, old=2, resend=[OLD]), 1.0).watermarks is None
    assert sender.watermarks == {OLD: 10}
    assert sender.acks_ignored == 1


def test_a_lower_watermark_of_the_same_epoch_is_ignored_even_from_another_run() -> None:
    sender = started((OLD, 1, 10))
    send(sender)
    sender.acknowledged(ack(2, old=8), 1.0)
    assert sender.acknowledged(ack(1, run="r0", old=3), 1.0).watermarks == {OLD: 8}
    assert sender.acks_ignored == 1


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


def test_an_unreadable_batch_is_halved_down_to_one_record_which_is_given_up_when_refused_alone_twice() -> None:
    sender = started((OLD, 1, 100))
    sizes = []
    for no in range(2, 10):
        sizes.append(send(sender, no)[0])
        heard = sender.acknowledged(refused(no, named(sender)), no)
        if heard.given_up:
            break
    assert sizes == [(1, 5), (1, 2), (1, 1), (1, 1)]
    assert heard.given_up == (GivenUp(journal=OLD, seq=1),)


def named(sender: Window) -> str:
    """The hash of the first batch on the way."""
    return sender._flight[0].payload_hash


def test_a_refusal_told_to_an_earlier_run_changes_nothing_even_of_the_same_numbers() -> None:
    sender = started((OLD, 1, 1))
    send(sender)
    for no in range(2, 9):
        assert sender.acknowledged(refused(no, "an earlier run 0.0 1 1"), 0.0).given_up == ()
    assert send(sender) == [], "nothing is sent again"


def test_a_refusal_heard_twice_counts_once() -> None:
    sender = started((OLD, 1, 1))
    send(sender)
    first = named(sender)
    sender.acknowledged(refused(2, first), 1.0)
    send(sender, 1.0)
    assert sender.acknowledged(refused(1, first, run="r0"), 1.0).given_up == ()
    send(sender, 1.0)
    assert sender.acknowledged(refused(2, first), 1.0).given_up == ()
    send(sender, 2.0)
    assert sender.acknowledged(refused(3, named(sender)), 2.0).given_up == (GivenUp(journal=OLD, seq=1),)


def test_the_same_bytes_refused_twice_are_one_refusal() -> None:
    sender = started((OLD, 1, 1))
    for no in range(2, 9):
        send(sender, 0.0)
        assert sender.acknowledged(refused(no, named(sender)), 0.0).given_up == ()


def test_a_refusal_heard_twice_sends_nothing_again() -> None:
    sender = started((OLD, 1, 1))
    send(sender)
    first = named(sender)
    sender.acknowledged(refused(2, first), 1.0)
    assert send(sender, 1.0) == [(1, 1)]
    sender.acknowledged(refused(3, first), 1.0)
    assert send(sender, 1.0) == []


def test_a_record_is_given_up_once_however_often_it_was_refused() -> None:
    sender = started((OLD, 1, 1))
    hashes = []
    for second in range(3):
        sender.reconnected()
        send(sender, second)
        hashes.append(named(sender))
    assert sender.acknowledged(refused(2, *hashes), 3.0).given_up == (GivenUp(journal=OLD, seq=1),)


def test_two_records_that_cannot_be_read_do_not_hide_each_other() -> None:
    sender = started((OLD, 1, 2))
    given_up: list[GivenUp] = []
    for no in range(2, 8):
        send(sender, no)
        heard = sender.acknowledged(refused(no, *(sent.payload_hash for sent in sender._flight)), no)
        given_up += heard.given_up
    assert GivenUp(journal=OLD, seq=1) in given_up


def test_a_refusal_that_comes_after_the_batch_was_sent_again_still_counts() -> None:
    sender = started((OLD, 1, 4))
    send(sender, 0.0)
    first = named(sender)
    sender.reconnected()
    send(sender, 1.0)
    sender.acknowledged(refused(2, first), 1.0)
    assert send(sender, 2.0) == [(1, 2), (3, 4)]


def test_two_refusals_of_one_batch_halve_it_once() -> None:
    sender = started((OLD, 1, 4))
    send(sender, 0.0)
    first = named(sender)
    sender.reconnected()
    send(sender, 1.0)
    sender.acknowledged(refused(2, named(sender)), 1.0)
    assert send(sender, 2.0) == [(1, 2), (3, 4)]
    sender.acknowledged(refused(3, first), 2.0)
    assert send(sender, 2.0) == [], "the halves are still on the way"


def test_a_refusal_of_what_was_committed_since_changes_nothing() -> None:
    sender = started((OLD, 1, 6))
    send(sender)
    first = named(sender)
    sender.acknowledged(ack(2, old=5), 1.0)
    sender.acknowledged(refused(3, first), 1.0)
    assert send(sender, 1.0) == []


def test_batches_grow_again_when_the_gateway_commits() -> None:
    sender = started((OLD, 1, 100))
    send(sender)
    sender.acknowledged(refused(2, named(sender)), 0.0)
    assert send(sender)[0] == (1, 2)
    sender.acknowledged(ack(3, old=2), 0.0)
    assert sender._limit == 4


def test_an_unknown_version_is_held_back_until_a_new_run_of_the_gateway() -> None:
    sender = started((OLD, 1, 5), (NEW, 1, 5))
    send(sender)
    unknown = Ack(
        database_epoch="e1",
        gateway_run="r1",
        ack_no=2,
        journals={},
        refused=[Refusal(named(sender), "unknown_version")],
    )
    sender.acknowledged(unknown, 0.0)
    assert sender.next_span(0.0) == Span(journal=NEW, first=1, records_max=5)
    assert not sender.drained
    sender.acknowledged(ack(1, run="r2"), 0.0)
    assert sender.next_span(0.0) == Span(journal=OLD, first=1, records_max=5)


def test_what_is_remembered_of_a_gateway_that_never_answers_stays_small() -> None:
    sender = started((OLD, 1, 100))
    for second in range(0, 1000, 20):
        send(sender, second)
    assert len(sender._sends) == RULE.records_max


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
