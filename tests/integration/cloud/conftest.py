"""A shop and its API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.cloud.shop import Client, Shop


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(database_url, tmp_path)
    yield shop
    shop.connection.close()


@pytest.fixture
def client(shop: Shop) -> Iterator[Client]:
    with shop.api() as api:
        yield Client(api)
