"""What tills sold and people counted."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from psycopg import Connection
from psycopg.rows import TupleRow

from cloud.access.guard import check_store
from cloud.catalog.model import OpeningCount
from cloud.documents import POSITION, SKU, STORE, WRITE_PROBLEMS, responses
from cloud.idempotency.guard import StockWriting, response
from cloud.replenishment.service import follow_up
from cloud.stock import service
from cloud.stock.schemas import Count, CountTaken, TillSale, TillSaleTaken
from contract.ids import Sku, StoreId

router = APIRouter(prefix="/v1", tags=["stock"])


@router.post(
    "/till-sales", status_code=201, response_model=TillSaleTaken, responses=responses(*WRITE_PROBLEMS, STORE, SKU)
)
def post_till_sale(writing: StockWriting, sale: TillSale) -> JSONResponse:
    """Tell what a till sold: it leaves the baskets, then the unsensed displays. A `sale_id` counts once for ever."""
    check_store(writing.caller, sale.store)
    lines: dict[Sku, int] = {}
    for line in sale.lines:
        lines[Sku(line.sku)] = lines.get(Sku(line.sku), 0) + line.units
    store, at = StoreId(sale.store), writing.parts.clock.now()

    def work(link: Connection[TupleRow]) -> tuple[int, TillSaleTaken]:
        new = service.sell(link, store, sale.sale_id, lines, sold_at=sale.sold_at, at=at)
        return 201, TillSaleTaken(store=store, sale_id=sale.sale_id, known=not new)

    return response(writing.once(work))


@router.post(
    "/counts", status_code=201, response_model=CountTaken, responses=responses(*WRITE_PROBLEMS, STORE, SKU, POSITION)
)
def post_count(writing: StockWriting, count: Count) -> JSONResponse:
    """Tell what a person counted: the books are corrected, and scales and tags are counted with it from now on."""
    check_store(writing.caller, count.store)
    store, at = StoreId(count.store), writing.parts.clock.now()
    position = "" if count.place == "backroom" else count.position
    counted = OpeningCount(place=count.place, position=position, sku=Sku(count.sku), units=count.units)

    def work(link: Connection[TupleRow]) -> tuple[int, CountTaken]:
        count_id, correction = service.count(link, store, counted, by=count.counted_by, at=at)
        follow_up(link, store, [counted.sku], at=at)
        return 201, CountTaken(count_id=count_id, holds_from=at, correction=correction)

    return response(writing.once(work))
