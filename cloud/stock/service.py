"""Stock changes: moves go to the ledger, places follow, the answer is written when it differs. Nothing here commits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import groupby

from cloud.catalog import repository as catalog
from cloud.catalog.model import OpeningCount
from cloud.errors import UnknownPosition, UnknownSku
from cloud.stock import repository
from cloud.stock.model import (
    Move,
    PositionBelief,
    SeenEvent,
    answer,
    correction,
    loss_moves,
    moves_of_events,
    place_changes,
    sale_moves,
)
from cloud.stock.repository import Link
from contract.ids import Sku, StoreId


def book(link: Link, store: StoreId, moves: Sequence[Move], *, at: datetime) -> set[Sku]:
    """Append moves to the ledger and shift the places; return the SKUs they touch. The store must be locked."""
    if moves:
        repository.add_moves(link, store, moves)
        repository.shift_places(link, store, place_changes(moves), at=at)
    return {move.sku for move in moves}


def book_events(link: Link, store: StoreId, events: Sequence[SeenEvent], *, at: datetime) -> set[Sku]:
    """Book what the shelves saw; an event the ledger knows is not booked again. The store must be locked."""
    known = repository.known_sources(link, [f"event:{event.event_id}" for event in events])
    new = [event for event in events if f"event:{event.event_id}" not in known]
    if not new:
        return set()
    places = repository.places(link, store, (event.sku for event in new))
    return book(link, store, moves_of_events(new, places), at=at)


def project(link: Link, store: StoreId, skus: Iterable[str], *, at: datetime) -> int:
    """Write the stock of SKUs whose answer changed, with a change each; return how many. The store must be locked."""
    asked = sorted(set(skus))
    if not asked:
        return 0
    beliefs = _by_sku(repository.beliefs(link, store, asked, at=at))
    held: dict[str, dict[str, int]] = {sku: {} for sku in asked}
    for (sku, place), units in repository.places(link, store, asked).items():
        held[sku][place] = units
    standing = repository.answers(link, store, asked)
    rows = []
    for sku in asked:
        now = answer(beliefs.get(sku, []), held[sku])
        if now != standing.get(sku):
            as_of = _as_of(beliefs.get(sku, []), at)
            rows.append({"store": store, "sku": sku, **asdict(now), "basis": list(now.basis), "as_of": as_of})
    if rows:
        repository.put_answers(link, rows)
    return len(rows)


def sell(
    link: Link, store: StoreId, sale_id: str, lines: Mapping[Sku, int], *, sold_at: datetime, at: datetime
) -> bool:
    """Book a till's sale; return False when it was known. Raises UnknownSku."""
    repository.lock_store(link, store)
    check_sold(link, store, lines)
    if not repository.add_sale(link, store, sale_id, lines, sold_at=sold_at):
        return False
    moves = sale_moves(sale_id, lines, repository.places(link, store, lines), at=sold_at)
    project(link, store, book(link, store, moves, at=at), at=at)
    return True


def lose_unpaid(link: Link, store: StoreId, *, hold: timedelta, at: datetime) -> set[Sku]:
    """Book what was picked longer than `hold` ago and never paid for as unknown loss; return the SKUs. Locks the store.

    Baskets are in no answer, so none changes.
    """
    repository.lock_store(link, store)
    return book(link, store, loss_moves(repository.baskets(link, store, since=at - hold), at=at), at=at)


def count(link: Link, store: StoreId, counted: OpeningCount, *, by: str, at: datetime) -> tuple[int, int]:
    """Take what a person counted as evidence and correct the books; return (count id, units added to the books).

    Raises UnknownSku, or UnknownPosition when the SKU does not stand there.
    """
    repository.lock_store(link, store)
    check_sold(link, store, [counted.sku])
    if counted.place != "backroom":
        standing = catalog.positions_at(link, store, at=at)
        if not any(p.position == counted.position and p.sku == counted.sku for p in standing):
            raise UnknownPosition(f"{counted.sku} does not stand at {counted.position!r} by the planogram of {store}")
    count_id, moves = record_count(link, store, counted, by=by, at=at)
    project(link, store, book(link, store, moves, at=at) or {counted.sku}, at=at)
    if counted.place == "shelf":
        catalog.raise_evidence(link, [store])
    return count_id, sum(move.units if move.to_place else -move.units for move in moves)


def record_count(link: Link, store: StoreId, counted: OpeningCount, *, by: str, at: datetime) -> tuple[int, list[Move]]:
    """Write a count as evidence; return its id and the moves that correct the books, not yet booked."""
    count_id = catalog.add_count(link, store, counted, at=at, by=by)
    sku, source, place = counted.sku, f"count:{count_id}", counted.place
    if place == "shelf":
        booked = repository.booked_at(link, store, sku, place, counted.position)
        return count_id, correction(
            sku, place, booked=booked, counted=counted.units, at=at, source=source, position=counted.position
        )
    booked = repository.places(link, store, [sku]).get((sku, place), 0)
    elsewhere = repository.counted_elsewhere(link, store, sku, counted.position) if place == "display" else 0
    units = counted.units + min(elsewhere, max(0, booked))
    return count_id, correction(sku, place, booked=booked, counted=units, at=at, source=source)


def check_sold(link: Link, store: StoreId, skus: Iterable[str]) -> None:
    """Raise UnknownSku when the store has no stock row of one of these."""
    asked = set(skus)
    missing = sorted(asked - repository.sold_skus(link, store, asked))
    if missing:
        raise UnknownSku(f"{missing[0]!r} is not sold in store {store}", sku=missing[0], store=store)


def _by_sku(beliefs: Sequence[PositionBelief]) -> dict[str, list[PositionBelief]]:
    return {sku: list(group) for sku, group in groupby(beliefs, key=lambda belief: belief.sku)}


def _as_of(beliefs: Sequence[PositionBelief], at: datetime) -> datetime:
    """The oldest sensor decides how old the answer is; books are as old as this look into them."""
    return min((belief.as_of for belief in beliefs if belief.as_of is not None), default=at)
