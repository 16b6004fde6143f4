"""Which times a load says it touched: all of its rows, and little beside them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from contract.codec import pack
from contract.ids import DeviceId, JournalId, PositionId, RecordId, Sku, StoreId
from contract.records import TagRecord, WeightRecord
from gateway.loading.spans import GAP, SPANS_MAX, spans_of_events, spans_of_weights
from gateway.model import Readings, ShelfEvent

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
DEVICE, JOURNAL = DeviceId("bay-1"), JournalId("a" * 32)


def readings(*mono_s: int, zero_at: datetime = START) -> Readings:
    records = [
        WeightRecord(mono_ms=at * 1000, plate="p", kind="heartbeat", weight_g=1.0, before_g=None, noise_g=0.0)
        for at in mono_s
    ]
    return Readings(
        store=StoreId("s"), device=DEVICE, journal=JOURNAL, boot="b", first=1, last=len(mono_s), mono_zero_at=zero_at,
        time_known=True, blocks=pack(list(enumerate(records, 1))),
    )  # fmt: skip


def event(at_s: int) -> ShelfEvent:
    return ShelfEvent(
        event_id=str(at_s), time=START + timedelta(seconds=at_s), position=PositionId("p"), sku=Sku("cola"),
        kind="pick", quantity=1, probability=1.0, weight_g=-1.0, cause=RecordId(DEVICE, JOURNAL, 1), mono_ms=0,
    )  # fmt: skip


def test_batches_of_the_same_minutes_are_one_span() -> None:
    (span,) = spans_of_weights([readings(0, 30), readings(10, 80)])
    assert (span.lower, span.upper, span.bounds) == (START, START + timedelta(seconds=80), "[]")


def test_a_backlog_beside_what_is_live_does_not_touch_the_days_in_between() -> None:
    spans = spans_of_weights([readings(0), readings(0, zero_at=START - timedelta(days=3))])
    assert [span.lower for span in spans] == [START - timedelta(days=3), START]
    assert all(span.lower == span.upper for span in spans)


def test_a_load_of_tags_alone_touches_no_weights() -> None:
    tag = TagRecord(mono_ms=0, zone="z", epc="3034257BF7194E4000001A85", kind="arrived", rssi_dbm=-50.0, reads=1)
    tags = Readings(
        store=StoreId("s"), device=DEVICE, journal=JOURNAL, boot="b", first=1, last=1, mono_zero_at=START,
        time_known=True, blocks=pack([(1, tag)]),
    )  # fmt: skip
    assert list(spans_of_weights([tags])) == []
    assert list(spans_of_events([])) == []


@given(st.lists(st.integers(-200_000, 200_000), min_size=1, max_size=300))
def test_every_row_is_in_a_span_and_there_are_not_too_many(times: list[int]) -> None:
    spans = list(spans_of_events([event(at) for at in times]))
    assert len(spans) <= SPANS_MAX
    for at in times:
        moment = START + timedelta(seconds=at)
        assert any(span.lower <= moment <= span.upper for span in spans if span.lower and span.upper)
    for earlier, later in pairwise(spans):
        assert earlier.upper is not None
        assert later.lower is not None
        assert later.lower - earlier.upper > GAP
