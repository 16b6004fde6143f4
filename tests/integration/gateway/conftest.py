"""A connection to a migrated, empty database, as the gateway opens it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from database.connection import connect


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection[Any]]:
    with connect(database_url, autocommit=True) as opened:
        yield opened
