"""Whether the API lives, whether it can answer, and how it fares: open to whoever runs it."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from pydantic import BaseModel

from cloud.documents import responses
from cloud.errors import DatabaseAway
from cloud.parts import PartsOf

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """It does."""

    status: str = "ok"


@router.get("/livez", summary="The process answers")
async def livez() -> Health:
    """Tell that the process answers; it asks nothing of the database."""
    return Health()


@router.get("/readyz", responses=responses(DatabaseAway()), summary="The database answers")
async def readyz(parts: PartsOf) -> Health:
    """Tell that the database answers and has the tables."""
    async with parts.reads.connection() as link:
        await link.execute("SELECT number FROM change_head")
    return Health()


@router.get("/metrics", response_class=Response, summary="Figures for Prometheus")
async def metrics(request: Request) -> Response:
    """Return the figures in Prometheus' text format."""
    registry: CollectorRegistry = request.app.state.registry
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
