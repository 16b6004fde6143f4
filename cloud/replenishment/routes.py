"""Tasks for staff, orders for suppliers, receipts at the back door."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse
from psycopg import Connection
from psycopg.rows import TupleRow

from cloud.access.guard import Needs, check_store
from cloud.access.model import Caller
from cloud.documents import ORDER, READ_PROBLEMS, STALE, STORE, TASK, WRITE_PROBLEMS, InvalidRequest, responses
from cloud.errors import UnknownOrder, UnknownTask
from cloud.idempotency.guard import StockWriting, TaskWriting, response
from cloud.parts import PartsOf
from cloud.replenishment import repository, service
from cloud.replenishment.schemas import (
    Order,
    OrderList,
    OrderState,
    Receipt,
    TakeTask,
    Task,
    TaskDone,
    TaskList,
    TaskState,
)

router = APIRouter(prefix="/v1", tags=["replenishment"])

Store = Annotated[
    str, Query(description="the store's id", max_length=64, pattern=r"^[^\x00]*$", examples=["corner-shop"])
]
State = Annotated[
    str | None, Query(description="states separated by commas; all when left out", examples=["open,taken"])
]
Limit = Annotated[int, Query(ge=1, le=500)]
Cursor = Annotated[
    str | None, Query(description="next_cursor of the page before", max_length=64, pattern=r"^[^\x00]*$")
]


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for."""

    state: State = None
    limit: Limit = 100
    cursor: Cursor = None


@router.get("/tasks", response_model=TaskList, responses=responses(*READ_PROBLEMS, STORE))
def list_tasks(
    caller: Annotated[Caller, Depends(Needs("tasks:read"))],
    parts: PartsOf,
    store: Store,
    page: Annotated[Page, Depends()],
) -> TaskList:
    """List the tasks of a store, oldest first."""
    check_store(caller, store)
    states = _states(page.state, get_args(TaskState))
    with parts.writes.connection() as link:
        rows = repository.tasks(link, store, states=states, cursor=page.cursor, limit=page.limit + 1)
    following = rows[page.limit - 1].task_id if len(rows) > page.limit else None
    return TaskList(tasks=[Task.model_validate(row) for row in rows[: page.limit]], next_cursor=following)


@router.get("/replenishment-orders", response_model=OrderList, responses=responses(*READ_PROBLEMS, STORE))
def list_replenishment_orders(
    caller: Annotated[Caller, Depends(Needs("orders:read"))],
    parts: PartsOf,
    store: Store,
    page: Annotated[Page, Depends()],
) -> OrderList:
    """List the replenishment orders of a store, oldest first."""
    check_store(caller, store)
    states = _states(page.state, get_args(OrderState))
    with parts.writes.connection() as link:
        rows = repository.orders(link, store, states=states, cursor=page.cursor, limit=page.limit + 1)
    following = rows[page.limit - 1].order_id if len(rows) > page.limit else None
    return OrderList(orders=[Order.model_validate(row) for row in rows[: page.limit]], next_cursor=following)


@router.post("/tasks/{task_id}/take", response_model=Task, responses=responses(*WRITE_PROBLEMS, TASK, STALE))
def take_task(writing: TaskWriting, task_id: str, asked: TakeTask) -> JSONResponse:
    """Take an open task. A task that is no longer open answers 409 with the task as it stands."""
    at = writing.parts.clock.now()

    def work(link: Connection[TupleRow]) -> tuple[int, Task]:
        _check_task(link, writing.caller, task_id)
        return 200, Task.model_validate(service.take(link, task_id, assignee=asked.assignee, at=at))

    return response(writing.once(work))


@router.post("/tasks/{task_id}/done", response_model=Task, responses=responses(*WRITE_PROBLEMS, TASK, STALE))
def finish_task(writing: TaskWriting, task_id: str, asked: TaskDone) -> JSONResponse:
    """Say how many units were put on the shelf; the scale verifies it. 0 units: the backroom is empty, so order.

    An investigation is closed by this; the place may be restocked again.
    """
    at = writing.parts.clock.now()

    def work(link: Connection[TupleRow]) -> tuple[int, Task]:
        _check_task(link, writing.caller, task_id)
        return 200, Task.model_validate(service.done(link, task_id, units=asked.units, at=at))

    return response(writing.once(work))


@router.post("/receipts", status_code=201, response_model=Order, responses=responses(*WRITE_PROBLEMS, ORDER, STALE))
def post_receipt(writing: StockWriting, receipt: Receipt) -> JSONResponse:
    """Tell that goods of an order arrived in the backroom; shelves still short become refill tasks."""
    at = writing.parts.clock.now()

    def work(link: Connection[TupleRow]) -> tuple[int, Order]:
        found = repository.order(link, receipt.order_id)
        if found is None or not writing.caller.knows(found.store):
            raise UnknownOrder(f"no order {receipt.order_id!r}")
        return 201, Order.model_validate(service.receive(link, receipt.order_id, units=receipt.units, at=at))

    return response(writing.once(work))


def _check_task(link: Connection[TupleRow], caller: Caller, task_id: str) -> None:
    found = repository.task(link, task_id)
    if found is None or not caller.knows(found.store):
        raise UnknownTask(f"no task {task_id!r}")


def _states(asked: str | None, known: Sequence[str]) -> list[str] | None:
    if asked is None:
        return None
    states = [state.strip() for state in asked.split(",")]
    unknown = [state for state in states if state not in known]
    if unknown:
        raise InvalidRequest(f"state: found {unknown[0]!r}, expected some of {', '.join(known)}")
    return states
