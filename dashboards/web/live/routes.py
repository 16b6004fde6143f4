"""The stream of a store: server-sent events (WHATWG HTML, section 9.2) for as long as the page is open."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Header, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from cloud.shelves import service as shelves
from cloud.shelves.model import Heads
from dashboards.web.language import as_language
from dashboards.web.live.client import Client
from dashboards.web.live.hub import Hub
from dashboards.web.visit import SESSION_COOKIE, StoreUnknown, Visiting

router = APIRouter()

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""No cache keeps a stream, and no proxy gathers its frames (nginx, ngx_http_proxy_module)."""


class LiveResponse(StreamingResponse):
    """The stream of one page; the hub knows the page for exactly as long as the response lasts."""

    media_type = "text/event-stream"

    def __init__(self, hub: Hub, client: Client) -> None:
        super().__init__(client.chunks(), headers=HEADERS)
        self._hub = hub
        self._client = client

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the page closes, is let go, or the server stops."""
        if not self._hub.join(self._client):
            await Response(status_code=429, headers={"Retry-After": "10"})(scope, receive, send)
            return
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._hub.leave(self._client)


@router.get("/stores/{store}/live")
def live(
    visit: Visiting, request: Request, store: str, *, lang: str = "", after: str = "", probe: bool = False,
    last_event_id: Annotated[str, Header()] = "",
) -> Response:  # fmt: skip
    """Stream what changes in a store, from the page's own id on; with `probe`, only tell whether one may.

    A browser's EventSource cannot tell a log-in that ended from a server that is away; `probe` can.
    """
    visit.needs("shelves:see", store)
    with visit.parts.writes.connection() as link:
        if all(known.store != store for known in shelves.stores(link)):
            raise StoreUnknown(store)  # whoever may see all stores may not have one followed that is none
    if probe:
        return Response(status_code=204)
    client = Client(
        store=store,
        language=as_language(lang) or visit.language,
        told=Heads.parse(last_event_id or after),
        token=request.cookies[SESSION_COOKIE],
    )
    return LiveResponse(cast("Hub", request.app.state.hub), client)
