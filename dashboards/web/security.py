"""What every page tells the browser it may do, and how a form proves that it came from our own page."""

from __future__ import annotations

import hmac
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Content Security Policy Level 3 (W3C): no inline script, no other host."""

HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

SAME_SITE: Final = frozenset({"same-origin", "none"})


class SecurityHeaders:
    """ASGI middleware that adds HEADERS to every answer, and keeps pages, which are about now, out of caches."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, secured if scope["type"] == "http" else send)


def came_from_us(headers: Headers) -> bool:
    """Tell whether the browser says that our own page, or the visitor's hand, sent the request.

    Browsers that send no Fetch Metadata (W3C) are judged by the form's token alone.
    """
    return headers.get("sec-fetch-site", "same-origin") in SAME_SITE


def tokens_match(expected: str, given: str | None) -> bool:
    """Compare form tokens in constant time."""
    return hmac.compare_digest(expected.encode(), (given or "").encode())
