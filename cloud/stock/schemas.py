"""Till sales and counts as they are told."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from cloud.catalog.model import CountPlace

LINES_MAX = 500
"""A receipt of a till has fewer lines."""

Text = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00]*$")]
Units = Annotated[int, Field(ge=1, le=1_000_000)]


class SaleLine(BaseModel):
    """Units of one SKU that were paid for."""

    model_config = ConfigDict(extra="forbid")

    sku: Text
    units: Units


class TillSale(BaseModel):
    """What a till sold; lines of one SKU are added up."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "store": "corner-shop",
                    "sale_id": "till-1-000042",
                    "sold_at": "2026-01-31T06:00:00Z",
                    "lines": [{"sku": "oolong-500", "units": 1}],
                }
            ]
        },
    )

    store: Text
    sale_id: Text
    sold_at: AwareDatetime
    lines: list[SaleLine] = Field(min_length=1, max_length=LINES_MAX)


class TillSaleTaken(BaseModel):
    """The sale is in the books; `known` when it was before."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"store": "corner-shop", "sale_id": "till-1-000042", "known": False}]}
    )

    store: str
    sale_id: str
    known: bool


class Count(BaseModel):
    """Units a person counted at a place; the backroom has no position."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "store": "corner-shop",
                    "place": "backroom",
                    "position": "",
                    "sku": "oolong-500",
                    "units": 11,
                    "counted_by": "mei",
                }
            ]
        },
    )

    store: Text
    place: CountPlace
    position: str = Field(default="", max_length=64, pattern=r"^[^\x00]*$")
    sku: Text
    units: int = Field(ge=0, le=1_000_000)
    counted_by: Text


class CountTaken(BaseModel):
    """The count is evidence now; `correction` is by how many units it changed the books."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"count_id": 12, "holds_from": "2026-01-31T06:00:00Z", "correction": -1}]}
    )

    count_id: int
    holds_from: datetime
    correction: int
