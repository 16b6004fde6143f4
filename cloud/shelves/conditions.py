"""SQL of how far a store is and what is not well: heads, changes, programs, broker, devices, sensors."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from psycopg import Connection
from psycopg.rows import TupleRow, class_row

from cloud.shelves.model import EPOCH_LETTERS, DeviceCondition, Heads, SensorCondition

Link = Connection[TupleRow]

HEADS = """SELECT left((SELECT epoch FROM database_epoch), %(letters)s),
                  coalesce((SELECT load_id FROM load WHERE store = %(store)s ORDER BY load_id DESC LIMIT 1), 0),
                  (SELECT number FROM change_head)"""

OLDEST_CHANGE = "SELECT h.number, coalesce((SELECT min(number) FROM change), h.number + 1) FROM change_head h"

CHANGED = """SELECT DISTINCT kind, CASE kind WHEN 'availability' THEN subject ELSE body->>'sku' END,
                    CASE kind WHEN 'task' THEN body->>'position' END
             FROM change WHERE store = %s AND number > %s AND kind IN ('availability', 'task', 'order')"""

LINK = "SELECT connected, since FROM gateway_link WHERE store = %s"

# A device says what it is when it connects; after that its records are its sign of life.
DEVICES = """
    SELECT d.device, d.online, greatest(d.seen_at, w.updated_at) AS seen_at,
           ARRAY(SELECT DISTINCT part->>'bay' FROM jsonb_array_elements(
                     coalesce(d.birth->'plates', '[]') || coalesce(d.birth->'zones', '[]')) part
                 WHERE part->>'bay' IS NOT NULL ORDER BY 1)
    FROM device d LEFT JOIN journal_watermark w USING (device, journal)
    WHERE d.store = %s ORDER BY d.device"""

SENSORS = """
    SELECT h.device, h.subject, min(p.position) AS position, h.verdict, h.as_of
    FROM health_current h JOIN device d USING (device)
    LEFT JOIN planogram_position p ON p.planogram_id = planogram_of(%(store)s, %(at)s)
        AND (h.subject = ANY(SELECT 'plate:' || plate FROM unnest(p.plates) plate)
             OR h.subject = ANY(SELECT 'zone:' || zone FROM unnest(p.zones) zone))
    WHERE d.store = %(store)s AND h.verdict <> 'ok'
    GROUP BY h.device, h.subject, h.verdict, h.as_of ORDER BY h.device, h.subject"""


def heads(link: Link, store: str) -> Heads:
    """Return how far the store is."""
    row = link.execute(HEADS, {"store": store, "letters": EPOCH_LETTERS}).fetchone()
    assert row is not None, "the statement always gives a row"
    return Heads(epoch=row[0], load_id=row[1], change=row[2])


def kept_changes(link: Link) -> tuple[int, int]:
    """Return the highest change number, and the oldest that is kept (the next one when none is)."""
    row = link.execute(OLDEST_CHANGE).fetchone()
    assert row is not None, "the statement always gives a row"
    return row[0], row[1]


def changed(link: Link, store: str, *, after: int) -> Iterable[tuple[str, str, str | None]]:
    """Return what changed after a number as (kind, SKU, position of a task), each once."""
    return link.execute(CHANGED, (store, after)).fetchall()


def broker(link: Link, store: str) -> tuple[bool, datetime] | None:
    """Return whether the store's gateway was connected to its broker when it last said so, and since when."""
    row = link.execute(LINK, (store,)).fetchone()
    return None if row is None else (row[0], row[1])


def devices(link: Link, store: str) -> tuple[DeviceCondition, ...]:
    """Return the devices of the store by name."""
    rows = link.execute(DEVICES, (store,))
    return tuple(
        DeviceCondition(device=device, online=online, seen_at=seen_at, bays=tuple(bays))
        for device, online, seen_at, bays in rows
    )


def sensors(link: Link, store: str, *, at: datetime) -> tuple[SensorCondition, ...]:
    """Return the parts of devices whose newest verdict is not ok."""
    asked = {"store": store, "at": at}
    return tuple(link.cursor(row_factory=class_row(SensorCondition)).execute(SENSORS, asked))
