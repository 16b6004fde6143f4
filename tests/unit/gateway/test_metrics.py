"""The figures of a gateway say what was loaded and how its devices are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry

from contract.codec import NumberedRecord, pack
from contract.ids import DeviceId, JournalId, StoreId
from contract.records import ClockRecord, Gap, HealthRecord, WeightRecord
from gateway.counters import Counters
from gateway.loading.lease import Lease
from gateway.loading.load import Load
from gateway.metrics import PREFIX, GatewayMetrics
from gateway.model import Readings

AT = datetime(2026, 1, 1, tzinfo=UTC)
STORE, DEVICE = StoreId("shop"), DeviceId("bay-1")
RECORDS: list[NumberedRecord] = [
    (1, WeightRecord(mono_ms=1000, plate="l1", kind="heartbeat", weight_g=1.0)),
    (
        2,
        HealthRecord(
            mono_ms=2000,
            subject="agent",
            verdict="ok",
            measured={
                "queue_rows": 7.0,
                "queue_bytes": 900.0,
                "queue_oldest_s": 3.0,
                "clock_error_ms": 12.0,
                "acks_ignored": 4.0,
            },
        ),
    ),
    (3, HealthRecord(mono_ms=2000, subject="plate:l1", verdict="ok", measured={"queue_rows": 99.0})),
    (4, ClockRecord(mono_ms=3000, wall_ms=0, synchronised=False, uncertainty_ms=0)),
    (5, ClockRecord(mono_ms=4000, wall_ms=0, synchronised=True, uncertainty_ms=0)),
]


def _load(*, records: list[NumberedRecord], gaps: tuple[Gap, ...] = ()) -> Load:
    readings = Readings(
        store=STORE,
        device=DEVICE,
        journal=JournalId("a" * 32),
        boot="",
        first=1,
        last=8,
        mono_zero_at=AT,
        time_known=True,
        blocks=pack(records),
        gaps=gaps,
    )
    lease = Lease(store=STORE, owner="one", fence=1)
    return Load(store=STORE, lease=lease, loaded_at=AT + timedelta(seconds=10), wall_at=AT, readings=[readings])


def _loaded() -> Counters:
    counters = Counters()
    gaps = (Gap(6, 7, "thinned"), Gap(8, 8, "rejected"))
    counters.loaded(_load(records=RECORDS, gaps=gaps), dropped=2, took_s=0.03)
    return counters


def _value(counters: Counters, name: str, **labels: str) -> float | None:
    registry = CollectorRegistry()
    registry.register(GatewayMetrics(counters, store=STORE, ready=lambda: True))
    return registry.get_sample_value(f"{PREFIX}{name}", {"store": STORE, **labels})


def test_records_become_rows_or_gaps_and_both_are_counted() -> None:
    counters = _loaded()
    assert _value(counters, "records_total") == 8
    assert _value(counters, "rows_total") == 5
    assert _value(counters, "gap_rows_total", reason="thinned") == 2
    assert _value(counters, "gap_rows_total", reason="rejected") == 1
    assert _value(counters, "dropped_total") == 2
    assert _value(counters, "ready") == 1


def test_a_load_is_in_the_bucket_of_its_duration_and_all_above() -> None:
    counters = _loaded()
    assert _value(counters, "load_seconds_bucket", le="0.025") == 0
    assert _value(counters, "load_seconds_bucket", le="0.05") == 1
    assert _value(counters, "load_seconds_bucket", le="+Inf") == 1
    assert _value(counters, "load_seconds_sum") == 0.03
    counters.loaded(_load(records=[], gaps=(Gap(1, 8, "lost"),)), dropped=0, took_s=99.0)
    assert _value(counters, "load_seconds_count") == 2


def test_the_outbox_of_a_device_and_its_clock_are_as_it_last_told() -> None:
    counters = _loaded()
    assert _value(counters, "device_outbox_rows", device=DEVICE) == 7
    assert _value(counters, "device_outbox_bytes", device=DEVICE) == 900
    assert _value(counters, "device_outbox_oldest_seconds", device=DEVICE) == 3
    assert _value(counters, "device_acks_ignored", device=DEVICE) == 4
    assert _value(counters, "device_clock_error_seconds", device=DEVICE) == 0.012
    assert _value(counters, "device_clock_synchronised", device=DEVICE) == 1
    assert _value(counters, "device_watermark_lag_seconds", device=DEVICE) == 6
