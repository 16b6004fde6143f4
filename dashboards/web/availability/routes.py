"""The products of a store and how many of each can be sold; one product's answer beside the call that gives it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import Response

from cloud.availability.schemas import AvailabilityAnswer
from cloud.errors import Problem
from cloud.shelves import service as shelves
from cloud.shelves.model import PositionView, StockLine
from cloud.shelves.service import Link
from dashboards.web.availability.call import KEY_VARIABLE, availability_url, curl
from dashboards.web.store_page import store_page
from dashboards.web.visit import Visit, Visiting

router = APIRouter()

SEARCH_MAX = 100
"""Letters of a search that are looked at: no name, SKU or GTIN is longer."""

LINES_MAX = 200
"""So many products are listed at once; more are found by searching."""


class SkuUnknown(Problem):
    """The store does not sell this product."""

    status = 404
    code = "unknown_sku"


@router.get("/stores/{store}/availability")
def list_page(visit: Visiting, store: str, search: str = "") -> Response:
    """Show the products whose name, SKU or GTIN contains what was typed, or all."""
    with store_page(visit, store, "availability", "availability:see") as page:
        return page.render("availability/list_page.html", **_found(page.link, store, search, at=page.at))


@router.get("/stores/{store}/availability-list")
def list_fragment(visit: Visiting, store: str, search: str = "") -> Response:
    """Return the list alone, for a page whose stock changed."""
    visit.needs("availability:see", store)
    with visit.parts.writes.connection() as link:
        found = _found(link, store, search, at=visit.parts.clock.now())
    return visit.render("availability/list.html", **{**found, "store": store})


@router.get("/stores/{store}/availability/{sku:path}")
def answer_page(visit: Visiting, store: str, sku: str) -> Response:
    """Show the answer of one product as every channel gets it."""
    with store_page(visit, store, "availability", "availability:see") as page:
        return page.render("availability/answer_page.html", **_answer(visit, page.link, store, sku, at=page.at))


@router.get("/stores/{store}/availability-answer/{sku:path}")
def answer_fragment(visit: Visiting, store: str, sku: str) -> Response:
    """Return the answer alone, for a page whose product changed."""
    visit.needs("availability:see", store)
    with visit.parts.writes.connection() as link:
        told = _answer(visit, link, store, sku, at=visit.parts.clock.now())
    return visit.render("availability/answer.html", **{**told, "store": store})


def _found(link: Link, store: str, search: str, *, at: datetime) -> dict[str, Any]:
    words = search.replace("\x00", "").strip()[:SEARCH_MAX]
    lines = shelves.stock_list(link, store, words, at=at, limit=LINES_MAX + 1)
    return {
        "search": words, "lines": lines[:LINES_MAX], "more": len(lines) > LINES_MAX,
        "query": urlencode({"search": words}),
    }  # fmt: skip


def _answer(visit: Visit, link: Link, store: str, sku: str, *, at: datetime) -> dict[str, Any]:
    """Return what the answer of a product shows. Raises SkuUnknown."""
    line = None if "\x00" in sku else shelves.stock_line(link, store, sku, at=at)
    if line is None:
        raise SkuUnknown(sku)
    url = availability_url(str(visit.request.base_url), sku, store)
    return {
        "line": line, "answer": line.answer, "places": _places(link, store, line, at=at), "curl": curl(url),
        "key_variable": KEY_VARIABLE, "json": AvailabilityAnswer.of(line.answer).model_dump_json(indent=2),
    }  # fmt: skip


def _places(link: Link, store: str, line: StockLine, *, at: datetime) -> Sequence[PositionView]:
    """Return the places of the planogram where the product stands."""
    return shelves.positions(link, store, at=at, skus=[line.sku])
