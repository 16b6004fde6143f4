"""What screens ask. Every answer is of one moment; nothing here writes or commits.

A screen is kept up to date like this: it reads `heads` first and what it shows after that, in one transaction or not.
What it shows may then be newer than the heads, never older. Later it reads the heads anew, and then what changed since
the old ones: `positions(after_load=...)`, `touched_since`, `happenings(after=...)`. What is told twice is the same
twice, and nothing is left out: the loads of a store are committed in order of their ids, and changes are numbered in
the order of their commits. `one_snapshot` makes all reads of a transaction one moment, for pages that add up.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from cloud.shelves import conditions as condition_rows
from cloud.shelves import repository, timeline
from cloud.shelves.model import (
    Conditions,
    Happening,
    Heads,
    OrderView,
    PositionView,
    StockLine,
    StoreView,
    TagView,
    TaskView,
    Touched,
    natural,
)
from database.presence import GATEWAY, WORKER, present

Link = repository.Link

CHANGES_MAX = 10_000
"""Further behind than so many changes, a screen is quicker read anew."""

EVENTS_MAX = 2_000
"""So many events of a shelf are shown at once, the newest ones."""


def one_snapshot(link: Link) -> None:
    """Let everything read until the end of this transaction be of one moment. Must be its first statement."""
    repository.one_snapshot(link)


def stores(link: Link) -> list[StoreView]:
    """Return all stores in key order."""
    return repository.stores(link)


def heads(link: Link, store: str) -> Heads:
    """Return how far the store is: which database, its newest load, the newest change."""
    return condition_rows.heads(link, store)


def positions(
    link: Link, store: str, *, at: datetime, shelf: str | None = None, after_load: int | None = None,
    only: Iterable[str] | None = None, skus: Iterable[str] | None = None,
) -> list[PositionView]:  # fmt: skip
    """Return the places of the planogram that holds at `at`, bay by bay, shelf by shelf, as people count.

    Without `after_load`, `only` and `skus` all of them. Else those whose quantity a load after `after_load` changed,
    those named in `only`, and those of `skus`. `shelf` keeps one shelf of either.
    """
    found = repository.positions(link, store, at=at, shelf=shelf, after_load=after_load, only=only, skus=skus)
    return sorted(found, key=lambda one: (natural(one.bay), natural(one.shelf), natural(one.position)))


def position(link: Link, store: str, name: str, *, at: datetime) -> PositionView | None:
    """Return one place; None when the planogram has none of that name."""
    found = positions(link, store, at=at, only=[name])
    return found[0] if found else None


def touched_since(link: Link, store: str, change: int) -> Touched:
    """Return what the changes of the store after a number were about; see `Touched`.

    Give its `positions` and `skus` to `positions()` to read how they stand.
    """
    head, oldest = condition_rows.kept_changes(link)
    if not oldest - 1 <= change <= head or head - change > CHANGES_MAX:
        return Touched(topics=frozenset({"tasks", "orders", "stock"}), everything=True)
    topics: set[str] = set()
    places: set[str] = set()
    skus: set[str] = set()
    for kind, sku, place in condition_rows.changed(link, store, after=change):
        if kind == "task":
            topics.add("tasks")
            places.update([place] if place else [])
            continue
        skus.add(sku)
        topics |= {"orders"} if kind == "order" else {"stock", f"stock:{sku}"}
    return Touched(topics=frozenset(topics), positions=frozenset(places), skus=frozenset(skus))


def happenings(link: Link, store: str, after: Heads | None = None, limit: int = 30) -> list[Happening]:
    """Return what happened, newest first: the newest of all, or of what was told after `after`."""
    return timeline.happenings(link, store, after=after, limit=limit)


def shelf_events(
    link: Link, store: str, shelf: str, *, since: datetime, until: datetime, limit: int = EVENTS_MAX
) -> list[Happening]:  # fmt: skip
    """Return what the sensors of a shelf saw happen between two shop times, oldest first: the newest `limit` of it."""
    places, _ = timeline.shelf_places(link, store, shelf, at=until)
    return timeline.events_of_shelf(link, store, places, since=since, until=until, limit=limit)[::-1]


def weights(
    link: Link, store: str, shelf: str, *, since: datetime, until: datetime, points_max: int = 600
) -> dict[str, list[tuple[int, float]]]:
    """Return (unix ms of shop time, grams) by plate of a shelf, in order of time, at most `points_max` a plate.

    Where there are more, the time is cut into equal parts of which the first, last, lowest and highest weight stay.
    A plate without readings has an empty list.
    """
    _, plates = timeline.shelf_places(link, store, shelf, at=until)
    return timeline.weights(link, plates, since=since, until=until, points_max=points_max)


def weights_loaded(link: Link, store: str, after_load: int, upto_load: int) -> list[tuple[str, int, float]]:
    """Return (plate, unix ms, grams) that loads after one and up to another brought, without a drained backlog."""
    return timeline.weights_loaded(link, store, after_load=after_load, upto_load=upto_load)


def tags(link: Link, store: str, shelf: str) -> list[TagView]:
    """Return the tags the antennas of a shelf have seen, those present first in each zone."""
    return timeline.tags(link, store, shelf)


def conditions(link: Link, store: str, *, at: datetime) -> Conditions:
    """Return what is there and what is not."""
    gateway = present(link, [GATEWAY], store=store)
    worker = present(link, [WORKER])
    told = condition_rows.broker(link, store) if gateway else None
    return Conditions(
        programs={GATEWAY: bool(gateway), WORKER: bool(worker)},
        broker=told[0] if told else None,
        broker_since=told[1] if told else None,
        devices=condition_rows.devices(link, store),
        sensors=condition_rows.sensors(link, store, at=at),
    )


def tasks_on_page(
    link: Link, store: str, *, at: datetime, closed_since: datetime | None = None
) -> list[TaskView]:  # fmt: skip
    """Return the tasks under way, the most urgent first, then those closed since then (None: no closed ones)."""
    return sorted(repository.tasks(link, store, at=at, closed_since=closed_since, task_id=None), key=_urgency)


def task_on_page(link: Link, store: str, task_id: str, *, at: datetime) -> TaskView | None:
    """Return one task of the store, however it stands."""
    found = repository.tasks(link, store, at=at, closed_since=None, task_id=task_id)
    return found[0] if found else None


def cases(link: Link, store: str, *, at: datetime, closed_max: int = 20) -> tuple[list[TaskView], list[TaskView]]:
    """Return what loss prevention is to look into, and what was closed last; the newest first in each."""
    found = repository.cases(link, store, at=at, closed_max=closed_max)
    under_way = sorted(
        (task for task in found if task.closed_at is None), key=lambda task: task.opened_at, reverse=True
    )
    closed = sorted((task for task in found if task.closed_at), key=lambda task: task.closed_at or at, reverse=True)
    return under_way, closed


def shortages(link: Link, store: str) -> dict[str, datetime]:
    """Return since when each place that is short has been; `positions` says how it stands, and what is under way."""
    return repository.shortages(link, store)


def orders_on_page(
    link: Link, store: str, *, at: datetime, closed_since: datetime | None = None
) -> list[OrderView]:  # fmt: skip
    """Return the orders under way, oldest first, then those closed since then (None: no closed ones)."""
    return repository.orders(link, store, at=at, closed_since=closed_since, order_id=None)


def order_on_page(link: Link, store: str, order_id: str, *, at: datetime) -> OrderView | None:
    """Return one order of the store, however it stands."""
    found = repository.orders(link, store, at=at, closed_since=None, order_id=order_id)
    return found[0] if found else None


def stock_list(
    link: Link, store: str, search: str = "", *, at: datetime, limit: int = 200
) -> list[StockLine]:  # fmt: skip
    """Return the products of the store whose name (either language), SKU or GTIN contains the text, by name."""
    return repository.stock(link, store, at=at, search=search, sku=None, limit=limit)


def stock_line(link: Link, store: str, sku: str, *, at: datetime) -> StockLine | None:
    """Return one product of the store with the answer every channel gets."""
    found = repository.stock(link, store, at=at, search="", sku=sku, limit=1)
    return found[0] if found else None


def _urgency(task: TaskView) -> tuple[bool, bool, float, datetime]:
    return task.urgency
