"""What one answer says, from the row of a SKU in a store (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Status = Literal["in_stock", "limited", "out_of_stock"]

IN_STOCK_LEAST = 3
"""Three or more are in stock, one or two limited, none out (Google local inventory, support.google.com/merchants)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StockRow:
    """What the database says of one SKU in one store. `on_hand` holds with 99 %."""

    sku: str
    store: str
    on_shelf: int
    unsensed: int
    backroom: int
    incoming: int
    on_hand: int
    reserved: int
    confidence: float
    basis: tuple[str, ...]
    as_of: datetime
    change: int

    @property
    def sellable(self) -> int:
        """Units that can be promised now: on hand for sure and not promised already."""
        return max(0, self.on_hand - self.reserved)

    @property
    def status(self) -> Status:
        """The answer in a word."""
        if self.sellable >= IN_STOCK_LEAST:
            return "in_stock"
        return "limited" if self.sellable else "out_of_stock"

    def age_s(self, at: datetime) -> int:
        """Return how old the answer is, whole shop seconds, never negative (RFC 9111 section 5.1)."""
        return max(0, int((at - self.as_of).total_seconds()))
