"""One shelf: its page, what of it is fetched anew, and its weights for the plot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from cloud.errors import Problem
from cloud.shelves import service as shelves
from cloud.shelves.model import PositionView, TagView
from cloud.shelves.service import Link
from contract.ids import is_name
from dashboards.web.rendering import environment
from dashboards.web.shelf import trace as traces
from dashboards.web.shelf.trace import POINTS_MAX, SPANS, Span
from dashboards.web.shelf.words import EVENTS
from dashboards.web.store_page import store_page
from dashboards.web.visit import Visit, Visiting

router = APIRouter()

EVENTS_SHOWN = 20
EVENTS_BACK = timedelta(days=30)
MARKERS_MAX = 300
"""More than so many events on one plot would hide the lines."""


class ShelfUnknown(Problem):
    """The store has no such shelf."""

    status = 404
    code = "unknown_shelf"


@router.get("/stores/{store}/shelves/{shelf}")
def shelf_page(visit: Visiting, store: str, shelf: str) -> Response:
    """Show a shelf: its places, its weights, what happened."""
    with store_page(visit, store, "map", "shelves:see") as page:
        everywhere = shelves.positions(page.link, store, at=page.at)
        positions = [position for position in everywhere if position.shelf == shelf]
        if not positions:
            raise ShelfUnknown(shelf)
        before, after = _neighbours(everywhere, shelf)
        return page.render(
            "shelf/page.html", shelf=shelf, positions=positions, before=before, after=after, spans=list(SPANS),
            plates=traces.plates(positions, _name_of(visit)), may_work=visit.person.may("tasks:work"),
            **_fresh(visit, page.link, store, shelf, positions, at=page.at),
        )  # fmt: skip


@router.get("/stores/{store}/shelves/{shelf}/fresh")
def fresh(visit: Visiting, store: str, shelf: str) -> Response:
    """Return the parts of the page that no frame brings: the list of events, and the tags."""
    visit.needs("shelves:see", store)
    at = visit.parts.clock.now()
    with visit.parts.writes.connection() as link:
        positions = _positions(link, store, shelf, at=at)
        return visit.render(
            "shelf/fresh.html", positions=positions, **_fresh(visit, link, store, shelf, positions, at=at)
        )


@router.get("/stores/{store}/shelves/{shelf}/weights.json")
def weights(visit: Visiting, store: str, shelf: str, span: Span = "10m") -> Response:
    """Return the weights of the shelf's scales over a span that ends now, with the events in it."""
    visit.needs("shelves:see", store)
    until = visit.parts.clock.now()
    since = traces.reading_since(span, until)
    with visit.parts.writes.connection() as link:
        positions = _positions(link, store, shelf, at=until)
        points = shelves.weights(link, store, shelf, since=since, until=until, points_max=POINTS_MAX[span])
        events = shelves.shelf_events(link, store, shelf, since=since, until=until, limit=MARKERS_MAX)
    told = traces.trace(
        shelf, span, until=until, weights=points, events=events, positions=positions, text=visit.gettext,
        name_of=_name_of(visit),
    )  # fmt: skip
    return Response(msgspec.json.encode(told), media_type="application/json")


def _positions(link: Link, store: str, shelf: str, *, at: datetime) -> list[PositionView]:
    """Return the places of the shelf. Raises ShelfUnknown."""
    found = shelves.positions(link, store, at=at, shelf=shelf) if is_name(shelf) else []
    if not found:
        raise ShelfUnknown(shelf)
    return found


def _fresh(
    visit: Visit, link: Link, store: str, shelf: str, positions: Sequence[PositionView], *, at: datetime
) -> dict[str, Any]:  # fmt: skip
    """Return what of the page changes besides its places: the newest events first, the tags by product."""
    events = shelves.shelf_events(link, store, shelf, since=at - EVENTS_BACK, until=at, limit=EVENTS_SHOWN)
    tagged = any(position.zones for position in positions)
    present = [tag for tag in shelves.tags(link, store, shelf) if tag.present] if tagged else []
    told = traces.markers(events, positions, text=visit.gettext, name_of=_name_of(visit))
    return {
        "events": [(event, EVENTS.get(event.kind), marker) for event, marker in zip(events, told, strict=True)][::-1],
        "tagged": tagged, "tag_groups": _by_product(present), "tag_count": len(present),
    }  # fmt: skip


def _by_product(tags: Sequence[TagView]) -> list[list[TagView]]:
    """Return tags product by product; those of products nobody knows come last, by GTIN."""

    def key(tag: TagView) -> tuple[bool, str, str]:
        return tag.sku is None, tag.name or "", tag.sku or tag.gtin or ""

    return [list(group) for _, group in groupby(sorted(tags, key=key), key=key)]


def _neighbours(everywhere: Sequence[PositionView], shelf: str) -> tuple[str | None, str | None]:
    """Return the shelves before and after this one in the order of the store."""
    names = list(dict.fromkeys(position.shelf for position in everywhere))
    place = names.index(shelf)
    return names[place - 1] if place else None, names[place + 1] if place + 1 < len(names) else None


def _name_of(visit: Visit) -> traces.NameOf:
    name_of: traces.NameOf = environment(visit.language).filters["product_name"]
    return name_of
