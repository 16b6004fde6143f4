"""Shortages become tasks or orders, and end when the scale sees the goods. Nothing here commits.

Every function that writes wants the store locked (`stock.repository.lock_store`), or locks it itself where it says so.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, MutableMapping, Sequence
from datetime import datetime, timedelta

from cloud.catalog.model import OpeningCount
from cloud.errors import StaleState, UnknownOrder, UnknownTask
from cloud.replenishment import repository
from cloud.replenishment.model import (
    FRESH_FOR,
    INVESTIGATE_FOR,
    NewOrder,
    OpenShortage,
    Plan,
    ShortageRule,
    Watch,
    investigations,
    judge,
    plan,
    shelf_reason,
)
from cloud.replenishment.repository import Link, OrderRow, TaskRow
from cloud.stock import repository as stock_rows
from cloud.stock import service as stock
from cloud.stock.model import Move, PositionBelief, SeenEvent, receipt_moves
from contract.ids import Sku, StoreId

UNSEEN_AFTER = timedelta(minutes=10)
"""Shop time after which a refill the scale never saw is asked for again."""

ABANDONED_AFTER = timedelta(minutes=30)
"""Shop time after which a refill somebody took, and never spoke of again, is ended: who takes one goes at once, and the
longest of them, several trips to the backroom, takes minutes."""

Watches = MutableMapping[str, Watch]
"""By position: since when it has been low. Kept in memory; a restart begins the hold anew."""


def watch_positions(
    link: Link, store: StoreId, beliefs: Sequence[PositionBelief], watches: Watches, *, rule: ShortageRule, at: datetime
) -> set[Sku]:
    """Open and close shortages of the positions; return the SKUs for which one opened or closed."""
    short = repository.short_positions(link, store)
    touched: set[Sku] = set()
    for belief in beliefs:
        position = belief.position
        is_open = position in short
        watch, verdict = judge(watches.get(position, Watch()), belief, is_open=is_open, at=at, rule=rule)
        watches[position] = watch
        if verdict == "open":
            _open(link, store, belief, at=at)
        elif verdict == "close":
            repository.close_shortage(link, store, position=position, units=belief.best, at=at)
        if verdict != "wait":
            touched.add(belief.sku)
    return touched


def follow_up(link: Link, store: StoreId, skus: Iterable[str], *, at: datetime) -> None:
    """Make the tasks and orders that the open shortages of SKUs ask for, and close the orders that are through.

    A task nobody has taken ends when the backroom has run empty; what it was to carry is ordered instead.
    """
    asked = sorted(set(skus))
    if not asked:
        return
    places = stock_rows.places(link, store, asked)
    bare = [sku for sku in asked if places.get((sku, "backroom"), 0) <= 0]
    repository.cancel_unworkable(link, store, bare, at=at)
    shortages = _shortages(link, store, asked, at=at)
    promised = repository.promised(link, store, asked)
    under_way = repository.orders_under_way(link, store, asked)
    cases = repository.case_units(link, asked)
    for sku in asked:
        order_id, state = under_way.get(sku, (None, None))
        wanted = plan(
            shortages.get(sku, []), backroom=places.get((sku, "backroom"), 0), promised=promised.get(sku, 0),
            order_state=state, case_units=cases.get(sku),
        )  # fmt: skip
        if wanted.close_order and order_id is not None:
            repository.close_order(link, order_id, at=at)
        _carry_out(link, store, Sku(sku), wanted, at=at)


def investigate(link: Link, store: StoreId, events: Iterable[SeenEvent], *, at: datetime) -> None:
    """Make a task for loss prevention of every place that was swept; it stays off the restock list meanwhile."""
    for new in investigations(events, at=at):
        repository.add_investigation(link, store, new, at=at, held_since=at - INVESTIGATE_FOR)


def end_investigations(link: Link, store: StoreId, *, at: datetime) -> None:
    """End what nobody of loss prevention looked into; the shortages there are `unattended` from now on."""
    repository.end_investigations(link, store, at=at, held_since=at - INVESTIGATE_FOR)


def end_dropped(link: Link, store: StoreId, *, planogram: int, at: datetime) -> set[Sku]:
    """End what an older planogram asked for: shortages and tasks where the product no longer stands, and orders of
    products that stand nowhere any more, whose goods are awaited no longer. Return the SKUs.

    An order of a product that stands elsewhere now stays: its goods are wanted there.
    """
    ended = {Sku(sku) for sku in repository.close_dropped(link, store, planogram=planogram, at=at)}
    recalled = [
        Move(
            sku=Sku(sku), kind="order_cancelled", from_place="in_transit", to_place=None, units=units, happened_at=at,
            source=f"order:{order_id}",
        )
        for order_id, sku, units in repository.cancel_dropped_orders(link, store, planogram=planogram, at=at)
    ]  # fmt: skip
    return ended | stock.book(link, store, recalled, at=at)


def unattended(link: Link, store: StoreId, *, at: datetime) -> set[str]:
    """Return the SKUs of shortages that nothing ends yet: when it was due their shelves were not to be believed, or had
    just been swept.
    """
    return repository.unattended(link, store, held_since=at - INVESTIGATE_FOR)


def end_done_tasks(link: Link, store: StoreId, *, at: datetime) -> set[str]:
    """End tasks that staff called done, or took and forgot: verified when the scale saw it, else later cancelled."""
    return repository.end_done_tasks(link, store, at=at, unseen_after=UNSEEN_AFTER, abandoned_after=ABANDONED_AFTER)


def take(link: Link, task_id: str, *, assignee: str, at: datetime) -> TaskRow:
    """Give an open task to somebody; taking one's own again changes nothing. Locks the store.

    Raises UnknownTask, or StaleState with the task as it stands.
    """
    found = _locked_task(link, task_id)
    if found.state == "open":
        repository.set_taken(link, task_id, assignee=assignee, at=at)
        return _task(link, task_id)
    if found.state == "taken" and found.assignee == assignee:
        return found
    raise StaleState(f"the task is {found.state}, not open", current=_told(found))


def done(link: Link, task_id: str, *, units: int, at: datetime) -> TaskRow:
    """Note that staff put units on the shelf; the scale has the last word. Locks the store.

    0 units of a refill say that the backroom is empty: the books are corrected and the goods are ordered. A task the
    scale has verified already stays verified. An investigation ends with this, however many units were found, and the
    place may be restocked again. Raises UnknownTask, or StaleState with the task as it stands.
    """
    found = _locked_task(link, task_id)
    if found.state == "verified" or (found.state == "done" and found.done_units == units):
        return found
    if found.state not in ("open", "taken"):
        raise StaleState(f"the task is {found.state}", current=_told(found))
    repository.set_done(link, task_id, units=units, at=at)
    store, sku = StoreId(found.store), Sku(found.sku)
    if units == 0 and found.kind == "refill":
        empty = OpeningCount(place="backroom", position="", sku=sku, units=0)
        stock.count(link, store, empty, by=found.assignee or task_id, at=at)
    # The scale may have seen the goods before staff said so.
    follow_up(link, store, {sku} | end_done_tasks(link, store, at=at), at=at)
    return _task(link, task_id)


def receive(link: Link, order_id: str, *, units: int, at: datetime) -> OrderRow:
    """Book goods that arrived in the backroom; shelves still short become refill tasks. Locks the store.

    What the scale has seen refilled from nowhere since the order was sent is taken to be of these goods.
    Raises UnknownOrder, or StaleState with the order as it stands when it awaits nothing any more.
    """
    found = repository.order(link, order_id)
    if found is None:
        raise UnknownOrder(f"no order {order_id!r}")
    store, sku = StoreId(found.store), Sku(found.sku)
    stock_rows.lock_store(link, store)
    found = _order(link, order_id)
    if found.state != "open":
        raise StaleState(f"the order is {found.state}, not open", current=_told(found))
    repository.add_receipt(link, order_id, units, at=at)
    transit = max(0, found.units - found.received_units)
    source = f"receipt:{order_id}:{found.received_units + units}"
    shelved = stock_rows.shelved_unknown(link, store, sku, since=found.opened_at)
    moves = receipt_moves(source, sku, units, in_transit=transit, shelved=shelved, at=at)
    stock.project(link, store, stock.book(link, store, moves, at=at), at=at)
    follow_up(link, store, [sku], at=at)
    return _order(link, order_id)


def _open(link: Link, store: StoreId, belief: PositionBelief, *, at: datetime) -> None:
    repository.open_shortage(
        link, store, position=belief.position, sku=belief.sku, low_units=belief.low_units, units=belief.best,
        reason=shelf_reason(belief.best, belief.capacity, belief.low_units), at=at,
    )  # fmt: skip


def _shortages(link: Link, store: StoreId, skus: Sequence[str], *, at: datetime) -> dict[str, list[OpenShortage]]:
    beliefs = {str(belief.position): belief for belief in stock_rows.beliefs(link, store, skus, at=at)}
    found: dict[str, list[OpenShortage]] = {}
    for shortage_id, position, sku, has_task, held in repository.open_shortages(
        link, store, skus, held_since=at - INVESTIGATE_FOR
    ):
        belief = beliefs.get(position)
        if belief is not None:
            shortage = OpenShortage(
                shortage_id=shortage_id, position=position, units=belief.best, capacity=belief.capacity,
                low_units=belief.low_units, task=has_task,
                believed=not belief.frozen and belief.heard_within(FRESH_FOR, at=at), held=held,
            )  # fmt: skip
            found.setdefault(sku, []).append(shortage)
    return found


def _carry_out(link: Link, store: StoreId, sku: Sku, wanted: Plan, *, at: datetime) -> None:
    for one in wanted.tasks:
        repository.add_task(
            link, store, task_id=f"tsk_{secrets.token_hex(8)}", position=one.position, sku=sku,
            shortage_id=one.shortage_id, units=one.units, reason=one.reason, at=at,
        )  # fmt: skip
    if wanted.order is not None:
        _place_order(link, store, sku, wanted.order, at=at)


def _place_order(link: Link, store: StoreId, sku: Sku, wanted: NewOrder, *, at: datetime) -> None:
    order_id = f"ord_{secrets.token_hex(8)}"
    repository.add_order(link, store, order_id=order_id, sku=sku, units=wanted.units, reason=wanted.reason, at=at)
    sent = Move(
        sku=sku, kind="order", from_place=None, to_place="in_transit", units=wanted.units, happened_at=at,
        source=f"order:{order_id}",
    )  # fmt: skip
    stock.project(link, store, stock.book(link, store, [sent], at=at), at=at)


def _locked_task(link: Link, task_id: str) -> TaskRow:
    found = repository.task(link, task_id)
    if found is None:
        raise UnknownTask(f"no task {task_id!r}")
    stock_rows.lock_store(link, StoreId(found.store))
    return _task(link, task_id)


def _task(link: Link, task_id: str) -> TaskRow:
    found = repository.task(link, task_id)
    assert found is not None, "tasks are never deleted"
    return found


def _order(link: Link, order_id: str) -> OrderRow:
    found = repository.order(link, order_id)
    assert found is not None, "orders are never deleted"
    return found


def _told(row: TaskRow | OrderRow) -> dict[str, object]:
    fields = {name: getattr(row, name) for name in row.__slots__}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in fields.items()}
