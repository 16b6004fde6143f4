"""Tasks, orders and receipts as they are told."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

TaskState = Literal["open", "taken", "done", "verified", "cancelled"]
OrderState = Literal["open", "received", "closed", "cancelled"]
Text = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00]*$")]

# No example has a null: FastAPI leaves nulls out of its document, and the example would be untrue.
EXAMPLE_TASK: JsonDict = {
    "task_id": "tsk_0f1e2d3c4b5a6978", "kind": "refill", "store": "corner-shop", "position": "b1-s1-p1",
    "sku": "oolong-500", "name": "Oolong tea 500 ml", "bay": "b1", "shelf": "b1-s1", "suggested_units": 10,
    "state": "verified", "workable": False, "reason": "2 left of 12, low at 3; 18 in the backroom", "assignee": "mei",
    "done_units": 10, "opened_at": "2026-01-31T06:00:00Z", "taken_at": "2026-01-31T06:01:00Z",
    "done_at": "2026-01-31T06:04:00Z", "closed_at": "2026-01-31T06:04:02Z",
}  # fmt: skip
EXAMPLE_ORDER: JsonDict = {
    "order_id": "ord_0f1e2d3c4b5a6978", "store": "corner-shop", "sku": "oolong-500", "name": "Oolong tea 500 ml",
    "units": 12, "received_units": 12, "state": "closed",
    "reason": "b1-s1-p1: 2 left of 12, low at 3; none in the backroom; 2 cases of 6",
    "opened_at": "2026-01-31T06:00:00Z", "expected_at": "2026-01-31T06:05:00Z",
    "received_at": "2026-01-31T06:04:00Z", "closed_at": "2026-01-31T06:09:00Z",
}  # fmt: skip


class Task(BaseModel):
    """Work for a person. `done` is what a person says, `verified` what the scale says.

    `refill`: carry goods to the shelf. `investigate`: for loss prevention; so many units left the place at once that it
    was swept, and it stays off the restock list until the task is done or half an hour has passed.
    """

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [EXAMPLE_TASK]})

    task_id: str
    kind: Literal["refill", "count", "investigate", "sensor_check"]
    store: str
    position: str
    sku: str
    name: str
    bay: str
    shelf: str
    suggested_units: int = Field(description="units to carry; of an investigation, units that left")
    state: TaskState
    workable: bool = Field(description="it can be done now: for a refill the books have goods in the backroom")
    reason: str
    assignee: str | None
    done_units: int | None
    opened_at: datetime
    taken_at: datetime | None
    done_at: datetime | None
    closed_at: datetime | None


class TaskList(BaseModel):
    """Tasks, oldest first; `next_cursor` asks for the next page."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"tasks": [EXAMPLE_TASK], "next_cursor": "tsk_0f1e2d3c4b5a6978"}]}
    )

    tasks: list[Task]
    next_cursor: str | None


class TakeTask(BaseModel):
    """Who takes the task."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"assignee": "mei"}]})

    assignee: Text


class TaskDone(BaseModel):
    """How many units were put on the shelf (0: the backroom is empty), or found by an investigation."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"units": 10}]})

    units: int = Field(ge=0, le=1_000_000)


class Order(BaseModel):
    """Goods asked of a supplier. `received`: in the backroom; `closed`: the shelves are well again."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [EXAMPLE_ORDER]})

    order_id: str
    store: str
    sku: str
    name: str
    units: int
    received_units: int
    state: OrderState
    reason: str
    opened_at: datetime
    expected_at: datetime | None
    received_at: datetime | None
    closed_at: datetime | None


class OrderList(BaseModel):
    """Orders, oldest first; `next_cursor` asks for the next page."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"orders": [EXAMPLE_ORDER], "next_cursor": "ord_0f1e2d3c4b5a6978"}]}
    )

    orders: list[Order]
    next_cursor: str | None


class Receipt(BaseModel):
    """Goods of an order that arrived in the backroom."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"order_id": "ord_0f1e2d3c4b5a6978", "units": 12}]}
    )

    order_id: Text
    units: int = Field(ge=1, le=1_000_000)
