"""The change feed: everything that changed after a number, in one order for every channel."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from cloud.access.guard import Needs
from cloud.access.model import Caller
from cloud.changes import repository
from cloud.changes.schemas import Change, ChangeList
from cloud.documents import CHANGES_PRUNED, READ_PROBLEMS, responses
from cloud.errors import ChangesPruned
from cloud.parts import PartsOf

router = APIRouter(prefix="/v1", tags=["changes"])


@router.get("/changes", responses=responses(*READ_PROBLEMS, CHANGES_PRUNED))
async def list_changes(
    caller: Annotated[Caller, Depends(Needs("availability:read"))],
    parts: PartsOf,
    after: Annotated[int, Query(ge=0, le=2**62, description="the number of the last change you have")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> ChangeList:
    """List the changes of the key's stores after a number. Numbers of other stores are left out, so they may jump.

    Changes are kept for 30 days. A reader that was away for longer is told the `oldest` number there is: it reads the
    answers themselves and follows from there.
    """
    async with parts.reads.connection() as link:
        head, oldest, rows = await repository.changes(link, after=after, stores=caller.stores, limit=limit)
    if after < oldest - 1:
        raise ChangesPruned(f"after: found {after}, expected {oldest - 1} or more", oldest=oldest)
    columns = ("number", "kind", "store", "subject", "body", "numbered_at")
    changes = [Change.model_validate(dict(zip(columns, row, strict=True))) for row in rows]
    last = changes[-1].number if len(changes) == limit else max(after, head)
    return ChangeList(changes=changes, last=last, head=head)
