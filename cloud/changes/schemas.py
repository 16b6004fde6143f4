"""Changes as they are told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

EXAMPLE_CHANGE: JsonDict = {
    "number": 4711, "kind": "availability", "store": "corner-shop", "subject": "oolong-500",
    "body": {"on_shelf": 7}, "numbered_at": "2026-01-31T06:00:00Z",
}  # fmt: skip


class Change(BaseModel):
    """One change of one answer, task or order: `subject` says of which, `body` how it stood then."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_CHANGE]})

    number: int
    kind: str = Field(description="availability, task or order")
    store: str
    subject: str = Field(description="the SKU, task id or order id")
    body: dict[str, Any]
    numbered_at: datetime


class ChangeList(BaseModel):
    """Changes in their one order; ask again after the `last` of them. `head` is the highest number there is."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"changes": [EXAMPLE_CHANGE], "last": 4711, "head": 4711}]}
    )

    changes: list[Change]
    last: int
    head: int
