"""Import of the files that describe a store: all of a file, in one transaction, or nothing of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from cloud.catalog import repository
from cloud.catalog.model import (
    CatalogLine,
    OpeningCount,
    PlanogramPosition,
    Price,
    read_catalog,
    read_planogram,
    read_stock,
)
from cloud.catalog.repository import Link
from cloud.catalog.table import ImportRefused, ProblemAt
from cloud.stock import service as stock
from cloud.stock.repository import lock_store
from contract.ids import StoreId, is_name


def import_catalog(connection: Link, path: Path, *, store: StoreId, at: datetime) -> int:
    """Import products; their prices hold in `store` from `at` on. Returns how many products.

    Raises ImportRefused naming file, line, column, what was found and what was expected, for every problem.
    """
    content = _content(path)
    with connection.transaction():
        _open_store(connection, store)
        products = read_catalog(content, str(path), sku_by_gtin=repository.skus_by_gtin(connection))
        repository.put_products(connection, products)
        repository.put_prices(connection, store, products, at=at)
        repository.raise_evidence(connection, repository.stores(connection))
    return len(products)


def import_planogram(connection: Link, store: StoreId, path: Path, *, at: datetime) -> int:
    """Import where everything stands, as a new version of the store's planogram. Returns how many positions.

    Raises ImportRefused as `import_catalog` does.
    """
    content = _content(path)
    with connection.transaction():
        _open_store(connection, store)
        planogram = read_planogram(content, str(path), known=repository.known_skus(connection), at=at)
        repository.put_planogram(connection, store, planogram, at=at)
        repository.raise_evidence(connection, [store])
        stock.project(connection, store, (position.sku for position in planogram.positions), at=at)
    return len(planogram.positions)


def import_stock(connection: Link, store: StoreId, path: Path, *, at: datetime, counted_by: str = "import") -> int:
    """Import opening counts: evidence for the gateway, and corrections of the ledger. Returns how many counts.

    Raises ImportRefused as `import_catalog` does.
    """
    content = _content(path)
    with connection.transaction():
        _open_store(connection, store)
        positions = repository.positions_at(connection, store, at=at)
        counts = read_stock(content, str(path), positions=positions, known=repository.known_skus(connection))
        for counted in sorted(counts, key=_key):
            _, moves = stock.record_count(connection, store, counted, by=counted_by, at=at)
            stock.book(connection, store, moves, at=at)
        repository.raise_evidence(connection, [store])
        stock.project(connection, store, {counted.sku for counted in counts}, at=at)
    return len(counts)


def prices(link: Link, store: str, skus: Iterable[str], *, at: datetime) -> dict[str, Price]:
    """Return what a unit costs in the store at a time, of those SKUs whose price is known."""
    return repository.prices(link, store, skus, at=at)


def find_products(link: Link, words: str, *, limit: int) -> list[CatalogLine]:
    """Return the products whose SKU, name in either language, or GTIN contains the words; none for no words."""
    words = words.strip()
    return repository.find_products(link, words, limit=limit) if words else []


def product(link: Link, sku: str) -> CatalogLine | None:
    """Return one product of the catalogue, or None when it is not in it."""
    return repository.product(link, sku)


def positions(link: Link, store: str, *, at: datetime) -> tuple[PlanogramPosition, ...]:
    """Return the positions of the planogram that holds at a time; none when there is no planogram."""
    return repository.positions_at(link, StoreId(store), at=at)


def _open_store(connection: Link, store: StoreId) -> None:
    if not is_name(store):
        expected = "letters, digits, '.', '_' and '-', at most 64 characters"
        raise ImportRefused([ProblemAt(file="store", line=0, column="", found=repr(store), expected=expected)])
    repository.add_store(connection, store)
    lock_store(connection, store)


def _key(counted: OpeningCount) -> tuple[str, str, str]:
    return counted.sku, counted.place, counted.position


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        found = error.strerror or str(error)
        raise ImportRefused(
            [ProblemAt(file=str(path), line=0, column="", found=found.lower(), expected="a file to read")]
        ) from error
