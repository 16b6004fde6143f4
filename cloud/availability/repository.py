"""SQL of availability: one statement, hence one snapshot, reads answers and change number together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import AsyncConnection

from cloud.availability.model import StockRow

# as_of is the sensors' newest word on the SKU, by its slowest position: heartbeats keep an unchanged answer young. A
# position whose newest figures are not in the answer yet (the cursor has not reached its load) gives it no newer time.
STOCK = """
    WITH asked AS (SELECT * FROM unnest(%(skus)s::text[], %(stores)s::text[]) WITH ORDINALITY AS a(sku, store, place)),
         seen AS (SELECT q.store, q.sku, min(CASE WHEN q.load_id <= c.load_id THEN q.as_of ELSE s.as_of END) AS as_of
                  FROM position_quantity q JOIN stock s USING (store, sku) LEFT JOIN projection_cursor c USING (store)
                  WHERE (q.store, q.sku) IN (SELECT store, sku FROM asked) GROUP BY q.store, q.sku)
    SELECT s.sku, s.store, s.on_shelf, s.unsensed, s.backroom, s.incoming, s.on_hand, s.reserved, s.confidence, s.basis,
           coalesce(seen.as_of, s.as_of), (SELECT number FROM change_head)
    FROM asked a JOIN stock s USING (store, sku) LEFT JOIN seen USING (store, sku)
    ORDER BY a.place"""


async def stock(link: AsyncConnection[Any], pairs: Sequence[tuple[str, str]]) -> list[StockRow]:
    """Return the rows of (SKU, store) pairs in the order asked; a pair that has none is left out."""
    asked = {"skus": [sku for sku, _ in pairs], "stores": [store for _, store in pairs]}
    return [_row(row) for row in await (await link.execute(STOCK, asked, prepare=True)).fetchall()]


async def head(link: AsyncConnection[Any]) -> int:
    """Return the highest change number."""
    row = await (await link.execute("SELECT number FROM change_head")).fetchone()
    return int(row[0]) if row else 0


def _row(cells: tuple[Any, ...]) -> StockRow:
    sku, store, on_shelf, unsensed, backroom, incoming, on_hand, reserved, confidence, basis, as_of, change = cells
    return StockRow(
        sku=sku, store=store, on_shelf=on_shelf, unsensed=unsensed, backroom=backroom, incoming=incoming,
        on_hand=on_hand, reserved=reserved, confidence=round(confidence, 2), basis=tuple(basis), as_of=as_of,
        change=change,
    )  # fmt: skip
