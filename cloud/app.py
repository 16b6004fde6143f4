"""The API: routes of the features, one shape of errors, one way in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from prometheus_client import CollectorRegistry

from cloud import health
from cloud.availability import routes as availability
from cloud.bodies import BoundedBodies
from cloud.changes import routes as changes
from cloud.devices import routes as devices
from cloud.documents import ProblemBody
from cloud.parts import open_parts
from cloud.problems import add_handlers
from cloud.replenishment import routes as replenishment
from cloud.settings import CloudSettings
from cloud.stock import routes as stock
from cloud.watching import Watching
from contract.clock import Clock

TITLE = "LiveShelf"
VERSION = "1.1.0"
"""Of the API, not of the program: it rises when the document changes."""

DESCRIPTION = """Live stock of smart shelves: how many can I sell, where, and how sure are we?

Send your API key as `Authorization: Bearer lsk_…`. Every POST that writes needs an `Idempotency-Key` of your own;
the same key with the same request gives the same answer again, marked `Idempotent-Replayed: true`. Errors are
RFC 9457 problem+json with a stable `code`. Times are RFC 3339 UTC."""

TAGS = [
    {"name": "availability", "description": "How many units a store can sell now, where, and how sure that is."},
    {"name": "replenishment", "description": "Refill tasks for staff, orders for suppliers, receipts."},
    {"name": "stock", "description": "What tills sold and people counted."},
    {"name": "devices", "description": "Devices and their health, calibration sheets, commands."},
    {"name": "changes", "description": "Everything that changed, in one order."},
    {"name": "health", "description": "Whether the API lives and is ready; no key needed."},
]


def make_app(settings: CloudSettings, clock: Clock) -> FastAPI:
    """Return the API. It opens its database pools when it starts and closes them when it stops."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_parts(settings, clock) as parts:
            app.state.parts = parts
            yield

    app = FastAPI(
        title=TITLE, version=VERSION, lifespan=lifespan, docs_url=None, redoc_url=None,
        generate_unique_id_function=_operation_id,
    )  # fmt: skip
    app.state.registry = CollectorRegistry()
    for feature in (availability, replenishment, stock, devices, changes, health):
        app.include_router(feature.router)
    add_handlers(app)
    app.add_middleware(BoundedBodies)
    app.add_middleware(Watching, registry=app.state.registry)
    app.openapi = lambda: document(app)  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    return app


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of the API."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=TITLE, version=VERSION, description=DESCRIPTION, tags=TAGS, routes=app.routes,
            openapi_version="3.1.0", license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        )  # fmt: skip
        problem = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
        made["components"]["schemas"]["ProblemBody"] = problem
        app.openapi_schema = made
    return app.openapi_schema


def _operation_id(route: APIRoute) -> str:
    return route.name
