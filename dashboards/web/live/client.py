"""One open page: the chunks that wait for it, and the bound beyond which it is let go."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from cloud.shelves.model import Heads
from dashboards.web.language import Language
from dashboards.web.live.frame import OPENING

CHUNKS_MAX = 32
BYTES_MAX = 256 * 1024
"""A page this far behind is let go; it comes back by itself and is told all it missed in one frame."""


class Client:
    """A page that is open in a browser. `told` is how far it knows the store (None: that cannot be told), `down` the
    banner it shows (None: not told yet), `token` its log-in.

    What waits for it is bounded: `offer` never blocks, so no page can hold up another.
    """

    def __init__(self, *, store: str, language: Language, told: Heads | None, token: str) -> None:
        self.store = store
        self.language = language
        self.told = told
        self.token = token
        self.down: str | None = None
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._ended = False
        self._news = asyncio.Event()

    @property
    def ended(self) -> bool:
        """Nothing more will be said to this page."""
        return self._ended

    def offer(self, chunk: bytes) -> bool:
        """Let a chunk wait for the page; False when the page had to be let go because too much waits already.

        A chunk alone may be of any size: all that a large store missed must come through in one.
        """
        if self._ended:
            return False
        if self._waiting and (len(self._waiting) >= CHUNKS_MAX or self._bytes + len(chunk) > BYTES_MAX):
            self._waiting.clear()
            self.end()
            return False
        self._waiting.append(chunk)
        self._bytes += len(chunk)
        self._news.set()
        return True

    def end(self) -> None:
        """End the stream after what already waits."""
        self._ended = True
        self._news.set()

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield what is to be sent, until the end."""
        yield OPENING
        while True:
            while self._waiting:
                chunk = self._waiting.popleft()
                self._bytes -= len(chunk)
                yield chunk
            if self._ended:
                return
            self._news.clear()
            await self._news.wait()
