"""SQL of shortages, tasks and orders. Nothing here commits; every change also goes to the change outbox."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from psycopg import Connection
from psycopg.rows import TupleRow, class_row

from cloud.replenishment.model import NewInvestigation
from contract.ids import StoreId

Link = Connection[TupleRow]

TASK_SELECT = """SELECT t.task_id, t.kind, t.store, t.position, t.sku, p.name, coalesce(c.bay, '') AS bay,
    coalesce(c.shelf, '') AS shelf, t.suggested_units, t.state, t.reason, t.assignee, t.done_units, t.opened_at,
    t.taken_at, t.done_at, t.closed_at,
    t.closed_at IS NULL AND (t.kind <> 'refill' OR coalesce(b.units, 0) > 0) AS workable
    FROM task t JOIN product p USING (sku)
    LEFT JOIN LATERAL position_at(t.opened_at) c ON c.store = t.store AND c.position = t.position
    LEFT JOIN stock_place b ON b.store = t.store AND b.sku = t.sku AND b.place = 'backroom'"""

TASKS_OF_A_STORE = """
    WHERE t.store = %(store)s AND (%(states)s::text[] IS NULL OR t.state = ANY(%(states)s))
      AND (%(cursor)s::text IS NULL
           OR (t.opened_at, t.task_id) > (SELECT opened_at, task_id FROM task WHERE task_id = %(cursor)s))
    ORDER BY t.opened_at, t.task_id LIMIT %(limit)s"""


ORDER_SELECT = """SELECT o.order_id, o.store, o.sku, p.name, o.units, o.received_units, o.state, o.reason, o.opened_at,
    o.expected_at, o.received_at, o.closed_at
    FROM replenishment_order o JOIN product p USING (sku)"""

ORDERS_OF_A_STORE = """
    WHERE o.store = %(store)s AND (%(states)s::text[] IS NULL OR o.state = ANY(%(states)s))
      AND (%(cursor)s::text IS NULL OR (o.opened_at, o.order_id) >
           (SELECT opened_at, order_id FROM replenishment_order WHERE order_id = %(cursor)s))
    ORDER BY o.opened_at, o.order_id LIMIT %(limit)s"""


OPEN_SHORTAGE = """INSERT INTO shortage (store, position, sku, low_units, opened_units, reason, opened_at)
                   VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""

# Staff who were at work there have the scale's word for it; a task nobody took has ended by itself.
CLOSE_TASKS = """UPDATE task SET state = CASE WHEN state = 'open' THEN 'cancelled' ELSE 'verified' END, closed_at = %s
                 WHERE store = %s AND position = %s AND kind = 'refill' AND closed_at IS NULL RETURNING task_id"""

# What staff said they put there has been seen by the scale, though the shelf is still short.
VERIFY_SEEN = """UPDATE task t SET state = 'verified', closed_at = %(at)s
    WHERE t.store = %(store)s AND t.kind = 'refill' AND t.state = 'done' AND t.closed_at IS NULL
      AND t.done_units <= (SELECT coalesce(sum(l.units), 0) FROM stock_ledger l
                           WHERE l.store = t.store AND l.sku = t.sku AND l.position = t.position
                             AND l.kind IN ('refill', 'refill_unknown') AND l.happened_at >= t.opened_at)
    RETURNING task_id, sku"""

# What staff said they put there was never seen by the scale.
CANCEL_UNSEEN = """UPDATE task SET state = 'cancelled', closed_at = %(at)s
    WHERE store = %(store)s AND kind = 'refill' AND state = 'done' AND closed_at IS NULL AND done_at <= %(before)s
    RETURNING task_id, sku"""

# Whoever took it never said a word. What the scale saw meanwhile stands, and the rest is asked for again.
END_ABANDONED = """UPDATE task t SET closed_at = %(at)s, state = CASE WHEN EXISTS
        (SELECT FROM stock_ledger l WHERE l.store = t.store AND l.sku = t.sku AND l.position = t.position
             AND l.kind IN ('refill', 'refill_unknown') AND l.happened_at >= t.taken_at)
        THEN 'verified' ELSE 'cancelled' END
    WHERE t.store = %(store)s AND t.kind = 'refill' AND t.state = 'taken' AND t.taken_at <= %(taken_before)s
    RETURNING task_id, sku"""

# Nothing is known of how many are left: what the scale sees there now is something else, or nothing.
CLOSE_DROPPED = """UPDATE shortage s SET closed_at = %(at)s
    WHERE s.store = %(store)s AND s.closed_at IS NULL AND NOT EXISTS
        (SELECT FROM planogram_position p WHERE p.planogram_id = %(planogram)s AND p.position = s.position
             AND p.sku = s.sku AND cardinality(p.plates) + cardinality(p.zones) > 0)
    RETURNING s.sku"""

CANCEL_DROPPED_TASKS = """UPDATE task t SET state = 'cancelled', closed_at = %(at)s,
        reason = format('%%s; %%s no longer stands at %%s by the planogram', t.reason, t.sku, t.position)
    WHERE t.store = %(store)s AND t.kind = 'refill' AND t.closed_at IS NULL AND NOT EXISTS
        (SELECT FROM planogram_position p WHERE p.planogram_id = %(planogram)s AND p.position = t.position
             AND p.sku = t.sku AND cardinality(p.plates) + cardinality(p.zones) > 0)
    RETURNING t.task_id"""

CANCEL_DROPPED_ORDERS = """UPDATE replenishment_order o SET state = 'cancelled', closed_at = %(at)s,
        reason = format('%%s; %%s no longer stands in the store by the planogram', o.reason, o.sku)
    WHERE o.store = %(store)s AND o.state = 'open' AND NOT EXISTS
        (SELECT FROM planogram_position p WHERE p.planogram_id = %(planogram)s AND p.sku = o.sku)
    RETURNING o.order_id, o.sku, o.units - o.received_units"""

# A place that was swept is left alone until somebody has looked into it, or for so long.
SHORTAGES = """SELECT s.shortage_id, s.position, s.sku,
                      EXISTS (SELECT FROM task t WHERE t.store = s.store AND t.position = s.position
                              AND t.kind = 'refill' AND t.closed_at IS NULL),
                      EXISTS (SELECT FROM task t WHERE t.store = s.store AND t.position = s.position
                              AND t.kind = 'investigate' AND t.closed_at IS NULL AND t.opened_at > %(held_since)s)
               FROM shortage s WHERE s.store = %(store)s AND s.closed_at IS NULL AND s.sku = ANY(%(skus)s)
               ORDER BY s.sku, s.position"""

UNATTENDED = """SELECT DISTINCT s.sku FROM shortage s WHERE s.store = %(store)s AND s.closed_at IS NULL
                AND NOT EXISTS (SELECT FROM task t WHERE t.store = s.store AND t.position = s.position
                                AND t.closed_at IS NULL AND (t.kind = 'refill' OR
                                    (t.kind = 'investigate' AND t.opened_at > %(held_since)s)))
                AND NOT EXISTS (SELECT FROM replenishment_order o WHERE o.store = s.store AND o.sku = s.sku
                                AND o.state = 'open')"""

PROMISED = """SELECT sku, sum(suggested_units)::integer FROM task
              WHERE store = %s AND sku = ANY(%s) AND kind = 'refill' AND state IN ('open', 'taken') GROUP BY sku"""

ADD_TASK = """INSERT INTO task
                  (task_id, kind, store, position, sku, shortage_id, suggested_units, state, reason, opened_at)
              VALUES (%s, 'refill', %s, %s, %s, %s, %s, 'open', %s, %s)"""

# One a place at a time, and one an event for ever.
ADD_INVESTIGATION = """INSERT INTO task (task_id, kind, store, position, sku, suggested_units, state, reason, opened_at)
    SELECT %(task_id)s, 'investigate', %(store)s, %(position)s, %(sku)s, %(units)s, 'open', %(reason)s, %(at)s
    WHERE NOT EXISTS (SELECT FROM task t WHERE t.store = %(store)s AND t.position = %(position)s
                      AND t.kind = 'investigate' AND t.closed_at IS NULL AND t.opened_at > %(held_since)s)
    ON CONFLICT (task_id) DO NOTHING RETURNING task_id"""

CANCEL_SWEPT = """UPDATE task SET state = 'cancelled', closed_at = %(at)s, reason = reason || '; the place was swept'
    WHERE store = %(store)s AND position = %(position)s AND kind = 'refill' AND state = 'open' RETURNING task_id"""

# Nobody took it in time. One that somebody has taken stays theirs to close.
END_INVESTIGATIONS = """UPDATE task SET state = 'cancelled', closed_at = %(at)s
    WHERE store = %(store)s AND kind = 'investigate' AND state = 'open' AND opened_at <= %(held_since)s
    RETURNING task_id"""

ADD_ORDER = """INSERT INTO replenishment_order (order_id, store, sku, units, state, reason, opened_at)
               VALUES (%s, %s, %s, %s, 'open', %s, %s)"""

TASKS_CHANGED = """INSERT INTO change_outbox (kind, store, subject, body)
                   SELECT 'task', store, task_id, to_jsonb(t) FROM task t WHERE task_id = ANY(%s) ORDER BY task_id"""

ORDERS_CHANGED = """INSERT INTO change_outbox (kind, store, subject, body)
                    SELECT 'order', store, order_id, to_jsonb(o) FROM replenishment_order o
                    WHERE order_id = ANY(%s) ORDER BY order_id"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """A task as it is told: `workable` while it can be done; a refill only while the books have goods to carry.

    `suggested_units` of a refill are to be carried, of an investigation they left.
    """

    task_id: str
    kind: str
    store: str
    position: str
    sku: str
    name: str
    bay: str
    shelf: str
    suggested_units: int
    state: str
    reason: str
    assignee: str | None
    done_units: int | None
    opened_at: datetime
    taken_at: datetime | None
    done_at: datetime | None
    closed_at: datetime | None
    workable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """A replenishment order as it is told."""

    order_id: str
    store: str
    sku: str
    name: str
    units: int
    received_units: int
    state: str
    reason: str
    opened_at: datetime
    expected_at: datetime | None
    received_at: datetime | None
    closed_at: datetime | None


def task(link: Link, task_id: str) -> TaskRow | None:
    """Return one task."""
    return (
        link.cursor(row_factory=class_row(TaskRow))
        .execute(TASK_SELECT + " WHERE t.task_id = %s", (task_id,))
        .fetchone()
    )


def order(link: Link, order_id: str) -> OrderRow | None:
    """Return one order."""
    return (
        link.cursor(row_factory=class_row(OrderRow))
        .execute(ORDER_SELECT + " WHERE o.order_id = %s", (order_id,))
        .fetchone()
    )


def tasks(link: Link, store: str, *, states: Sequence[str] | None, cursor: str | None, limit: int) -> list[TaskRow]:
    """Return tasks of a store, oldest first, after the one the cursor names."""
    asked = {"store": store, "states": states, "cursor": cursor, "limit": limit}
    return link.cursor(row_factory=class_row(TaskRow)).execute(TASK_SELECT + TASKS_OF_A_STORE, asked).fetchall()


def orders(link: Link, store: str, *, states: Sequence[str] | None, cursor: str | None, limit: int) -> list[OrderRow]:
    """Return orders of a store, oldest first, after the one the cursor names."""
    asked = {"store": store, "states": states, "cursor": cursor, "limit": limit}
    return link.cursor(row_factory=class_row(OrderRow)).execute(ORDER_SELECT + ORDERS_OF_A_STORE, asked).fetchall()


def short_positions(link: Link, store: StoreId) -> set[str]:
    """Return the positions with an open shortage."""
    rows = link.execute("SELECT position FROM shortage WHERE store = %s AND closed_at IS NULL", (store,))
    return {position for (position,) in rows}


def open_shortage(
    link: Link, store: StoreId, *, position: str, sku: str, low_units: int, units: int, reason: str, at: datetime
) -> None:
    """Open the shortage of a position."""
    link.execute(OPEN_SHORTAGE, (store, position, sku, low_units, units, reason, at))


def close_shortage(link: Link, store: StoreId, *, position: str, units: int, at: datetime) -> None:
    """Close the shortage of a position and the task that was to end it."""
    link.execute(
        """UPDATE shortage SET closed_at = %s, closed_units = %s
           WHERE store = %s AND position = %s AND closed_at IS NULL""",
        (at, units, store, position),
    )
    tasks_changed(link, [task_id for (task_id,) in link.execute(CLOSE_TASKS, (at, store, position))])


def close_dropped(link: Link, store: StoreId, *, planogram: int, at: datetime) -> set[str]:
    """Close the shortages of products that no sensor sees at their position any more, cancel the tasks there.

    Return the SKUs of the shortages.
    """
    facts = {"store": store, "planogram": planogram, "at": at}
    tasks_changed(link, [task_id for (task_id,) in link.execute(CANCEL_DROPPED_TASKS, facts)])
    return {sku for (sku,) in link.execute(CLOSE_DROPPED, facts)}


def cancel_dropped_orders(
    link: Link, store: StoreId, *, planogram: int, at: datetime
) -> list[tuple[str, str, int]]:  # fmt: skip
    """Cancel the orders of products that stand nowhere any more; return (id, SKU, units still to come) of each."""
    rows = link.execute(CANCEL_DROPPED_ORDERS, {"store": store, "planogram": planogram, "at": at}).fetchall()
    orders_changed(link, [order_id for order_id, _, _ in rows])
    return rows


def end_done_tasks(
    link: Link, store: StoreId, *, at: datetime, unseen_after: timedelta, abandoned_after: timedelta
) -> set[str]:
    """Verify done tasks the scale has seen, cancel those it has not seen for too long, end those nobody spoke of again.

    Return their SKUs.
    """
    facts = {"store": store, "at": at, "before": at - unseen_after, "taken_before": at - abandoned_after}
    ends = (VERIFY_SEEN, CANCEL_UNSEEN, END_ABANDONED)
    ended = [row for end in ends for row in link.execute(end, facts)]
    tasks_changed(link, [task_id for task_id, _ in ended])
    return {sku for _, sku in ended}


def cancel_unworkable(link: Link, store: StoreId, skus: Iterable[str], *, at: datetime) -> None:
    """Cancel the refill tasks of SKUs that nobody has taken: the backroom has nothing to carry any more."""
    rows = link.execute(
        """UPDATE task SET state = 'cancelled', closed_at = %s
           WHERE store = %s AND sku = ANY(%s) AND kind = 'refill' AND state = 'open' RETURNING task_id""",
        (at, store, sorted(skus)),
    )
    tasks_changed(link, [task_id for (task_id,) in rows])


def open_shortages(
    link: Link, store: StoreId, skus: Iterable[str], *, held_since: datetime
) -> list[tuple[int, str, str, bool, bool]]:
    """Return (id, position, SKU, has a task, is held since it was swept) of the open shortages of SKUs."""
    return link.execute(SHORTAGES, {"store": store, "skus": sorted(skus), "held_since": held_since}).fetchall()


def unattended(link: Link, store: StoreId, *, held_since: datetime) -> set[str]:
    """Return the SKUs with an open shortage that has neither a task nor an order whose goods are still to come."""
    return {sku for (sku,) in link.execute(UNATTENDED, {"store": store, "held_since": held_since})}


def add_investigation(link: Link, store: StoreId, new: NewInvestigation, *, at: datetime, held_since: datetime) -> bool:
    """Open a task for loss prevention, and cancel the refill nobody took; False when the place has one or had it."""
    facts = {"store": store, **asdict(new), "at": at, "held_since": held_since}
    opened = link.execute(ADD_INVESTIGATION, facts).fetchone() is not None
    if opened:
        cancelled = link.execute(CANCEL_SWEPT, {"store": store, "position": new.position, "at": at})
        tasks_changed(link, [new.task_id, *(task_id for (task_id,) in cancelled)])
    return opened


def end_investigations(link: Link, store: StoreId, *, at: datetime, held_since: datetime) -> None:
    """Cancel the investigations nobody took in time."""
    rows = link.execute(END_INVESTIGATIONS, {"store": store, "at": at, "held_since": held_since})
    tasks_changed(link, [task_id for (task_id,) in rows])


def promised(link: Link, store: StoreId, skus: Iterable[str]) -> dict[str, int]:
    """Return the units that tasks not yet done will take from the backroom, by SKU."""
    return {row[0]: row[1] for row in link.execute(PROMISED, (store, sorted(skus)))}


def orders_under_way(link: Link, store: StoreId, skus: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return (order id, state) of the order under way, by SKU."""
    rows = link.execute(
        """SELECT sku, order_id, state FROM replenishment_order
           WHERE store = %s AND sku = ANY(%s) AND state IN ('open', 'received')""",
        (store, sorted(skus)),
    )
    return {sku: (order_id, state) for sku, order_id, state in rows}


def case_units(link: Link, skus: Iterable[str]) -> dict[str, int | None]:
    """Return the units of a case, by SKU."""
    rows = link.execute("SELECT sku, case_units FROM product WHERE sku = ANY(%s)", (sorted(skus),))
    return {row[0]: row[1] for row in rows}


def add_task(
    link: Link, store: StoreId, *, task_id: str, position: str, sku: str, shortage_id: int, units: int, reason: str,
    at: datetime,
) -> None:  # fmt: skip
    """Open a refill task."""
    link.execute(ADD_TASK, (task_id, store, position, sku, shortage_id, units, reason, at))
    tasks_changed(link, [task_id])


def add_order(link: Link, store: StoreId, *, order_id: str, sku: str, units: int, reason: str, at: datetime) -> None:
    """Open an order."""
    link.execute(ADD_ORDER, (order_id, store, sku, units, reason, at))
    orders_changed(link, [order_id])


def close_order(link: Link, order_id: str, *, at: datetime) -> None:
    """Close a received order."""
    link.execute("UPDATE replenishment_order SET state = 'closed', closed_at = %s WHERE order_id = %s", (at, order_id))
    orders_changed(link, [order_id])


def set_taken(link: Link, task_id: str, *, assignee: str, at: datetime) -> None:
    """Give a task to somebody."""
    link.execute(
        "UPDATE task SET state = 'taken', assignee = %s, taken_at = %s WHERE task_id = %s", (assignee, at, task_id)
    )
    tasks_changed(link, [task_id])


def set_done(link: Link, task_id: str, *, units: int, at: datetime) -> None:
    """Note what staff put on the shelf; where the scale has nothing to see, the task ends with that."""
    link.execute(
        """UPDATE task SET state = 'done', done_units = %(units)s, taken_at = coalesce(taken_at, %(at)s),
               done_at = %(at)s, closed_at = CASE WHEN %(units)s = 0 OR kind <> 'refill' THEN %(at)s END
           WHERE task_id = %(task_id)s""",
        {"units": units, "at": at, "task_id": task_id},
    )
    tasks_changed(link, [task_id])


def add_receipt(link: Link, order_id: str, units: int, *, at: datetime) -> None:
    """Count received units; the order is received when it is complete."""
    link.execute(
        """UPDATE replenishment_order SET received_units = received_units + %(units)s, received_at = %(at)s,
               state = CASE WHEN received_units + %(units)s >= units THEN 'received' ELSE state END
           WHERE order_id = %(order_id)s""",
        {"units": units, "at": at, "order_id": order_id},
    )
    orders_changed(link, [order_id])


def tasks_changed(link: Link, task_ids: Sequence[str]) -> None:
    """Put the tasks as they stand now into the change outbox."""
    if task_ids:
        link.execute(TASKS_CHANGED, (list(task_ids),))


def orders_changed(link: Link, order_ids: Sequence[str]) -> None:
    """Put the orders as they stand now into the change outbox."""
    if order_ids:
        link.execute(ORDERS_CHANGED, (list(order_ids),))
