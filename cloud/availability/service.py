"""Answers from one snapshot each; nothing is written."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from cloud.access.model import Caller
from cloud.availability import repository
from cloud.availability.model import StockRow
from cloud.errors import UnknownSku
from cloud.parts import Parts


async def one(parts: Parts, sku: str, store: str) -> StockRow:
    """Return the answer of one SKU in one store. Raises UnknownSku."""
    async with parts.reads.connection() as link:
        rows = await repository.stock(link, [(sku, store)])
    if not rows:
        raise UnknownSku(f"{sku!r} is not sold in store {store}", sku=sku, store=store)
    return rows[0]


async def many(parts: Parts, caller: Caller, pairs: Sequence[tuple[str, str]]) -> tuple[list[StockRow], int]:
    """Return the answers of the pairs the caller may know, and a change number none of them is older than."""
    async with parts.reads.connection() as link:
        number = await repository.head(link)
        rows = await repository.stock(link, [pair for pair in pairs if caller.knows(pair[1])])
    return rows, rows[0].change if rows else number


def tag_of(row: StockRow) -> str:
    """Return the ETag of what the answer says: a weak one, age and change number alone make no other answer."""
    said = (
        row.sku, row.store, row.on_shelf, row.unsensed, row.backroom, row.incoming, row.reserved, row.sellable,
        row.confidence, row.basis,
    )  # fmt: skip
    return f'W/"{hashlib.blake2b(repr(said).encode(), digest_size=9).hexdigest()}"'


def matches(tag: str, if_none_match: str | None) -> bool:
    """Tell whether the caller has this answer already (RFC 9110 section 13.1.2: weak comparison)."""
    if if_none_match is None:
        return False
    held = [one.strip().removeprefix("W/") for one in if_none_match.split(",")]
    return "*" in held or tag.removeprefix("W/") in held
