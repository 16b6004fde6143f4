"""Files and keys into the database that LIVESHELF_DATABASE_URL names, for the command line."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from cloud.access.service import create_key
from cloud.catalog.service import import_catalog, import_planogram, import_stock
from contract.clock import clock_from_environment
from contract.ids import StoreId
from database.connection import connect
from liveshelf.db import database_url


def import_files(store: str, *, catalog: Path | None, planogram: Path | None, stock: Path | None) -> Iterator[str]:
    """Import the files that are given, in the order they build on each other; yield a line of what each brought."""
    at = clock_from_environment(os.environ).now()
    with connect(database_url(os.environ)) as connection:
        if catalog:
            yield f"{import_catalog(connection, catalog, store=StoreId(store), at=at)} products from {catalog}"
        if planogram:
            yield f"{import_planogram(connection, StoreId(store), planogram, at=at)} positions from {planogram}"
        if stock:
            yield f"{import_stock(connection, StoreId(store), stock, at=at)} counts from {stock}"


def create_api_key(name: str, scopes: Sequence[str], stores: Sequence[str]) -> str:
    """Make an API key and return it: the only time it is seen."""
    at = clock_from_environment(os.environ).now()
    with connect(database_url(os.environ)) as connection:
        return create_key(connection, name=name, scopes=scopes, stores=stores, at=at)
