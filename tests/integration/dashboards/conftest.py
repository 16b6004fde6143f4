"""A shop, its pages, and people before them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.cloud.shop import Shop
from tests.integration.dashboards.visitor import LogIn, Visitor, opened


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[Shop]:
    """The small shop of the cloud part's tests."""
    shop = Shop(database_url, tmp_path)
    yield shop
    shop.connection.close()


@pytest.fixture
def log_in(shop: Shop) -> Iterator[LogIn]:
    """Log a new person of a role in to the site of the shop."""
    with opened(shop) as log_in:
        yield log_in


@pytest.fixture
def site(log_in: LogIn) -> Visitor:
    """The pages as an administrator sees them."""
    return log_in("admin")
