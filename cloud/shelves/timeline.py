"""SQL of what happened in a store: shelf events, moments of tasks and orders, weights and tags. Nothing here writes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from psycopg import Connection
from psycopg.rows import TupleRow, class_row

from cloud.shelves.model import Happening, Heads, TagView

Link = Connection[TupleRow]

POINTS_A_BUCKET = 4
"""First, last, lowest and highest: what a line drawn through a bucket shows (M4; Jugel et al., VLDB 2014)."""

UNIX = datetime(1970, 1, 1, tzinfo=UTC)

LATE = timedelta(minutes=2)
"""Weights older than this when they were loaded (shop time) are history, not news."""

EVENT_COLUMNS = """SELECT 'event:' || e.event_id AS key, e.time AS at, e.kind, e.position, e.sku, e.quantity AS units,
                          NULL AS by FROM shelf_event e WHERE e.store = %(store)s"""

NEWEST_EVENTS = EVENT_COLUMNS + " ORDER BY e.time DESC LIMIT %(limit)s"

EVENTS_SINCE = EVENT_COLUMNS + " AND e.load_id > %(load_id)s ORDER BY e.load_id DESC LIMIT %(limit)s"

EVENTS_OF_SHELF = EVENT_COLUMNS + " AND e.position = ANY(%(positions)s) AND e.time BETWEEN %(since)s AND %(until)s"

# A change tells how a task or an order stood after it: its state says what had just happened. An order says it again
# with every part of its goods that came. What becomes of a loss is told to loss prevention, not to everybody.
MOMENTS = """
    SELECT c.kind || ':' || c.subject || ':' || b.state || CASE WHEN b.received_units > 0
               THEN ':' || b.received_units ELSE '' END AS key,
           CASE WHEN b.closed_at IS NOT NULL AND b.state IN ('verified', 'cancelled') THEN b.closed_at
                WHEN b.state = 'done' THEN b.done_at WHEN b.state = 'taken' THEN b.taken_at
                WHEN b.received_units > 0 THEN b.received_at ELSE b.opened_at END AS at,
           CASE WHEN b.kind = 'investigate' THEN 'loss_opened'
                WHEN c.kind = 'task' THEN 'task_' || replace(b.state, 'open', 'opened')
                WHEN b.received_units > 0 THEN 'order_received' ELSE 'order_opened' END AS kind,
           coalesce(b.position, '') AS position, b.sku,
           CASE WHEN c.kind = 'order' AND b.received_units > 0 THEN b.received_units
                ELSE coalesce(b.done_units, b.suggested_units, b.units) END AS units, b.assignee AS by
    FROM (SELECT * FROM change WHERE store = %(store)s AND kind IN ('task', 'order') AND number > %(change)s
          ORDER BY number DESC LIMIT %(limit)s) c
    CROSS JOIN LATERAL jsonb_to_record(c.body) AS b (kind text, position text, sku text, state text, assignee text,
        suggested_units integer, done_units integer, units integer, received_units integer, opened_at timestamptz,
        taken_at timestamptz, done_at timestamptz, received_at timestamptz, closed_at timestamptz)
    WHERE c.kind = 'task' AND (b.kind = 'refill' OR b.kind = 'investigate' AND b.state = 'open')
       OR c.kind = 'order' AND b.state IN ('open', 'received')"""

# Each with its product, and with its place by the planogram that held then. Of one moment, what follows from another
# comes first, as its key sorts later: a task opened because an order came, a task verified as it was done.
PLACED = """
    SELECT DISTINCT ON (h.at, h.key) h.key, h.at, h.kind, h.position, coalesce(p.bay, '') AS bay,
           coalesce(p.shelf, '') AS shelf, h.sku, coalesce(r.name, h.sku) AS name, coalesce(r.name_zh, '') AS name_zh,
           h.units, h.by
    FROM ({happenings}) h
    LEFT JOIN product r USING (sku)
    LEFT JOIN planogram_position p ON p.position = h.position AND p.planogram_id = planogram_of(%(store)s, h.at)
    ORDER BY h.at DESC, h.key DESC LIMIT %(limit)s"""

SHELF_PLACES = """
    SELECT position, plates FROM planogram_position
    WHERE shelf = %(shelf)s AND planogram_id = planogram_of(%(store)s, %(at)s)"""

# The extremes of every bucket stand, each at its own time, so that no pick is smoothed away. Two passes over a hash are
# twice as quick as one with four sorts (120,000 readings: 0.2 s).
WEIGHTS = """
    WITH part AS MATERIALIZED (
             SELECT plate, time, weight_g, date_bin(%(width)s, time, %(since)s) AS bucket
             FROM reading WHERE plate = ANY(%(plates)s) AND time >= %(since)s AND time <= %(until)s),
         extreme AS (
             SELECT plate, bucket, min(time) AS first, max(time) AS last, min(weight_g) AS lowest,
                    max(weight_g) AS highest
             FROM part GROUP BY plate, bucket)
    SELECT plate, first, min(weight_g) FILTER (WHERE time = first), last, max(weight_g) FILTER (WHERE time = last),
           min(time) FILTER (WHERE weight_g = lowest), lowest, min(time) FILTER (WHERE weight_g = highest), highest
    FROM part JOIN extreme USING (plate, bucket)
    GROUP BY plate, bucket, first, last, lowest, highest ORDER BY plate, bucket"""

# Loads are found by their number and readings by plate and time: a block range index over load ids knows little of the
# newest blocks, which are the ones asked for here.
WEIGHTS_LOADED = """
    WITH first AS (SELECT min(loaded_at) AS loaded_at FROM (
             SELECT loaded_at FROM load WHERE store = %(store)s AND load_id > %(after)s ORDER BY load_id LIMIT 1) l)
    SELECT r.plate, floor(extract(epoch FROM r.time) * 1000)::bigint, r.weight_g
    FROM reading r
    WHERE r.plate = ANY(ARRAY(SELECT plate FROM plate_current WHERE store = %(store)s))
      AND r.time >= (SELECT loaded_at FROM first) - %(late)s
      AND r.load_id > %(after)s AND r.load_id <= %(upto)s
    ORDER BY r.time, r.plate"""

TAGS = """
    SELECT t.zone, t.epc, t.gtin, r.sku, r.name, r.name_zh, t.present, t.as_of
    FROM tag_current t LEFT JOIN product_gtin g USING (gtin) LEFT JOIN product r ON r.sku = g.sku
    WHERE t.store = %(store)s AND t.zone IN (
        SELECT unnest(p.zones) FROM planogram g JOIN planogram_position p USING (planogram_id)
        WHERE g.store = %(store)s AND p.shelf = %(shelf)s)
    ORDER BY t.zone, t.present DESC, r.name, t.epc"""


def happenings(link: Link, store: str, *, after: Heads | None, limit: int) -> list[Happening]:
    """Return what happened, newest first: the newest of all, or of what was told after `after`."""
    events = NEWEST_EVENTS if after is None else EVENTS_SINCE
    load_id, change = (after.load_id, after.change) if after else (0, 0)
    asked = {"store": store, "limit": limit, "load_id": load_id, "change": change}
    both = PLACED.format(happenings=f"({events}) UNION ALL ({MOMENTS})")
    return link.cursor(row_factory=class_row(Happening)).execute(both, asked).fetchall()


def shelf_places(link: Link, store: str, shelf: str, *, at: datetime) -> tuple[list[str], list[str]]:
    """Return the positions and the plates of a shelf by the planogram that holds."""
    rows = link.execute(SHELF_PLACES, {"store": store, "shelf": shelf, "at": at}).fetchall()
    return sorted(row[0] for row in rows), sorted({plate for row in rows for plate in row[1]})


def events_of_shelf(
    link: Link, store: str, positions: Sequence[str], *, since: datetime, until: datetime, limit: int
) -> list[Happening]:
    """Return the shelf events at positions between two times, newest first."""
    asked = {"store": store, "positions": list(positions), "since": since, "until": until, "limit": limit}
    placed = PLACED.format(happenings=EVENTS_OF_SHELF)
    return link.cursor(row_factory=class_row(Happening)).execute(placed, asked).fetchall()


def weights(
    link: Link, plates: Sequence[str], *, since: datetime, until: datetime, points_max: int
) -> dict[str, list[tuple[int, float]]]:
    """Return (unix ms, grams) by plate in order of time, at most `points_max` each (and never fewer than four)."""
    buckets = max(1, points_max // POINTS_A_BUCKET)
    # A little wider than its share, so that a reading at `until` itself is in the last one.
    width = max(timedelta(0), until - since) / buckets + timedelta(microseconds=1)
    found: dict[str, list[tuple[int, float]]] = {plate: [] for plate in plates}
    for plate, *cells in link.execute(WEIGHTS, {"plates": plates, "since": since, "until": until, "width": width}):
        points = {(_unix_ms(at), round(weight_g, 1)) for at, weight_g in zip(cells[::2], cells[1::2], strict=True)}
        found[plate].extend(sorted(points))
    return found


def _unix_ms(at: datetime) -> int:
    return (at - UNIX) // timedelta(milliseconds=1)


def weights_loaded(link: Link, store: str, *, after_load: int, upto_load: int) -> list[tuple[str, int, float]]:
    """Return (plate, unix ms, grams) that loads after one and up to another brought, in order of time."""
    asked = {"store": store, "after": after_load, "upto": upto_load, "late": LATE}
    return [(plate, time_ms, round(weight_g, 1)) for plate, time_ms, weight_g in link.execute(WEIGHTS_LOADED, asked)]


def tags(link: Link, store: str, shelf: str) -> list[TagView]:
    """Return the tags seen in zones that a planogram has put on the shelf, those present first in each zone."""
    asked = {"store": store, "shelf": shelf}
    return link.cursor(row_factory=class_row(TagView)).execute(TAGS, asked).fetchall()
