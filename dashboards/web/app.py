"""The site: pages and the API on one port, told apart by path, over the same pools."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from cloud import app as api
from cloud.bodies import BoundedBodies
from cloud.changes.listening import listen
from cloud.parts import open_parts
from cloud.settings import CloudSettings
from contract.clock import Clock
from dashboards.settings import WebSettings
from dashboards.web import files
from dashboards.web.availability import routes as availability
from dashboards.web.demo import routes as demo
from dashboards.web.devices import routes as devices
from dashboards.web.errors import add_handlers
from dashboards.web.fitting import routes as fitting
from dashboards.web.home import routes as home
from dashboards.web.live import routes as live
from dashboards.web.live.hub import Hub
from dashboards.web.live.reading import Reading
from dashboards.web.live.rendering import Templates
from dashboards.web.login import routes as login
from dashboards.web.losses import routes as losses
from dashboards.web.map import routes as map_area
from dashboards.web.people import routes as people
from dashboards.web.restock import routes as restock
from dashboards.web.security import SecurityHeaders
from dashboards.web.shelf import routes as shelf
from dashboards.web.system import routes as system

API_PATHS = ("/v1/", "/livez", "/readyz", "/metrics", "/openapi.json")
AREAS = (
    home, login, live, losses, map_area, people, restock, shelf, availability, system, devices, fitting, demo, files
)  # fmt: skip


class Site:
    """An ASGI application: paths of the API go to the API, all others to the pages."""

    def __init__(self, pages: FastAPI, api_app: ASGIApp) -> None:
        self.pages = pages
        self._secured = SecurityHeaders(pages)  # around all of it: also around the page that says that one broke
        self._api = api_app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, or the start and stop of the server."""
        to_api = scope["type"] == "http" and scope["path"].startswith(API_PATHS)
        await (self._api if to_api else self._secured)(scope, receive, send)

    def stop(self) -> None:
        """End the streams, which never end by themselves; called from a signal handler."""
        hub: Hub | None = getattr(self.pages.state, "hub", None)
        if hub is not None:
            hub.stop()


def make_site(settings: CloudSettings, web: WebSettings, clock: Clock) -> Site:
    """Return the site. It opens its database pools when it starts and closes them when it stops."""
    api_app = api.make_app(settings, clock)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_parts(settings, clock) as parts:
            app.state.parts = api_app.state.parts = parts
            hub = Hub(
                source=Reading(parts), renderer=Templates(), clock=clock, feed=lambda: listen(settings.database_url)
            )
            async with hub.running():
                app.state.hub = hub
                yield

    pages = FastAPI(lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None)
    pages.state.settings = web
    for area in AREAS:
        pages.include_router(area.router)
    add_handlers(pages)
    pages.add_middleware(BoundedBodies)
    pages.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5)
    return Site(pages, api_app)
