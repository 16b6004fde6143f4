"""Counting state is a cache: saved every few seconds, and at start what later loads brought is counted again.

`later` gives the stored records back as the readings they came in, in the order they were counted in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection

from contract.codec import NumberedRecord, pack
from contract.ids import DeviceId, JournalId, StoreId
from contract.records import Gap, HealthRecord, TagRecord, WeightRecord
from gateway.loading.lease import Lease, check
from gateway.loading.staging import stage
from gateway.model import Quantity, Readings

LOADS_A_STEP = 64
"""How many loads are read back at a time: what bounds the memory of a recovery."""

STAGE_SHELVES = "CREATE TEMPORARY TABLE IF NOT EXISTS shelf_news (shelf text, state bytea) ON COMMIT DELETE ROWS"
COPY_SHELVES = "COPY shelf_news FROM STDIN (FORMAT BINARY)"
SHELF_TYPES = ("text", "bytea")
SAVE_SHELVES = """
INSERT INTO counting_state (store, shelf_key, load_id, evidence_version, state, saved_at)
SELECT %(store)s, shelf, %(load_id)s, %(version)s, state, %(at)s FROM shelf_news ORDER BY shelf
ON CONFLICT (store, shelf_key) DO UPDATE
SET load_id = excluded.load_id, evidence_version = excluded.evidence_version, state = excluded.state,
    saved_at = excluded.saved_at
"""

# Shelves that did not change hold at the new load too. What vanished from the planogram is forgotten.
CARRY_FORWARD = """
UPDATE counting_state SET load_id = %(load_id)s, saved_at = %(at)s WHERE store = %(store)s AND load_id <> %(load_id)s
"""
FORGET_SHELVES = "DELETE FROM counting_state WHERE store = %(store)s AND shelf_key <> ALL(%(shelves)s::text[])"

SAVED = "SELECT shelf_key, load_id, state FROM counting_state WHERE store = %(store)s"

# The loads that came after the saved state, oldest first.
LATER_LOADS = (
    "SELECT load_id FROM load WHERE store = %(store)s AND load_id > %(after)s ORDER BY load_id LIMIT %(limit)s"
)

NEWEST_LOAD = "SELECT coalesce(max(load_id), 0) FROM load WHERE store = %(store)s"

# What some loads brought. The zero of the device's clock is what a batch was dated with: event time - mono_ms.
_LATER = """
SELECT load_id, device, journal, seq, time - mono_ms * interval '1 millisecond', time_known, mono_ms, {columns}
FROM {table} WHERE store = %(store)s AND load_id > %(after)s AND load_id <= %(upto)s
"""
LATER_WEIGHTS = _LATER.format(table="reading", columns="plate, kind, weight_g, before_g, noise_g, quality, remaining")
LATER_TAGS = _LATER.format(table="tag_event", columns="zone, epc, kind, rssi_dbm, reads")
LATER_HEALTH = _LATER.format(
    table="health_event", columns="subject, verdict, samples, rejected, noise_g, queued, measured"
)
LATER_GAPS = """
SELECT load_id, device, journal, first_seq, last_seq, reason FROM gap
WHERE load_id > %(after)s AND load_id <= %(upto)s AND load_id = ANY(%(loads)s::bigint[])
ORDER BY load_id, device, journal, first_seq
"""

QUANTITIES = """
SELECT position, sku, low, pmf, frozen, basis, as_of FROM position_quantity WHERE store = %(store)s
"""


UNDATED = datetime(1970, 1, 1, tzinfo=UTC)
"""The clock zero of a batch that is nothing but a gap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """Counting state as it was after a load: bytes per shelf, as counting made them."""

    load_id: int
    shelves: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, order=True)
class _Origin:
    """What the records of one batch have in common; sorts in the order of counting."""

    load_id: int
    device: DeviceId
    journal: JournalId


@dataclass(frozen=True, slots=True)
class _Row:
    """One stored record; a gap has no record and no time."""

    seq: int
    last: int
    zero_at: datetime | None
    time_known: bool
    content: WeightRecord | TagRecord | HealthRecord | Gap


def save(
    connection: Connection[Any],
    lease: Lease,
    changed: Mapping[str, bytes],
    *,
    shelves: Sequence[str],
    load_id: int,
    version: int,
    at: datetime,
    wall_at: datetime,
) -> None:
    """Save the shelves that changed since the last time; all of `shelves` now hold at `load_id`.

    Raises LeaseLost when the store is another gateway's.
    """
    facts = {"store": lease.store, "load_id": load_id, "version": version, "at": at, "shelves": list(shelves)}
    with connection.transaction(), connection.cursor() as cursor:
        check(connection, lease, wall_at=wall_at)
        cursor.execute(FORGET_SHELVES, facts)
        if changed:
            stage(cursor, STAGE_SHELVES, COPY_SHELVES, SHELF_TYPES, changed.items())
            cursor.execute(SAVE_SHELVES, facts)
        cursor.execute(CARRY_FORWARD, facts)


def saved(connection: Connection[Any], store: StoreId) -> Saved:
    """Return the saved state of a store; load 0 and no shelves when there is none."""
    rows = connection.execute(SAVED, {"store": store}).fetchall()
    return Saved(load_id=max((row[1] for row in rows), default=0), shelves={row[0]: bytes(row[2]) for row in rows})


def newest_load(connection: Connection[Any], store: StoreId) -> int:
    """Return the id of the newest load of a store, 0 when there is none."""
    row = connection.execute(NEWEST_LOAD, {"store": store}).fetchone()
    assert row is not None
    return int(row[0])


def quantities(connection: Connection[Any], store: StoreId) -> dict[str, Quantity]:
    """Return the quantities that stand in the database, by position."""
    rows = connection.execute(QUANTITIES, {"store": store}).fetchall()
    return {
        row[0]: Quantity(
            position=row[0],
            sku=row[1],
            low=row[2],
            pmf=tuple(row[3]),
            frozen=row[4],
            basis=tuple(row[5]),
            as_of=row[6],
        )
        for row in rows
    }


def later(connection: Connection[Any], store: StoreId, *, after: int) -> Iterator[Readings]:
    """Give back everything counting was told after a load, as it was told then."""
    while True:
        facts = {"store": store, "after": after, "limit": LOADS_A_STEP}
        loads = [row[0] for row in connection.execute(LATER_LOADS, facts).fetchall()]
        if not loads:
            return
        rows = _rows(connection, {**facts, "upto": loads[-1], "loads": loads})
        for origin in sorted(rows):
            yield from _batches(store, origin, rows[origin])
        after = loads[-1]


def _rows(connection: Connection[Any], facts: Mapping[str, Any]) -> dict[_Origin, list[_Row]]:
    rows: dict[_Origin, list[_Row]] = {}
    for statement, kind in ((LATER_WEIGHTS, WeightRecord), (LATER_TAGS, TagRecord), (LATER_HEALTH, HealthRecord)):
        fields = kind.__struct_fields__
        for load_id, device, journal, seq, zero_at, known, *values in connection.execute(statement, facts):
            content = kind(**dict(zip(fields, values, strict=True)))
            rows.setdefault(_Origin(load_id, device, journal), []).append(_Row(seq, seq, zero_at, known, content))
    for load_id, device, journal, first, last, reason in connection.execute(LATER_GAPS, facts):
        gap = _Row(first, last, None, False, Gap(first, last, reason))
        rows.setdefault(_Origin(load_id, device, journal), []).append(gap)
    return rows


def _batches(store: StoreId, origin: _Origin, rows: list[_Row]) -> Iterator[Readings]:
    """Split the records of one journal and load where the time they were dated with changes."""
    rows.sort(key=lambda row: row.seq)
    batch: list[_Row] = []
    for row in rows:
        dated = next((held.zero_at for held in batch if held.zero_at is not None), row.zero_at)
        if row.zero_at is not None and row.zero_at != dated:
            yield _readings(store, origin, batch)
            batch = []
        batch.append(row)
    yield _readings(store, origin, batch)


def _readings(store: StoreId, origin: _Origin, rows: Sequence[_Row]) -> Readings:
    records: list[NumberedRecord] = [(row.seq, row.content) for row in rows if not isinstance(row.content, Gap)]
    dated = next((row for row in rows if row.zero_at is not None), None)
    return Readings(
        store=store,
        device=origin.device,
        journal=origin.journal,
        boot="",
        first=rows[0].seq,
        last=rows[-1].last,
        mono_zero_at=UNDATED if dated is None or dated.zero_at is None else dated.zero_at,
        time_known=dated is not None and dated.time_known,
        blocks=pack(records),
        gaps=tuple(row.content for row in rows if isinstance(row.content, Gap)),
    )
