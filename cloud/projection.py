"""What the worker does for one store in one transaction: from new loads to stock, tasks and orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from psycopg import Connection
from psycopg.rows import TupleRow

from cloud.catalog import repository as catalog
from cloud.replenishment import service as replenishment
from cloud.replenishment.model import ShortageRule, Watch
from cloud.stock import repository as stock_rows
from cloud.stock import service as stock
from cloud.stock.model import SeenEvent
from contract.clock import Clock
from contract.ids import PositionId, Sku, StoreId

Link = Connection[TupleRow]

REFILL_GRACE = timedelta(minutes=2)
"""Shop time after its task ended in which goods put on a shelf still belong to the refill: staff are still at it."""

BASKETS_EVERY = timedelta(minutes=5)
"""Shop time between two looks into the baskets: a loss of hours ago is not urgent."""

# Which stores have loads the worker has not seen.
BEHIND = """SELECT s.store FROM store s
            CROSS JOIN LATERAL (SELECT max(load_id) AS load_id FROM load l WHERE l.store = s.store) newest
            LEFT JOIN projection_cursor c ON c.store = s.store
            WHERE newest.load_id > coalesce(c.load_id, 0) ORDER BY s.store"""

# From where to where: one gateway serves a store, so its load ids are committed in order.
SPAN = """SELECT coalesce((SELECT load_id FROM projection_cursor WHERE store = %(store)s), 0),
                 coalesce((SELECT max(load_id) FROM load WHERE store = %(store)s), 0)"""

EVENTS = """SELECT e.event_id, e.time, e.position, e.sku, e.kind, e.quantity,
                   EXISTS (SELECT FROM task t WHERE t.store = e.store AND t.position = e.position
                           AND t.kind = 'refill' AND t.taken_at <= e.time
                           AND (t.closed_at IS NULL OR t.closed_at >= e.time - %(grace)s)) AS refilling
            FROM shelf_event e
            WHERE e.store = %(store)s AND e.load_id > %(after)s AND e.load_id <= %(last)s
            ORDER BY e.time, e.event_id"""

CHANGED = "SELECT DISTINCT sku FROM position_quantity WHERE store = %s AND load_id > %s"

MOVE_CURSOR = """INSERT INTO projection_cursor (store, load_id) VALUES (%s, %s)
                 ON CONFLICT (store) DO UPDATE SET load_id = EXCLUDED.load_id"""


@dataclass(slots=True)
class StoreView:
    """What the worker keeps in memory of a store: the planogram it knows, shelves on watch, whether it has looked at
    all of them, and when it last looked into the baskets.
    """

    planogram: int | None = None
    watches: dict[str, Watch] = field(default_factory=dict)
    looked_at_all: bool = False
    baskets_at: datetime | None = None


def stores_behind(link: Link) -> list[StoreId]:
    """Return the stores with loads not projected yet."""
    return [StoreId(store) for (store,) in link.execute(BEHIND)]


def project_loads(connection: Link, store: StoreId, view: StoreView, *, clock: Clock, rule: ShortageRule) -> None:
    """Project the new loads of a store: events to the ledger, quantities to stock, shortages to tasks and orders."""
    with connection.transaction():
        stock_rows.lock_store(connection, store)
        at = clock.now()
        _take_planogram(connection, store, view, at=at)
        after, last = _span(connection, store)
        events = _events(connection, store, after, last)
        touched = stock.book_events(connection, store, events, at=at)
        replenishment.investigate(connection, store, events, at=at)
        touched |= {Sku(sku) for (sku,) in connection.execute(CHANGED, (store, after))}
        stock.project(connection, store, touched, at=at)
        carried = {event.sku for event in events if event.kind == "refill" or event.refilling}
        _replenish(connection, store, view, touched, carried, at=at, rule=rule)
        connection.execute(MOVE_CURSOR, (store, last))


def look_again(connection: Link, store: StoreId, view: StoreView, *, clock: Clock, rule: ShortageRule) -> None:
    """Do what time alone asks for: shelves low for long enough or heard again, done tasks the scale never saw, swept
    places nobody looked into.

    The first look at a store after a start, or by a newer planogram, takes in all its shelves.
    """
    with connection.transaction():
        stock_rows.lock_store(connection, store)
        at = clock.now()
        _take_planogram(connection, store, view, at=at)
        beliefs = stock_rows.beliefs(connection, store, None, at=at) if _must_look(view, at, rule) else []
        if view.looked_at_all:
            beliefs = [belief for belief in beliefs if view.watches.get(belief.position, Watch()).low_since]
        touched: set[str] = set(
            replenishment.watch_positions(connection, store, beliefs, view.watches, rule=rule, at=at)
        )
        touched |= replenishment.end_done_tasks(connection, store, at=at)
        replenishment.end_investigations(connection, store, at=at)
        touched |= replenishment.unattended(connection, store, at=at)
        replenishment.follow_up(connection, store, touched, at=at)
        view.looked_at_all = True


def look_into_baskets(connection: Link, store: StoreId, view: StoreView, *, clock: Clock, hold: timedelta) -> None:
    """Book what nobody paid for within `hold` as lost, when it is time to look."""
    at = clock.now()
    if view.baskets_at is not None and at - view.baskets_at < BASKETS_EVERY:
        return
    with connection.transaction():
        stock.lose_unpaid(connection, store, hold=hold, at=at)
    view.baskets_at = at


def _take_planogram(link: Link, store: StoreId, view: StoreView, *, at: datetime) -> None:
    """End what is no more by the planogram that holds now, tell what is left, and look at all shelves anew."""
    planogram = catalog.planogram_at(link, store, at=at)
    if planogram is None or planogram == view.planogram:
        return
    catalog.raise_evidence(link, [store])
    dropped = replenishment.end_dropped(link, store, planogram=planogram, at=at)
    stock.project(link, store, stock_rows.stocked_skus(link, store), at=at)
    replenishment.follow_up(link, store, dropped, at=at)
    view.planogram, view.looked_at_all = planogram, False
    view.watches.clear()


def _must_look(view: StoreView, at: datetime, rule: ShortageRule) -> bool:
    due = (watch.low_since for watch in view.watches.values() if watch.low_since is not None)
    return not view.looked_at_all or any(since + rule.hold <= at for since in due)


def _replenish(
    link: Link, store: StoreId, view: StoreView, touched: set[Sku], carried: set[Sku],
    *, at: datetime, rule: ShortageRule,
) -> None:  # fmt: skip
    """`touched` are the SKUs whose quantity may have changed, `carried` those that left the backroom."""
    if not touched:
        return
    beliefs = stock_rows.beliefs(link, store, touched, at=at)
    skus: set[str] = set(replenishment.watch_positions(link, store, beliefs, view.watches, rule=rule, at=at))
    skus |= replenishment.end_done_tasks(link, store, at=at)
    replenishment.follow_up(link, store, skus | carried, at=at)


def _span(link: Link, store: StoreId) -> tuple[int, int]:
    row = link.execute(SPAN, {"store": store}).fetchone()
    assert row is not None, "the statement always gives a row"
    return int(row[0]), int(row[1])


def _events(link: Link, store: StoreId, after: int, last: int) -> Sequence[SeenEvent]:
    rows = link.execute(EVENTS, {"store": store, "after": after, "last": last, "grace": REFILL_GRACE})
    return [
        SeenEvent(
            event_id=event_id, time=time, position=PositionId(position), sku=Sku(sku), kind=kind, quantity=quantity,
            refilling=refilling,
        )
        for event_id, time, position, sku, kind, quantity, refilling in rows
    ]  # fmt: skip
