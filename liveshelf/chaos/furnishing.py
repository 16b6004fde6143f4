"""Goods for the plates of simulated agents, so that the gateways count: one product a plate, none of it sold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cloud.catalog.service import import_catalog, import_planogram
from contract.ids import StoreId
from database.connection import connect
from liveshelf.chaos.agents import BAY, SHELF
from liveshelf.chaos.diet import CAPACITY, UNIT_G, plates_of

CATALOG = "sku,gtin,name,name_zh,unit,unit_weight_g,unit_spread_g,price,currency,case_gtin,case_units"
PLANOGRAM = "position,sku,bay,shelf,plates,zones,capacity,low_units,valid_from"
"""The columns of the files: docs/reference/csv-files.md."""

SKU = "goods"
SPREAD_G = 1.0
"""Standard deviation of the weights of single units."""


def furnish(url: str, store: StoreId, devices: Sequence[str], folder: Path, *, at: datetime) -> None:
    """Write a catalogue and a planogram to a folder and import them; `at` is shop time. Raises LiveShelfError."""
    catalog, planogram = folder / "catalog.csv", folder / "planogram.csv"
    catalog.write_text(f"{CATALOG}\n{SKU},,Goods,,each,{UNIT_G},{SPREAD_G},,,,\n", encoding="utf-8")
    lines = [PLANOGRAM]
    for device in devices:
        place = f"{device}-{BAY},{device}-{SHELF}"
        lines += [f"{plate},{SKU},{place},{plate},,{CAPACITY},," for plate in plates_of(device)]
    planogram.write_text("\n".join([*lines, ""]), encoding="utf-8")
    with connect(url) as connection:
        import_catalog(connection, catalog, store=store, at=at)
        import_planogram(connection, store, planogram, at=at)
