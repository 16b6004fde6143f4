"""GET one, POST many: how many can I sell, where, and how sure are we?"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Response

from cloud.access.guard import Needs, check_store
from cloud.access.model import Caller
from cloud.availability import service
from cloud.availability.schemas import AvailabilityAnswer, AvailabilityAnswers, AvailabilityQuery, Pair, StoreText
from cloud.documents import READ_PROBLEMS, SKU, STORE, responses
from cloud.parts import PartsOf

router = APIRouter(prefix="/v1/availability", tags=["availability"])
Reader = Annotated[Caller, Depends(Needs("availability:read"))]


@router.get(
    "/{sku}",
    response_model=AvailabilityAnswer,
    responses={304: {"description": "Not changed since the ETag"}, **responses(*READ_PROBLEMS, STORE, SKU)},
)
async def get_availability(
    caller: Reader,
    parts: PartsOf,
    sku: Annotated[str, Path(max_length=64, examples=["oolong-500"])],
    store: Annotated[StoreText, Query(description="the store's id")],
    if_none_match: Annotated[str | None, Header(description="the ETag of an answer you have")] = None,
) -> Response:
    """Answer for one SKU in one store. `Age` tells in seconds how long ago its slowest sensor spoke."""
    check_store(caller, store)
    row = await service.one(parts, sku, store)
    tag = service.tag_of(row)
    headers = {"ETag": tag, "Age": str(row.age_s(parts.clock.now())), "Cache-Control": "no-cache"}
    if service.matches(tag, if_none_match):
        return Response(status_code=304, headers=headers)
    return Response(AvailabilityAnswer.of(row).model_dump_json(), media_type="application/json", headers=headers)


@router.post("/query", response_model=AvailabilityAnswers, responses=responses(*READ_PROBLEMS))
async def query_availability(caller: Reader, parts: PartsOf, asked: AvailabilityQuery) -> Response:
    """Answer for up to 500 SKU-store pairs from one snapshot. Writes nothing, so it needs no Idempotency-Key."""
    pairs = list(dict.fromkeys((pair.sku, pair.store) for pair in asked.pairs))
    rows, change = await service.many(parts, caller, pairs)
    found = {(row.sku, row.store) for row in rows}
    answers = AvailabilityAnswers(
        answers=[AvailabilityAnswer.of(row) for row in rows],
        unknown=[Pair(sku=sku, store=store) for sku, store in pairs if (sku, store) not in found],
        change=change,
    )
    return Response(answers.model_dump_json(), media_type="application/json")
