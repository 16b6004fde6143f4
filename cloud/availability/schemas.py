"""Availability as it is told."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from cloud.availability.model import Status, StockRow

PAIRS_MAX = 500
"""So many SKU-store pairs may be asked at once (IBM stops at 100; ecosystem's proposal is 500)."""

SkuText = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00]*$", examples=["oolong-500"])]
StoreText = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00]*$", examples=["corner-shop"])]

EXAMPLE_ANSWER: JsonDict = {
    "sku": "oolong-500", "store": "corner-shop", "on_shelf": 7, "unsensed": 0, "backroom": 12, "incoming": 0,
    "reserved": 0, "sellable": 19, "status": "in_stock", "as_of": "2026-01-31T06:00:00Z", "confidence": 0.99,
    "basis": ["ledger", "weight"], "change": 4711,
}  # fmt: skip


class AvailabilityAnswer(BaseModel):
    """How many units of a SKU a store can sell now, where they are, and how sure that is."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_ANSWER]})

    sku: str
    store: str
    on_shelf: int = Field(description="most probable number of units on sensed shelves")
    unsensed: int = Field(description="units on displays without sensors, by the books")
    backroom: int = Field(description="units in the backroom, by the books")
    incoming: int = Field(description="units ordered and not yet received")
    reserved: int = Field(description="units promised to somebody")
    sellable: int = Field(description="units that are there with a probability of 99 % and not promised")
    status: Status = Field(description="3 or more sellable: in_stock; 1 or 2: limited; 0: out_of_stock")
    as_of: datetime = Field(
        description="when the slowest of its sensors last spoke; the Age header tells it in seconds"
    )
    confidence: float = Field(ge=0, le=1, description="probability that on_shelf is exact")
    basis: list[str] = Field(description="what the answer rests on: weight, tag, count, ledger")
    change: int = Field(description="the answer holds at least all changes up to this number")

    @classmethod
    def of(cls, row: StockRow) -> AvailabilityAnswer:
        """Return the row as it is told."""
        return cls(
            sku=row.sku, store=row.store, on_shelf=row.on_shelf, unsensed=row.unsensed, backroom=row.backroom,
            incoming=row.incoming, reserved=row.reserved, sellable=row.sellable, status=row.status, as_of=row.as_of,
            confidence=row.confidence, basis=list(row.basis), change=row.change,
        )  # fmt: skip


class Pair(BaseModel):
    """A SKU in a store."""

    model_config = ConfigDict(extra="forbid")

    sku: SkuText
    store: StoreText


class AvailabilityQuery(BaseModel):
    """Pairs to ask for at once."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"pairs": [{"sku": "oolong-500", "store": "corner-shop"}]}]}
    )

    pairs: list[Pair] = Field(min_length=1, max_length=PAIRS_MAX)


class AvailabilityAnswers(BaseModel):
    """Answers in the order asked; `unknown` names the pairs that have none."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"answers": [EXAMPLE_ANSWER], "unknown": [], "change": 4711}]}
    )

    answers: list[AvailabilityAnswer]
    unknown: list[Pair]
    change: int
