"""Rows as a gateway writes them, and what the rollups must say of them, counted by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

STORE = "corner-shop"

INSERT_READING = """
INSERT INTO reading (time, store, device, journal, seq, mono_ms, plate, kind, weight_g, before_g, noise_g, quality,
                     remaining, time_known, load_id)
VALUES (%s, 'corner-shop', 'bay-1', 'j', %s, 0, %s, 'heartbeat', %s, NULL, 0, %s, 0, true, %s)
"""
INSERT_EVENT = """
INSERT INTO shelf_event (time, event_id, store, position, sku, kind, quantity, probability, weight_g, device, journal,
                         seq, mono_ms, load_id)
VALUES (%s, %s, 'corner-shop', 'p1', %s, %s, %s, 1, 0, 'bay-1', 'j', %s, 0, %s)
"""
INSERT_LOAD = """
INSERT INTO load (load_id, store, loaded_at, readings, events, reading_span, event_span)
VALUES (%s, 'corner-shop', %s, %s, %s, %s::tstzmultirange, %s::tstzmultirange)
"""
MINUTES = """
SELECT plate, minute, readings, min_g, max_g, avg_g, last_g, good_share FROM plate_minute ORDER BY plate, minute
"""
HOURS = """
SELECT sku, hour, events, picked_units, put_back_units, refilled_units FROM sku_hour ORDER BY sku, hour
"""


@dataclass(frozen=True, slots=True)
class Weight:
    time: datetime
    plate: str = "p-1"
    weight_g: float = 500.0
    quality: str = "ok"


@dataclass(frozen=True, slots=True)
class Event:
    time: datetime
    sku: str = "cola"
    kind: str = "pick"
    quantity: int = 1


class History:
    """Writes loads by one connection in autocommit mode, and remembers the rows."""

    def __init__(self, connection: Connection[Any]) -> None:
        self.connection = connection
        self.weights: list[tuple[Weight, int]] = []
        self.events: list[Event] = []
        self._seq = 0

    def load(self, weights: Sequence[Weight] = (), events: Sequence[Event] = (), *, says_when: bool = True) -> None:
        """Write a load in one transaction; a gateway of before does not say which times it touched."""
        with self.connection.transaction(), self.connection.cursor() as cursor:
            load_id = self.connection.execute("SELECT nextval('load_id')").fetchone()[0]  # type: ignore[index]
            cursor.executemany(INSERT_READING, [self._reading(one, load_id) for one in weights])
            cursor.executemany(INSERT_EVENT, [self._event(one, load_id) for one in events])
            spans = (_span(weights), _span(events)) if says_when else (None, None)
            loaded_at = max([one.time for one in weights] + [one.time for one in events])
            cursor.execute(INSERT_LOAD, [load_id, loaded_at, len(weights), len(events), *spans])

    def minutes(self) -> list[tuple[Any, ...]]:
        """What `plate_minute` must say."""
        buckets: dict[tuple[str, datetime], list[tuple[Weight, int]]] = defaultdict(list)
        for weight, seq in self.weights:
            buckets[weight.plate, weight.time.replace(second=0, microsecond=0)].append((weight, seq))
        return [(*key, *_summary(rows)) for key, rows in sorted(buckets.items())]

    def hours(self) -> list[tuple[Any, ...]]:
        """What `sku_hour` must say."""
        buckets: dict[tuple[str, datetime], list[Event]] = defaultdict(list)
        for event in self.events:
            buckets[event.sku, event.time.replace(minute=0, second=0, microsecond=0)].append(event)
        kinds = ("pick", "put_back", "refill")
        return [
            (*key, len(rows), *(sum(row.quantity for row in rows if row.kind == kind) for kind in kinds))
            for key, rows in sorted(buckets.items())
        ]

    def _reading(self, weight: Weight, load_id: int) -> tuple[Any, ...]:
        self._seq += 1
        self.weights.append((weight, self._seq))
        return (weight.time, self._seq, weight.plate, weight.weight_g, weight.quality, load_id)

    def _event(self, event: Event, load_id: int) -> tuple[Any, ...]:
        self._seq += 1
        self.events.append(event)
        return (event.time, f"e{self._seq}", event.sku, event.kind, event.quantity, self._seq, load_id)


def told_minutes(connection: Connection[Any]) -> list[tuple[Any, ...]]:
    return connection.execute(MINUTES).fetchall()


def told_hours(connection: Connection[Any]) -> list[tuple[Any, ...]]:
    return connection.execute(HOURS).fetchall()


def _summary(rows: Sequence[tuple[Weight, int]]) -> tuple[Any, ...]:
    grams = [weight.weight_g for weight, _ in rows]
    last, _ = max(rows, key=lambda row: (row[0].time, row[1]))
    good = sum(weight.quality == "ok" for weight, _ in rows)
    return (len(rows), min(grams), max(grams), sum(grams) / len(rows), last.weight_g, good / len(rows))


def _span(rows: Iterable[Weight | Event]) -> Multirange[datetime]:
    return Multirange([Range(row.time, row.time + timedelta(0), "[]") for row in rows])
