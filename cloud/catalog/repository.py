"""SQL of catalogue, planogram and counts. Nothing here commits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from psycopg import Connection
from psycopg.rows import TupleRow, class_row

from cloud.catalog.model import CatalogLine, OpeningCount, Planogram, PlanogramPosition, Price, Product
from contract.ids import PositionId, Sku, StoreId

Link = Connection[TupleRow]

PLANOGRAM_AT = """SELECT planogram_id FROM planogram WHERE store = %s AND valid_from <= %s
                  ORDER BY valid_from DESC, planogram_id DESC LIMIT 1"""

POSITIONS = """SELECT position, sku, bay, shelf, plates, zones, capacity, low_units FROM planogram_position
               WHERE planogram_id = %s ORDER BY position"""

# A new line of the catalogue replaces the old one; what only screens show (owner, picture) stays.
PUT_PRODUCT = """INSERT INTO product (sku, name, name_zh, unit, unit_weight_g, unit_spread_g, case_units)
                 VALUES (%s, %s, %s, %s, %s, %s, %s)
                 ON CONFLICT (sku) DO UPDATE SET name = EXCLUDED.name, name_zh = EXCLUDED.name_zh,
                     unit = EXCLUDED.unit, unit_weight_g = EXCLUDED.unit_weight_g,
                     unit_spread_g = EXCLUDED.unit_spread_g, case_units = EXCLUDED.case_units"""

PUT_PRICE = """INSERT INTO price (sku, store, amount_minor, currency, valid_from) VALUES (%s, %s, %s, %s, %s)
               ON CONFLICT (sku, store, channel, valid_from) DO UPDATE SET amount_minor = EXCLUDED.amount_minor,
                   currency = EXCLUDED.currency"""

PRICES = """SELECT DISTINCT ON (sku) sku, amount_minor, currency FROM price
            WHERE store = %s AND channel = 'store' AND sku = ANY(%s) AND valid_from <= %s
            ORDER BY sku, valid_from DESC"""

ADD_PLANOGRAM = """INSERT INTO planogram (store, valid_from, imported_at, made_by) VALUES (%s, %s, %s, %s)
                   RETURNING planogram_id"""

CATALOG_LINE = """
    SELECT p.sku, p.name, p.name_zh, p.unit, p.unit_weight_g,
           ARRAY(SELECT ltrim(gtin, '0') FROM product_gtin g
                 WHERE g.sku = p.sku AND NOT g.is_case ORDER BY gtin) AS gtins
    FROM product p"""

# What was typed whole comes before what only contains it.
FIND_PRODUCTS = """
    WHERE p.sku ILIKE %(pattern)s OR p.name ILIKE %(pattern)s OR p.name_zh ILIKE %(pattern)s
       OR EXISTS (SELECT FROM product_gtin g WHERE g.sku = p.sku AND g.gtin LIKE %(pattern)s)
    ORDER BY p.sku <> %(words)s, p.name, p.sku LIMIT %(limit)s"""

PUT_POSITION = """INSERT INTO planogram_position
                  (planogram_id, position, sku, bay, shelf, plates, zones, capacity, low_units)
                  VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"""

ADD_COUNT = """INSERT INTO manual_count (store, place, position, sku, units, holds_from, counted_by)
               VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING count_id"""

RAISE_EVIDENCE = """INSERT INTO evidence_version (store, version)
                    SELECT store, 1 FROM store WHERE store = ANY(%s) ORDER BY store
                    ON CONFLICT (store) DO UPDATE SET version = evidence_version.version + 1"""


def add_store(link: Link, store: StoreId) -> None:
    """Make the store's row when this is the first that is heard of it."""
    link.execute("INSERT INTO store (store, name) VALUES (%s, %s) ON CONFLICT DO NOTHING", (store, store))


def stores(link: Link) -> list[StoreId]:
    """Return all stores in key order."""
    return [StoreId(store) for (store,) in link.execute("SELECT store FROM store ORDER BY store")]


def known_skus(link: Link) -> set[str]:
    """Return the SKUs of the catalogue."""
    return {sku for (sku,) in link.execute("SELECT sku FROM product")}


def find_products(link: Link, words: str, *, limit: int) -> list[CatalogLine]:
    """Return the products whose SKU, name in either language, or GTIN contains the words."""
    pattern = "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    asked = {"pattern": pattern, "words": words, "limit": limit}
    return link.cursor(row_factory=class_row(CatalogLine)).execute(CATALOG_LINE + FIND_PRODUCTS, asked).fetchall()


def product(link: Link, sku: str) -> CatalogLine | None:
    """Return one product of the catalogue."""
    return (
        link.cursor(row_factory=class_row(CatalogLine)).execute(CATALOG_LINE + " WHERE p.sku = %s", (sku,)).fetchone()
    )


def skus_by_gtin(link: Link) -> dict[str, str]:
    """Return which SKU has which GTIN (14 digits)."""
    return {row[0]: row[1] for row in link.execute("SELECT gtin, sku FROM product_gtin")}


def put_products(link: Link, products: Sequence[Product]) -> None:
    """Write products and their GTINs; a product's old GTINs go."""
    ordered = sorted(products, key=lambda product: product.sku)
    gtins = [(one.gtin, one.sku, False) for one in ordered if one.gtin]
    gtins += [(one.case_gtin, one.sku, True) for one in ordered if one.case_gtin]
    with link.cursor() as cursor:
        cursor.executemany(
            PUT_PRODUCT,
            [(p.sku, p.name, p.name_zh, p.unit, p.unit_weight_g, p.unit_spread_g, p.case_units) for p in ordered],
        )
        cursor.execute("DELETE FROM product_gtin WHERE sku = ANY(%s)", ([one.sku for one in ordered],))
        cursor.executemany("INSERT INTO product_gtin (gtin, sku, is_case) VALUES (%s, %s, %s)", gtins)


def put_prices(link: Link, store: StoreId, products: Sequence[Product], *, at: datetime) -> None:
    """Write the prices the products came with, valid from `at` in the store."""
    ordered = sorted(products, key=lambda product: product.sku)
    priced = [(one.sku, store, one.price_minor, one.currency, at) for one in ordered if one.price_minor is not None]
    with link.cursor() as cursor:
        cursor.executemany(PUT_PRICE, priced)


def prices(link: Link, store: str, skus: Iterable[str], *, at: datetime) -> dict[str, Price]:
    """Return the prices that hold on the store's own shelves at a time, of those SKUs that have one."""
    rows = link.execute(PRICES, (store, sorted(set(skus)), at))
    return {sku: Price.of_minor(amount_minor, currency) for sku, amount_minor, currency in rows}


def put_planogram(link: Link, store: StoreId, planogram: Planogram, *, at: datetime, by: str = "import") -> int:
    """Write a new version of the planogram and return its id."""
    row = link.execute(ADD_PLANOGRAM, (store, planogram.valid_from, at, by)).fetchone()
    assert row is not None, "an insert returns its row"
    rows = [
        (row[0], p.position, p.sku, p.bay, p.shelf, list(p.plates), list(p.zones), p.capacity, p.low_units)
        for p in planogram.positions
    ]
    with link.cursor() as cursor:
        cursor.executemany(PUT_POSITION, rows)
    return int(row[0])


def planogram_at(link: Link, store: StoreId, *, at: datetime) -> int | None:
    """Return the id of the planogram that holds at a time; None when there is none."""
    row = link.execute(PLANOGRAM_AT, (store, at)).fetchone()
    return None if row is None else int(row[0])


def positions_at(link: Link, store: StoreId, *, at: datetime) -> tuple[PlanogramPosition, ...]:
    """Return the positions of the planogram that holds at a time; none when there is no planogram."""
    held = planogram_at(link, store, at=at)
    if held is None:
        return ()
    return tuple(
        PlanogramPosition(
            position=PositionId(position), sku=Sku(sku), bay=bay, shelf=shelf, plates=tuple(plates),
            zones=tuple(zones), capacity=capacity, low_units=low_units,
        )
        for position, sku, bay, shelf, plates, zones, capacity, low_units in link.execute(POSITIONS, (held,))
    )  # fmt: skip


def add_count(link: Link, store: StoreId, count: OpeningCount, *, at: datetime, by: str) -> int:
    """Write what a person counted and return the count's id."""
    row = link.execute(ADD_COUNT, (store, count.place, count.position, count.sku, count.units, at, by)).fetchone()
    assert row is not None, "an insert returns its row"
    return int(row[0])


def raise_evidence(link: Link, stores_changed: Sequence[StoreId]) -> None:
    """Tell the gateways of these stores that what they count with has changed."""
    link.execute(RAISE_EVIDENCE, (list(stores_changed),))
