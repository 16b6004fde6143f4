"""The header every writing POST carries, as a dependency of its route."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse

from cloud.access.guard import Needs
from cloud.access.model import Caller
from cloud.idempotency.service import Answer, Writing, check_key, hash_of
from cloud.parts import PartsOf

REPLAYED_HEADER = "Idempotent-Replayed"
"""Says `true` on an answer that was given before (Stripe's name for it)."""


async def _writing(request: Request, parts: PartsOf, caller: Caller, key: str | None) -> Writing:
    hashed = hash_of(request.method, request.url.path, await request.body())
    return Writing(parts=parts, caller=caller, key=check_key(key), request_hash=hashed)


KeyHeader = Annotated[
    str | None,
    Header(alias="Idempotency-Key", description="any text of your own, new for each thing you want done (required)"),
]


async def _stock_writing(
    request: Request, parts: PartsOf, caller: Annotated[Caller, Depends(Needs("stock:write"))], key: KeyHeader = None
) -> Writing:
    return await _writing(request, parts, caller, key)


async def _task_writing(
    request: Request, parts: PartsOf, caller: Annotated[Caller, Depends(Needs("tasks:write"))], key: KeyHeader = None
) -> Writing:
    return await _writing(request, parts, caller, key)


async def _device_writing(
    request: Request, parts: PartsOf, caller: Annotated[Caller, Depends(Needs("devices:write"))], key: KeyHeader = None
) -> Writing:
    return await _writing(request, parts, caller, key)


DeviceWriting = Annotated[Writing, Depends(_device_writing)]
StockWriting = Annotated[Writing, Depends(_stock_writing)]
TaskWriting = Annotated[Writing, Depends(_task_writing)]


def response(answer: Answer) -> JSONResponse:
    """Return the answer as JSON, marked when it is a replay."""
    headers = {REPLAYED_HEADER: "true"} if answer.replayed else None
    return JSONResponse(answer.body, status_code=answer.status, headers=headers)
