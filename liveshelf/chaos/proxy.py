"""A TCP proxy that can be told to be a bad network: late, reset, deaf in one direction, or a hole that swallows all.

What a way has swallowed is missing in its stream for good, so a connection that lost bytes is reset when the network
is well again, as the end of a real one's patience would do.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, cast

HOST = "127.0.0.1"
CHUNK_BYTES = 65_536
RESET_AT_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: closing sends RST (socket(7))."""

Way = Literal["up", "down"]
"""Towards the server, towards the client."""

Upstream = int | Path
"""A port of this machine, or a unix socket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What is wrong with a line: each chunk comes `delay_s` late; what goes a way in `swallows` never arrives."""

    delay_s: float = 0.0
    swallows: tuple[Way, ...] = ()


WELL = Trouble()


@dataclass(eq=False, slots=True)
class _Connection:
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    lost_bytes: bool = False

    def reset(self) -> None:
        for writer in (self.client, self.server):
            wire = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                if wire is not None and wire.family != socket.AF_UNIX:
                    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
            writer.transport.abort()


class Proxy:
    """One line: a port of its own, and the server behind it. Everything here runs on one event loop."""

    def __init__(self, upstream: Upstream) -> None:
        self.port = 0
        self._upstream = upstream
        self._trouble = WELL
        self._well = asyncio.Event()
        self._well.set()
        self._connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def trouble(self, trouble: Trouble) -> None:
        """Let the line be like this from now on, for the connections there are and for new ones."""
        self._trouble = trouble
        self._well.clear()

    def heal(self) -> None:
        """Let the line be well again; connections that lost bytes are reset."""
        self._trouble = WELL
        self._well.set()
        for connection in [one for one in self._connections if one.lost_bytes]:
            connection.reset()

    def reset(self) -> None:
        """Reset every connection there is (RST to both sides); new ones are welcome."""
        for connection in list(self._connections):
            connection.reset()

    async def close(self) -> None:
        """Stop listening and reset what is left."""
        if self._server is not None:
            self._server.close()
        self.reset()
        self._well.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server_reader, server_writer = await self._dial()
        except OSError:  # nobody listens behind us: the client is told at once, as by the machine itself
            writer.transport.abort()
            return
        connection = _Connection(writer, server_writer)
        self._connections.add(connection)
        ways = [
            asyncio.create_task(self._carry(connection, reader, server_writer, "up")),
            asyncio.create_task(self._carry(connection, server_reader, writer, "down")),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._connections.discard(connection)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for end in (writer, server_writer):
                end.close()

    async def _dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._upstream, Path):
            return await asyncio.open_unix_connection(self._upstream)
        return await asyncio.open_connection(HOST, self._upstream)

    async def _carry(
        self, connection: _Connection, source: asyncio.StreamReader, sink: asyncio.StreamWriter, way: Way
    ) -> None:
        with contextlib.suppress(OSError):
            while chunk := await source.read(CHUNK_BYTES):
                if self._trouble.delay_s:
                    await asyncio.sleep(self._trouble.delay_s)
                if way in self._trouble.swallows:
                    connection.lost_bytes = True
                else:
                    sink.write(chunk)
                    await sink.drain()
        if way in self._trouble.swallows:  # the end of a connection is a packet like any other
            connection.lost_bytes = True
            await self._well.wait()


class Proxies:
    """Proxies by name, on an event loop in a thread of its own; every method is for any other thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxies", daemon=True)
        self._proxies: dict[str, Proxy] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wait(asyncio.run_coroutine_threadsafe(self._close(), self._loop))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def open(self, name: str, upstream: Upstream) -> int:
        """Open a line to a server, which need not run yet; return its port."""
        return cast("int", self._wait(asyncio.run_coroutine_threadsafe(self._open(name, upstream), self._loop)))

    def trouble(self, name: str, trouble: Trouble) -> None:
        """Let a line be like this from now on."""
        self._do(lambda: self._proxies[name].trouble(trouble))

    def heal(self, name: str) -> None:
        """Let a line be well again."""
        self._do(self._proxies[name].heal)

    def reset(self, name: str) -> None:
        """Reset every connection of a line."""
        self._do(self._proxies[name].reset)

    async def _open(self, name: str, upstream: Upstream) -> int:
        proxy = self._proxies[name] = Proxy(upstream)
        await proxy.start()
        return proxy.port

    async def _close(self) -> None:
        for proxy in self._proxies.values():
            await proxy.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _do(self, action: Callable[[], None]) -> None:
        async def act() -> None:
            action()

        self._wait(asyncio.run_coroutine_threadsafe(act(), self._loop))

    @staticmethod
    def _wait(future: Future[object]) -> object:
        return future.result(timeout=10.0)
