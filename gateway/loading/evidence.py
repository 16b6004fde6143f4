"""What counting is told from outside: planogram, products, counts by people; read again when its version changes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from contract.ids import PlateId, PositionId, ShelfId, Sku, StoreId, ZoneId
from gateway.model import CountingModel, ManualCount, PositionModel

# One small row a store, raised by the cloud with every change of what is read below.
VERSION = "SELECT version FROM evidence_version WHERE store = %(store)s"

# Every sensed position of the planogram that holds now, with the GTINs single units carry on their tags.
POSITIONS = """
SELECT place.position, place.sku, place.bay, place.shelf, place.plates, place.zones, place.capacity,
       product.unit_weight_g, product.unit_spread_g,
       ARRAY(SELECT gtin FROM product_gtin WHERE product_gtin.sku = place.sku AND NOT is_case ORDER BY gtin) AS gtins
FROM position_at(%(at)s) AS place JOIN product USING (sku)
WHERE place.store = %(store)s AND (cardinality(place.plates) > 0 OR cardinality(place.zones) > 0)
ORDER BY place.position
"""

# The newest count by a person of each shelf position.
COUNTS = """
SELECT DISTINCT ON (position) count_id, position, sku, units, holds_from
FROM manual_count
WHERE store = %(store)s AND place = 'shelf' AND position <> ''
ORDER BY position, holds_from DESC, count_id DESC
"""


def version(connection: Connection[Any], store: StoreId) -> int:
    """Return the evidence version of a store, 0 while it has no planogram."""
    row = connection.execute(VERSION, {"store": store}).fetchone()
    return 0 if row is None else int(row[0])


def read(connection: Connection[Any], store: StoreId, *, at: datetime) -> CountingModel:
    """Return all that counting is told at a shop time, as one snapshot of the database."""
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        facts = {"store": store, "at": at}
        held = version(connection, store)
        positions = tuple(_position(row) for row in cursor.execute(POSITIONS, facts).fetchall())
        counts = tuple(_count(row) for row in cursor.execute(COUNTS, facts).fetchall())
    return CountingModel(version=held, positions=positions, counts=counts)


def _position(row: dict[str, Any]) -> PositionModel:
    return PositionModel(
        position=PositionId(row["position"]),
        sku=Sku(row["sku"]),
        bay=row["bay"],
        shelf=ShelfId(row["shelf"]),
        plates=tuple(PlateId(plate) for plate in row["plates"]),
        zones=tuple(ZoneId(zone) for zone in row["zones"]),
        capacity=row["capacity"],
        unit_weight_g=row["unit_weight_g"],
        unit_spread_g=row["unit_spread_g"],
        gtins=tuple(row["gtins"]),
    )


def _count(row: dict[str, Any]) -> ManualCount:
    return ManualCount(
        count_id=row["count_id"],
        position=PositionId(row["position"]),
        sku=Sku(row["sku"]),
        units=row["units"],
        holds_from=row["holds_from"],
    )
