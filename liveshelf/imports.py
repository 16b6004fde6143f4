"""Files and keys into the database that LIVESHELF_DATABASE_URL names, for the command line."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from psycopg import Connection
from psycopg.rows import TupleRow

from cloud.access.service import create_key
from cloud.catalog.repository import stores as known_stores
from cloud.catalog.service import import_catalog, import_planogram, import_stock
from contract.clock import clock_from_environment
from contract.errors import ConfigurationError
from contract.ids import StoreId
from database.connection import connect
from database.migrate import applied_steps, missing_steps
from database.steps import read_steps
from liveshelf.db import database_url

ANY_STORE = "*"


def import_files(store: str, *, catalog: Path | None, planogram: Path | None, stock: Path | None) -> list[str]:
    """Import the files that are given, in the order they build on each other, and return a line of what each brought.

    All in one transaction: a mistake in one file leaves the database as it was. Raises ConfigurationError.
    """
    at = clock_from_environment(os.environ).now()
    brought: list[str] = []
    with _database() as connection, connection.transaction():
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
    with _database() as connection:
        known = known_stores(connection)
        unknown = next((store for store in stores if store not in {*known, ANY_STORE}), None)
        if unknown is not None:
            there = ", ".join([*known, f"or {ANY_STORE} for every store"])
            raise ConfigurationError(
                f"--store: found {unknown!r}, expected {there}; `liveshelf cloud import` makes one"
            )
        return create_key(connection, name=name, scopes=scopes, stores=stores, at=at)


@contextmanager
def _database() -> Iterator[Connection[TupleRow]]:
    """Open the database. Raises ConfigurationError when its schema is not the one this version works on."""
    with connect(database_url(os.environ)) as connection:
        missing = missing_steps(read_steps(), applied_steps(connection))
        connection.commit()
        if missing:
            raise ConfigurationError(
                f"the database lacks {len(missing)} migrations, first {missing[0].name}; run `liveshelf db migrate`"
            )
        yield connection
