"""Around every request: an id for the logs and the caller, and a count and a duration for the metrics."""

from __future__ import annotations

import re
import secrets
import time

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUEST_ID_HEADER = b"x-request-id"
_GIVEN = re.compile(rb"^[A-Za-z0-9_-]{8,64}$")
BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""The promises of the design lie at 20, 100 and 250 ms."""


class Watching:
    """ASGI middleware; labels are route templates, so that their number is bounded."""

    def __init__(self, app: ASGIApp, *, registry: CollectorRegistry) -> None:
        self._app = app
        labels = ("method", "route", "status")
        self._requests = Counter("liveshelf_api_requests", "Requests answered", labels, registry=registry)
        self._seconds = Histogram(
            "liveshelf_api_request_seconds", "Wall seconds to answer", ("route",), buckets=BUCKETS_S, registry=registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope["request_id"] = request_id
        status = 500
        began = time.perf_counter()

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message.setdefault("headers", []).append((REQUEST_ID_HEADER, request_id.encode()))
            await send(message)

        try:
            await self._app(scope, receive, named)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if route != "none" else "none"
            self._requests.labels(method, route, str(status)).inc()
            self._seconds.labels(route).observe(time.perf_counter() - began)


def _request_id(scope: Scope) -> str:
    """A caller's own id is kept when it is a harmless one, so that its logs and ours agree."""
    for name, value in scope["headers"]:
        if name == REQUEST_ID_HEADER and _GIVEN.match(value):
            return str(value.decode())
    return f"req_{secrets.token_hex(8)}"
