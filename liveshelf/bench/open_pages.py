"""Pages that are open in browsers, without the browsers: streams held open, and when each event was in them."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit

CONNECT_S = 30.0
LANGUAGES = ("en", "zh-Hans")
FRAME = b"event: frame"
# A happening of a sensor in a frame: its HTML stands in a JSON string.
EVENT_KEY = re.compile(rb'data-key=\\"event:([^"\\]+)\\"')


@dataclass
class OpenPages:
    """`count` streams of a store, held by one event loop in a thread of its own.

    `arrived_s` says by event id when each page had it (monotonic seconds); `frame_bytes` are the sizes of all frames of
    all pages, `cut` how many streams ended before they were closed.
    """

    url: str
    store: str
    cookie: str
    after: str
    count: int
    arrived_s: dict[str, list[float]] = field(default_factory=dict)
    frame_bytes: list[int] = field(default_factory=list)
    cut: int = 0

    def __post_init__(self) -> None:
        self._opened = threading.Semaphore(0)
        self._failure: Exception | None = None
        self._loop = asyncio.new_event_loop()
        self._done = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="open-pages", daemon=True)

    def open(self) -> None:
        """Open all pages; return when each has been told something. Raises what went wrong."""
        self._thread.start()
        deadline = time.monotonic() + CONNECT_S
        for _ in range(self.count):
            if not self._opened.acquire(timeout=max(0.0, deadline - time.monotonic())):
                raise TimeoutError(f"not all of {self.count} pages were told something") from self._failure

    def close(self) -> None:
        """Close all pages."""
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(CONNECT_S)

    def latencies_ms(self, declared_s: Mapping[str, float], *, until_s: float) -> tuple[list[float], int]:
        """Return wall milliseconds from rest declared to each page, and how many pages missed an event declared before
        `until_s`; `declared_s` by event id and both on this machine's monotonic clock.
        """
        found: list[float] = []
        missed = 0
        for event, at_s in declared_s.items():
            arrived = self.arrived_s.get(event, [])
            found.extend((seen_s - at_s) * 1000 for seen_s in arrived)
            missed += max(0, self.count - len(arrived)) if at_s < until_s else 0
        return found, missed

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._watch_all())

    async def _watch_all(self) -> None:
        pages = [asyncio.create_task(self._watch(number)) for number in range(self.count)]
        await self._done.wait()
        for page in pages:
            page.cancel()
        await asyncio.gather(*pages, return_exceptions=True)

    async def _watch(self, number: int) -> None:
        address = urlsplit(self.url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        try:
            path = f"/stores/{self.store}/live?lang={LANGUAGES[number % len(LANGUAGES)]}&after={self.after}"
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\nCookie: {self.cookie}\r\n\r\n".encode())
            status = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1]
            assert status == b"200", f"the stream was answered {status.decode()}"
            await self._read(reader)
            self.cut += 1
        except (OSError, EOFError, ValueError, AssertionError) as error:
            self.cut += 1
            self._failure = error
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        """Read chunks until the last (RFC 9112 section 7.1); the server sends each frame as one."""
        told = False
        while size := int(await reader.readline(), 16):
            chunk = await reader.readexactly(size + 2)
            now_s = time.monotonic()
            if FRAME not in chunk[:200]:
                continue
            self.frame_bytes.append(size)
            for event in _events(chunk):
                self.arrived_s.setdefault(event, []).append(now_s)
            if not told:
                told = True
                self._opened.release()


@lru_cache(maxsize=8)
def _events(chunk: bytes) -> frozenset[str]:
    """Return the ids of the events in a frame; hundreds of pages are sent the same one."""
    return frozenset(key.decode() for key in EVENT_KEY.findall(chunk))
