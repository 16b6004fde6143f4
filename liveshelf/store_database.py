"""The database that LIVESHELF_DATABASE_URL names, for commands that write to it: up to date, and its stores known."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from psycopg import Connection
from psycopg.rows import TupleRow

from cloud.catalog.repository import stores as known_stores
from contract.errors import ConfigurationError
from database.connection import connect
from database.migrate import applied_steps, missing_steps
from database.steps import read_steps
from liveshelf.db import database_url

ANY_STORE = "*"


@contextmanager
def store_database() -> Iterator[Connection[TupleRow]]:
    """Open the database. Raises ConfigurationError when its schema is not the one this version works on."""
    with connect(database_url(os.environ)) as connection:
        missing = missing_steps(read_steps(), applied_steps(connection))
        connection.commit()
        if missing:
            raise ConfigurationError(
                f"the database lacks {len(missing)} migrations, first {missing[0].name}; run `liveshelf db migrate`"
            )
        yield connection


def check_stores(connection: Connection[TupleRow], stores: Sequence[str]) -> None:
    """Raise ConfigurationError for a store nothing was imported for; `*` is every store."""
    with connection.transaction():
        known = known_stores(connection)
    unknown = next((store for store in stores if store not in {*known, ANY_STORE}), None)
    if unknown is not None:
        there = ", ".join([*known, f"or {ANY_STORE} for every store"])
        raise ConfigurationError(f"--store: found {unknown!r}, expected {there}; `liveshelf cloud import` makes one")
