"""Bodies of requests are bounded in size and time before anybody keeps them: who sends one need not be known yet."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_BYTES_MAX: Final = 2 * 1024 * 1024
"""The largest the API takes, five hundred lines with every letter escaped, has half of it."""

BODY_WAIT_S: Final = 30.0
"""Wall seconds in which a body must have come."""


class BoundedBodies:
    """ASGI middleware: a body that is too large is answered 413, one that takes too long 408, by the application."""

    def __init__(self, app: ASGIApp, *, bytes_max: int = BODY_BYTES_MAX, wait_s: float = BODY_WAIT_S) -> None:
        self._app = app
        self._bytes_max = bytes_max
        self._wait_s = wait_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        bounded = _Body(receive, self._bytes_max, self._wait_s).receive if scope["type"] == "http" else receive
        await self._app(scope, bounded, send)


class _Body:
    """The body of one request as it comes in; what comes after it, the end of the connection, may take for ever."""

    def __init__(self, receive: Receive, bytes_max: int, wait_s: float) -> None:
        self._receive = receive
        self._left = bytes_max
        self._until_s = asyncio.get_running_loop().time() + wait_s
        self._whole = False

    async def receive(self) -> Message:
        """Return the next piece. Raises HTTPException, which the application answers."""
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until_s):
                message = await self._receive()
        except TimeoutError as error:
            raise HTTPException(408) from error
        self._whole = not message.get("more_body", False)
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise HTTPException(413)
        return message
