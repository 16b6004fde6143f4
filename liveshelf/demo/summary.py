"""What a run of the store came to: counts from the database, latencies from the probe, exactness from the truth."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import LiteralString

from psycopg import Connection

from liveshelf.demo.probe import Settled
from liveshelf.demo.truth import Level

# How many records came, how many events of each kind, how many tasks and orders opened and closed.
COUNTS: LiteralString = """
SELECT
    (SELECT count(*) FROM reading) + (SELECT count(*) FROM tag_event) AS readings,
    (SELECT count(*) FROM shelf_event WHERE kind = 'pick') AS picks,
    (SELECT count(*) FROM shelf_event WHERE kind = 'put_back') AS puts,
    (SELECT count(*) FROM shelf_event WHERE kind = 'refill') AS refills,
    (SELECT count(*) FROM task) AS tasks_opened,
    (SELECT count(*) FROM task WHERE closed_at IS NOT NULL) AS tasks_closed,
    (SELECT count(*) FROM replenishment_order) AS orders_opened,
    (SELECT count(*) FROM replenishment_order WHERE state = 'closed') AS orders_closed
"""

# Every record of the four kinds that is there more often than once.
DUPLICATES: LiteralString = """
SELECT coalesce(sum(times - 1), 0)::bigint FROM (
    SELECT count(*) AS times FROM (
        SELECT device, journal, seq FROM reading UNION ALL SELECT device, journal, seq FROM tag_event
        UNION ALL SELECT device, journal, seq FROM health_event UNION ALL SELECT device, journal, seq FROM clock_event
    ) record GROUP BY device, journal, seq HAVING count(*) > 1
) doubled
"""

# The numbers of one journal that are in the database, as records or in gaps.
ACCOUNTED: LiteralString = """
SELECT seq, seq FROM reading WHERE device = %(device)s AND journal = %(journal)s
UNION ALL SELECT seq, seq FROM tag_event WHERE device = %(device)s AND journal = %(journal)s
UNION ALL SELECT seq, seq FROM health_event WHERE device = %(device)s AND journal = %(journal)s
UNION ALL SELECT seq, seq FROM clock_event WHERE device = %(device)s AND journal = %(journal)s
UNION ALL SELECT first_seq, last_seq FROM gap WHERE device = %(device)s AND journal = %(journal)s
"""

# What was counted where, as it held from its event time on.
QUANTITIES: LiteralString = """
SELECT position, extract(epoch FROM time)::float8, best FROM quantity_history
WHERE store = %(store)s ORDER BY position, time, load_id
"""

# Events with the device clock at which rest was declared. Only of SKUs with one position: the `as_of` of an answer is
# that of the slowest position, so for these alone it tells whether the event is in the answer.
EVENTS: LiteralString = """
SELECT sku, time, mono_ms FROM shelf_event
WHERE store = %(store)s AND time >= %(since)s
  AND sku IN (SELECT sku FROM position_at(%(since)s) WHERE store = %(store)s GROUP BY sku HAVING count(*) = 1)
"""

# Loads the worker has not projected yet, and changes the sequencer has not numbered.
BEHIND: LiteralString = """
SELECT (SELECT count(*) FROM load l LEFT JOIN projection_cursor c USING (store)
        WHERE l.load_id > coalesce(c.load_id, 0))
     + (SELECT count(*) FROM change_outbox)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The one line a headless run ends with. `restarts` says how often each program was started again."""

    readings: int
    picks: int
    puts: int
    refills: int
    tasks_opened: int
    tasks_closed: int
    orders_opened: int
    orders_closed: int
    settled_to_answer_p50_ms: float | None
    settled_to_answer_p99_ms: float | None
    lost: int
    duplicates: int
    quantity_exact_share: float | None
    restarts: Mapping[str, int]

    def to_json(self) -> str:
        """Return the summary as one line of JSON."""
        return json.dumps(asdict(self))


def count_rows(connection: Connection) -> dict[str, int]:
    """Return readings, events, tasks and orders by their names in the summary."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTS)
        names = [column.name for column in cursor.description or ()]
        row = cursor.fetchone()
    return dict(zip(names, row or (), strict=True))


def count_duplicates(connection: Connection) -> int:
    """Return how many rows repeat a record that is already there."""
    row = connection.execute(DUPLICATES).fetchone()
    return int(row[0]) if row else 0


def count_lost(connection: Connection, durable: Mapping[tuple[str, str], Sequence[tuple[int, int]]]) -> int:
    """Return how many numbers are durable on a device, by (device, journal), but neither in the database nor a gap."""
    lost = 0
    for (device, journal), ranges in durable.items():
        accounted: set[int] = set()
        for first, last in connection.execute(ACCOUNTED, {"device": device, "journal": journal}):
            accounted.update(range(first, last + 1))
        lost += sum(1 for first, last in ranges for seq in range(first, last + 1) if seq not in accounted)
    return lost


def counted_history(connection: Connection, store: str) -> dict[str, list[Level]]:
    """Return the counted quantities of a store by position."""
    history: dict[str, list[Level]] = {}
    for position, at_s, best in connection.execute(QUANTITIES, {"store": store}):
        history.setdefault(position, []).append(Level(at_s, best))
    return history


def settled_events(connection: Connection, store: str, *, since: datetime, rate: float) -> list[Settled]:
    """Return when devices of this machine declared rest, for the events since a shop time."""
    rows = connection.execute(EVENTS, {"store": store, "since": since})
    return [Settled(sku, time, mono_ms / 1000 / rate) for sku, time, mono_ms in rows]


def behind(connection: Connection) -> int:
    """Return how many loads and changes are still on their way to the answers."""
    row = connection.execute(BEHIND).fetchone()
    return int(row[0]) if row else 0
