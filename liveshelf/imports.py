"""Files and keys into the database that LIVESHELF_DATABASE_URL names, for the command line."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from cloud.access.service import create_key
from cloud.catalog.service import import_catalog, import_planogram, import_stock
from contract.clock import clock_from_environment
from contract.ids import StoreId
from liveshelf.store_database import check_stores, store_database


def import_files(store: str, *, catalog: Path | None, planogram: Path | None, stock: Path | None) -> list[str]:
    """Import the files that are given, in the order they build on each other, and return a line of what each brought.

    All in one transaction: a mistake in one file leaves the database as it was. Raises ConfigurationError.
    """
    at = clock_from_environment(os.environ).now()
    brought: list[str] = []
    with store_database() as connection, connection.transaction():
        if catalog:
            brought.append(
                f"{import_catalog(connection, catalog, store=StoreId(store), at=at)} products from {catalog}"
            )
        if planogram:
            brought.append(
                f"{import_planogram(connection, StoreId(store), planogram, at=at)} positions from {planogram}"
            )
        if stock:
            brought.append(f"{import_stock(connection, StoreId(store), stock, at=at)} counts from {stock}")
    return brought


def create_api_key(name: str, scopes: Sequence[str], stores: Sequence[str]) -> str:
    """Make an API key and return it: the only time it is seen. Raises ConfigurationError for an unknown store or scope.

    A store is known once something was imported for it; `*` is every store.
    """
    at = clock_from_environment(os.environ).now()
    with store_database() as connection:
        check_stores(connection, stores)
        return create_key(connection, name=name, scopes=scopes, stores=stores, at=at)
