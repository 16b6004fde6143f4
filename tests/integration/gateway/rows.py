"""Builders with defaults, and the few questions these tests ask the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import Connection

from contract.codec import NumberedRecord, pack
from contract.ids import DeviceId, JournalId, PositionId, RecordId, Sku, StoreId
from contract.records import ClockRecord, Gap, HealthRecord, TagRecord, WeightRecord
from gateway.loading.lease import Lease, acquire
from gateway.loading.load import Load
from gateway.model import Quantity, Readings, ShelfEvent

STORE = StoreId("corner-shop")
DEVICE = DeviceId("bay-1")
JOURNAL = JournalId("a" * 32)
SHOP_AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
WALL_AT = datetime(2026, 1, 1, 9, tzinfo=UTC)
EPC = "3034257BF7194E4000001A85"


def weight(mono_ms: int, *, plate: str = "b1-s1-l1", weight_g: float = 500.0) -> WeightRecord:
    return WeightRecord(mono_ms=mono_ms, plate=plate, kind="heartbeat", weight_g=weight_g, before_g=None, noise_g=0.25)


def one_of_each() -> list[NumberedRecord]:
    return [
        (1, weight(1000)),
        (2, TagRecord(mono_ms=2000, zone="b1-z1", epc=EPC, kind="arrived", rssi_dbm=-55.5, reads=12)),
        (
            3,
            HealthRecord(
                mono_ms=3000,
                subject="plate:b1-s1-l1",
                verdict="noisy",
                samples=10,
                rejected={"spike": 2},
                queued=4,
                measured={"rate_sps": 9.5, "weight_g": -3.0},
            ),
        ),
        (4, ClockRecord(mono_ms=4000, wall_ms=1_767_268_804_000, synchronised=True, uncertainty_ms=15)),
    ]


def readings(
    records: list[NumberedRecord],
    *,
    device: DeviceId = DEVICE,
    journal: JournalId = JOURNAL,
    gaps: tuple[Gap, ...] = (),
    zero_at: datetime = SHOP_AT,
) -> Readings:
    numbers = [seq for seq, _ in records] + [seq for gap in gaps for seq in (gap.first, gap.last)]
    return Readings(
        store=STORE,
        device=device,
        journal=journal,
        boot="boot",
        first=min(numbers),
        last=max(numbers),
        mono_zero_at=zero_at,
        time_known=True,
        blocks=pack(records),
        gaps=gaps,
    )


def quantity(*, best: int = 5, as_of: datetime = SHOP_AT, position: str = "p1") -> Quantity:
    return Quantity(
        position=PositionId(position),
        sku=Sku("cola"),
        low=best - 1,
        pmf=(0.125, 0.875),
        frozen=False,
        basis=("weight",),
        as_of=as_of,
    )


def pick(*, seq: int = 1) -> ShelfEvent:
    return ShelfEvent(
        event_id=f"event-{seq}",
        time=SHOP_AT + timedelta(seconds=1),
        position=PositionId("p1"),
        sku=Sku("cola"),
        kind="pick",
        quantity=1,
        probability=0.99,
        weight_g=-330.0,
        cause=RecordId(DEVICE, JOURNAL, seq),
        mono_ms=1000,
    )


def lease_of(connection: Connection[Any], owner: str = "gateway-a", *, wall_at: datetime = WALL_AT) -> Lease:
    lease = acquire(connection, STORE, owner, wall_at=wall_at)
    assert lease is not None
    return lease


def load(lease: Lease, *taken: Readings, **more: Any) -> Load:
    return Load(store=STORE, lease=lease, loaded_at=SHOP_AT, wall_at=WALL_AT, readings=taken, **more)


def all_of(connection: Connection[Any], question: str, *values: object) -> list[tuple[Any, ...]]:
    return connection.execute(question, values).fetchall()


def one_of(connection: Connection[Any], question: str, *values: object) -> Any:
    rows = all_of(connection, question, *values)
    assert len(rows) == 1
    return rows[0][0]
