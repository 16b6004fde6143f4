"""What devices are told waits until the load is committed; newest weights wait without getting older."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from contract.codec import encode, pack
from contract.ids import DeviceId, JournalId, PositionId, StoreId
from contract.records import Batch, Gap, WeightRecord
from gateway.loading.current import Newest
from gateway.loading.load import PlateWeight
from gateway.loading.watermarks import Watermarks
from gateway.receiving.acks import AckBook
from gateway.receiving.intake import Intake
from gateway.receiving.messages import RawMessage, Taken
from gateway.takings import Takings, set_aside

AT = datetime(2026, 1, 1, tzinfo=UTC)
STORE, DEVICE, JOURNAL = StoreId("shop"), DeviceId("bay-1"), JournalId("a" * 32)


def _message(first: int, last: int) -> RawMessage:
    records = [
        (seq, WeightRecord(mono_ms=seq, plate="l1", kind="heartbeat", weight_g=1.0)) for seq in range(first, last + 1)
    ]
    batch = Batch(device=DEVICE, journal=JOURNAL, first=first, last=last, sent_mono_ms=99, blocks=pack(records))
    return RawMessage(topic=f"liveshelf/v1/{STORE}/{DEVICE}/readings", payload=encode(batch), received_at=AT)


def _taken_in(*messages: RawMessage) -> Takings:
    watermarks, intake, takings = Watermarks(lambda _device: {}), Intake(STORE), Takings()
    for message in messages:
        takings.add(intake.take_in(message, watermarks.of), watermarks)
    return takings


def test_batches_that_follow_each_other_share_a_load_and_one_acknowledgement() -> None:
    takings = _taken_in(_message(1, 3), _message(4, 6), _message(2, 5))
    assert [(readings.first, readings.last) for readings in takings.readings] == [(1, 3), (4, 6)]
    book = AckBook(database_epoch="e", gateway_run="r")
    takings.tell(book, 0.0)
    ((device, ack),) = book.due(0.0)
    assert (device, ack.journals, ack.resend) == (DEVICE, {JOURNAL: 6}, [])


def test_a_batch_ahead_is_asked_for_and_not_loaded() -> None:
    takings = _taken_in(_message(5, 6))
    assert takings.readings == []
    book = AckBook(database_epoch="e", gateway_run="r")
    takings.tell(book, 10.0)
    ((_, ack),) = book.due(10.0)
    assert (ack.journals, ack.resend) == ({JOURNAL: 0}, [JOURNAL])


def test_nobody_is_told_anything_before_the_commit() -> None:
    book = AckBook(database_epoch="e", gateway_run="r")
    _taken_in(_message(1, 3))
    assert book.due(float("inf")) == []


def test_a_refused_batch_becomes_a_gap_over_its_whole_range_with_its_payload_kept() -> None:
    message = _message(1, 3)
    outcome = set_aside(Intake(STORE).take_in(message, lambda _device, _journal: 0), message, "no such value")
    assert isinstance(outcome, Taken)
    assert outcome.readings.gaps == (Gap(1, 3, "rejected"),)
    assert outcome.readings.blocks.weight is None
    assert outcome.letter is not None
    assert (outcome.letter.reason, outcome.letter.payload) == ("refused_by_database", message.payload)


def test_newest_weights_never_get_older_and_keep_their_verdict() -> None:
    stuck = PlateWeight(plate="l1", device=DEVICE, weight_g=1.0, quality="stuck", as_of=AT)
    passing = msgspec.structs.replace(stuck, weight_g=2.0, quality=None, as_of=AT + timedelta(seconds=5))
    late = msgspec.structs.replace(stuck, weight_g=3.0, quality="ok", as_of=AT + timedelta(seconds=1))
    newest, waiting = Newest(), Newest({"l1": stuck})
    for plate in (passing, late):
        newest.hear(plate)
    waiting.take_over(newest)
    assert waiting.plates == {"l1": msgspec.structs.replace(passing, quality="stuck")}


def test_confirmations_wait_with_their_newest_time() -> None:
    position, newest = PositionId("p1"), Newest()
    for seconds in (2, 0):
        newest.confirm({position: AT + timedelta(seconds=seconds)})
    assert newest.confirmed == {position: AT + timedelta(seconds=2)}
    assert not Newest()
