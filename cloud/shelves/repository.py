"""SQL of what screens show of places, tasks, orders and stock as they stand now. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import TupleRow, class_row, dict_row

from cloud.availability.model import StockRow
from cloud.shelves.model import OrderView, PositionView, StockLine, StoreView, TaskView, display_units

Link = Connection[TupleRow]

# Places with what sensors believe, what the books say, and what is under way. Tags are told of when they come and go,
# so that a rail of tags was heard when its zones were last well. Only displays no sensor sees need the counts.
POSITIONS = """
    WITH verdict AS MATERIALIZED (
             SELECT h.subject, h.verdict, h.as_of
             FROM health_current h JOIN device d USING (device) WHERE d.store = %(store)s),
         plan AS MATERIALIZED (
             SELECT *, cardinality(plates) + cardinality(zones) > 0 AS sensed
             FROM planogram_position WHERE planogram_id = planogram_of(%(store)s, %(at)s))
    SELECT p.position, p.bay, p.shelf, p.sku, r.name, r.name_zh, p.capacity, p.low_units, p.plates, p.zones, p.sensed,
           q.best AS units, q.probability, coalesce(q.low, 0) AS low, coalesce(q.pmf, '{}') AS pmf,
           coalesce(q.frozen, false) AS frozen, coalesce(q.basis, '{}') AS basis,
           CASE WHEN q.as_of IS NOT NULL THEN greatest(q.as_of, v.heard_at) END AS as_of,
           coalesce(v.faults, '{}') AS faults, greatest(0, coalesce(b.units, 0)) AS backroom,
           greatest(0, coalesce(i.units, 0)) AS incoming, t.task_id, t.state AS task_state, t.assignee, o.order_id,
           o.state AS order_state,
           d.units AS booked, d.as_of AS booked_at, c.units AS counted, c.holds_from AS counted_at,
           (SELECT count(*) FROM plan s WHERE s.sku = p.sku AND NOT s.sensed AND NOT p.sensed) AS displays
    FROM plan p
    JOIN product r USING (sku)
    LEFT JOIN position_quantity q ON q.store = %(store)s AND q.position = p.position AND q.sku = p.sku AND p.sensed
    LEFT JOIN stock_place b ON b.store = %(store)s AND b.sku = p.sku AND b.place = 'backroom'
    LEFT JOIN stock_place i ON i.store = %(store)s AND i.sku = p.sku AND i.place = 'in_transit'
    LEFT JOIN stock_place d ON d.store = %(store)s AND d.sku = p.sku AND d.place = 'display' AND NOT p.sensed
    LEFT JOIN task t ON t.store = %(store)s AND t.position = p.position AND t.kind = 'refill' AND t.closed_at IS NULL
    LEFT JOIN replenishment_order o ON o.store = %(store)s AND o.sku = p.sku AND o.state IN ('open', 'received')
    LEFT JOIN LATERAL (
        SELECT array_agg(DISTINCT verdict) FILTER (WHERE verdict <> 'ok') AS faults,
               CASE WHEN cardinality(p.plates) = 0 AND count(*) FILTER (WHERE verdict = 'ok') = cardinality(p.zones)
                    THEN min(verdict.as_of) END AS heard_at
        FROM verdict WHERE subject = ANY(ARRAY(SELECT 'plate:' || plate FROM unnest(p.plates) plate
                                               UNION ALL SELECT 'zone:' || zone FROM unnest(p.zones) zone))
    ) v ON p.sensed
    LEFT JOIN LATERAL (
        SELECT units, holds_from FROM manual_count
        WHERE store = %(store)s AND position = p.position AND sku = p.sku AND place = 'display'
        ORDER BY count_id DESC LIMIT 1
    ) c ON NOT p.sensed
    WHERE (%(shelf)s::text IS NULL OR p.shelf = %(shelf)s)
      AND (%(all)s OR q.load_id > %(after_load)s OR p.position = ANY(%(only)s) OR p.sku = ANY(%(skus)s))"""

# A task with where its place was when it was opened, and how it stands now.
TASKS = """
    SELECT t.task_id, t.kind, t.store, t.position, t.sku, r.name, r.name_zh, coalesce(w.bay, '') AS bay,
           coalesce(w.shelf, '') AS shelf, t.suggested_units, t.state, t.reason, t.assignee, t.done_units, t.opened_at,
           t.taken_at, t.done_at, t.closed_at, t.closed_at IS NULL AND coalesce(b.units, 0) > 0 AS workable,
           q.best AS units, p.capacity, p.low_units, coalesce(q.frozen, false) AS frozen,
           greatest(0, coalesce(b.units, 0)) AS backroom
    FROM task t
    JOIN product r USING (sku)
    LEFT JOIN planogram_position w ON w.planogram_id = planogram_of(t.store, t.opened_at) AND w.position = t.position
    LEFT JOIN planogram_position p
           ON p.planogram_id = planogram_of(%(store)s, %(at)s) AND p.position = t.position AND p.sku = t.sku
    LEFT JOIN position_quantity q ON q.store = t.store AND q.position = t.position AND q.sku = t.sku
    LEFT JOIN stock_place b ON b.store = t.store AND b.sku = t.sku AND b.place = 'backroom'
    WHERE t.store = %(store)s"""

ONE_TASK = " AND t.task_id = %(task_id)s"
TASKS_SINCE = " AND (t.closed_at IS NULL OR t.closed_at >= %(closed_since)s)"

CASES = """ AND t.kind = 'investigate' AND (t.closed_at IS NULL OR t.task_id IN
    (SELECT task_id FROM task WHERE store = %(store)s AND kind = 'investigate' AND closed_at IS NOT NULL
     ORDER BY closed_at DESC, task_id LIMIT %(closed_max)s))"""

SHORTAGES = "SELECT position, opened_at FROM shortage WHERE store = %s AND closed_at IS NULL"

# An order with how the places of its product stand now.
ORDERS = """
    SELECT o.order_id, o.store, o.sku, r.name, r.name_zh, o.units, o.received_units, o.state, o.reason, o.opened_at,
           o.expected_at, o.received_at, o.closed_at, coalesce(s.on_shelf, 0) AS on_shelf,
           (SELECT coalesce(sum(p.capacity), 0)::integer FROM planogram_position p
            WHERE p.planogram_id = planogram_of(%(store)s, %(at)s) AND p.sku = o.sku
              AND cardinality(p.plates) + cardinality(p.zones) > 0) AS capacity,
           coalesce(s.backroom, 0) AS backroom,
           ARRAY(SELECT h.position FROM shortage h WHERE h.store = o.store AND h.sku = o.sku AND h.closed_at IS NULL
                 ORDER BY h.position) AS positions
    FROM replenishment_order o
    JOIN product r USING (sku)
    LEFT JOIN stock s ON s.store = o.store AND s.sku = o.sku
    WHERE o.store = %(store)s"""

ONE_ORDER = " AND o.order_id = %(order_id)s"
ORDERS_SINCE = """ AND (o.closed_at IS NULL OR o.closed_at >= %(closed_since)s)
    ORDER BY o.closed_at IS NOT NULL, o.opened_at, o.order_id"""

# What every channel is answered, as availability.repository reads it, with what helps to find the product.
STOCK = """
    WITH plan AS MATERIALIZED (
             SELECT sku, position FROM planogram_position WHERE planogram_id = planogram_of(%(store)s, %(at)s)),
         seen AS (SELECT q.sku, min(CASE WHEN q.load_id <= c.load_id THEN q.as_of ELSE s.as_of END) AS as_of
                  FROM position_quantity q JOIN stock s USING (store, sku) LEFT JOIN projection_cursor c USING (store)
                  WHERE q.store = %(store)s GROUP BY q.sku)
    SELECT s.sku, r.name, r.name_zh, s.on_shelf, s.unsensed, s.backroom, s.incoming, s.on_hand, s.reserved,
           s.display_units, s.confidence, s.basis, s.frozen, coalesce(seen.as_of, s.as_of) AS as_of, s.store,
           (SELECT number FROM change_head) AS change,
           ARRAY(SELECT gtin FROM product_gtin g WHERE g.sku = s.sku AND NOT g.is_case ORDER BY gtin) AS gtins,
           ARRAY(SELECT position FROM plan WHERE plan.sku = s.sku ORDER BY position) AS positions
    FROM stock s
    JOIN product r USING (sku)
    LEFT JOIN seen USING (sku)
    WHERE s.store = %(store)s AND (%(sku)s::text IS NULL OR s.sku = %(sku)s)
      AND (%(pattern)s::text IS NULL OR s.sku ILIKE %(pattern)s OR r.name ILIKE %(pattern)s
           OR r.name_zh ILIKE %(pattern)s
           OR EXISTS (SELECT FROM product_gtin g WHERE g.sku = s.sku AND g.gtin LIKE %(pattern)s))
    ORDER BY r.name, s.sku LIMIT %(limit)s"""

BOOKED = ("booked", "booked_at", "counted", "counted_at", "displays")
"""Columns that are only needed to tell what stands at an unsensed display."""

ANSWER = (
    "sku", "store", "on_shelf", "unsensed", "backroom", "incoming", "on_hand", "reserved", "confidence", "basis",
    "as_of", "change",
)  # fmt: skip


def one_snapshot(link: Link) -> None:
    """Let everything read until the end of this transaction be of one moment. Must be its first statement."""
    link.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def stores(link: Link) -> list[StoreView]:
    """Return all stores in key order."""
    return (
        link.cursor(row_factory=class_row(StoreView)).execute("SELECT store, name FROM store ORDER BY store").fetchall()
    )


def positions(
    link: Link, store: str, *, at: datetime, shelf: str | None, after_load: int | None, only: Iterable[str] | None,
    skus: Iterable[str] | None,
) -> list[PositionView]:  # fmt: skip
    """Return the places of the planogram that holds, unsorted: all, or those that one of the three picks."""
    everything = after_load is None and only is None and skus is None
    asked = {
        "store": store, "at": at, "shelf": shelf, "all": everything, "after_load": after_load,
        "only": sorted(only or ()), "skus": sorted(skus or ()),
    }  # fmt: skip
    return [_position(row) for row in link.cursor(row_factory=dict_row).execute(POSITIONS, asked)]


def _position(row: dict[str, Any]) -> PositionView:
    books = {name: row.pop(name) for name in BOOKED}
    if not row["sensed"]:
        row["units"] = display_units(books["counted"], books["booked"], books["displays"])
        row["as_of"] = max((at for at in (books["booked_at"], books["counted_at"]) if at is not None), default=None)
        row["basis"] = [] if row["units"] is None else ["ledger"]
    if row["probability"] is not None:
        row["probability"] = round(row["probability"], 4)
    return PositionView(**_tuples(row))


def tasks(
    link: Link, store: str, *, at: datetime, closed_since: datetime | None, task_id: str | None
) -> list[TaskView]:  # fmt: skip
    """Return tasks under way and those closed since then, unsorted; or the one asked for."""
    asked = {"store": store, "at": at, "closed_since": closed_since, "task_id": task_id}
    query = TASKS + (TASKS_SINCE if task_id is None else ONE_TASK)
    return link.cursor(row_factory=class_row(TaskView)).execute(query, asked).fetchall()


def cases(link: Link, store: str, *, at: datetime, closed_max: int) -> list[TaskView]:
    """Return what loss prevention is to look into, and what was closed last, unsorted."""
    asked = {"store": store, "at": at, "closed_max": closed_max}
    return link.cursor(row_factory=class_row(TaskView)).execute(TASKS + CASES, asked).fetchall()


def shortages(link: Link, store: str) -> dict[str, datetime]:
    """Return since when each place that is short has been."""
    return dict(link.execute(SHORTAGES, (store,)).fetchall())


def orders(
    link: Link, store: str, *, at: datetime, closed_since: datetime | None, order_id: str | None
) -> list[OrderView]:  # fmt: skip
    """Return orders under way and those closed since then, oldest first; or the one asked for."""
    asked = {"store": store, "at": at, "closed_since": closed_since, "order_id": order_id}
    query = ORDERS + (ORDERS_SINCE if order_id is None else ONE_ORDER)
    return [OrderView(**_tuples(row)) for row in link.cursor(row_factory=dict_row).execute(query, asked)]


def stock(
    link: Link, store: str, *, at: datetime, search: str, sku: str | None, limit: int
) -> list[StockLine]:  # fmt: skip
    """Return products whose name, SKU or GTIN contains the search text, by name; or the one asked for."""
    asked = {"store": store, "at": at, "pattern": _contains(search), "sku": sku, "limit": limit}
    return [_stock_line(row) for row in link.cursor(row_factory=dict_row).execute(STOCK, asked)]


def _stock_line(row: dict[str, Any]) -> StockLine:
    answer = {name: row[name] for name in ANSWER} | {"confidence": round(row["confidence"], 2)}
    told = {name: row[name] for name in ("sku", "name", "name_zh", "gtins", "positions", "display_units", "frozen")}
    return StockLine(**_tuples(told), answer=StockRow(**_tuples(answer)))


def _contains(search: str) -> str | None:
    words = search.strip()
    if not words:
        return None
    return "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def _tuples(row: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
            for name, value in row.items()}  # fmt: skip
