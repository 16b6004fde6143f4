"""Connections that say nothing, or say it without end, are cut: anybody in the network can open one."""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES_MAX: Final = 64 * 1024
"""Request line and headers together; browsers send some hundred bytes, with many cookies some thousand."""

HEAD_WAIT_S: Final = 20.0
"""Wall seconds in which a request must have said what it wants."""


class ImpatientProtocol(HttpToolsProtocol):
    """uvicorn's connection, with bounds on the head of a request; those on its body are `cloud.bodies`."""

    _head_bytes = 0
    _in_head = True
    _cut_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what comes until the head is whole: the parser keeps all of it until then."""
        self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > HEAD_BYTES_MAX:
            self.transport.abort()

    def on_message_begin(self) -> None:
        """Begin to read a head, also of another request on the same connection."""
        super().on_message_begin()
        if not self._in_head:
            self._in_head, self._head_bytes = True, 0
        self._wait()

    def on_headers_complete(self) -> None:
        """Have read a head."""
        self._wait_no_more()
        self._in_head = False
        super().on_headers_complete()

    def _wait(self) -> None:
        if self._cut_timer is None:
            self._cut_timer = self.loop.call_later(HEAD_WAIT_S, self.transport.abort)

    def _wait_no_more(self) -> None:
        if self._cut_timer is not None:
            self._cut_timer.cancel()
            self._cut_timer = None
