"""All open pages of this process: one feed of notices wakes the stores that somebody looks at, and only those."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager

from cloud.changes.listening import Away, Back, Heard
from cloud.errors import DATABASE_ERRORS
from contract.clock import Clock
from dashboards.web.live.channel import Channel
from dashboards.web.live.client import Client
from dashboards.web.live.delta import Renderer, Source
from dashboards.web.live.frame import BEAT

logger = logging.getLogger(__name__)

BEAT_EVERY_S = 15.0
"""Wall seconds between two beats: below the patience of proxies and phones."""

LOGINS_EVERY_S = 30.0
"""Wall seconds between two looks whether those who watch may still do so."""

AFTER_BUG_S = 5.0

PAGES_A_LOGIN_MAX = 256
"""So many pages one log-in may have open: a wall of screens does, a script that opens them without end does not."""

Feed = Callable[[], AsyncGenerator[Heard]]
"""Begins to listen to the database."""


class Hub:
    """Hands frames to pages. Everything but `stop` is called on the event loop of `running`."""

    def __init__(self, *, source: Source, renderer: Renderer, clock: Clock, feed: Feed) -> None:
        self._source = source
        self._renderer = renderer
        self._clock = clock
        self._feed = feed
        self._feed_away = False
        self._channels: dict[str, tuple[Channel, asyncio.Task[None]]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow the database and keep streams alive until the end of the block."""
        self._loop = asyncio.get_running_loop()
        works = (self._follow, self._beat, self._watch_logins)
        tasks = [asyncio.create_task(_for_ever(work), name=f"live {work.__name__}") for work in works]
        try:
            yield
        finally:
            self._end_all()
            tasks.extend(task for _, task in self._channels.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def join(self, client: Client) -> bool:
        """Let the page be told from now on, beginning with all it has missed; False: this log-in has too many open."""
        if self._stopping:
            client.end()
            return True
        if sum(one.token == client.token for one in self.clients) >= PAGES_A_LOGIN_MAX:
            return False
        if client.store not in self._channels:
            channel = Channel(client.store, source=self._source, renderer=self._renderer, clock=self._clock)
            channel.feed_away = self._feed_away
            self._channels[client.store] = channel, asyncio.create_task(channel.run(), name=f"live {client.store}")
        self._channels[client.store][0].join(client)
        return True

    def leave(self, client: Client) -> None:
        """Forget the page; a store nobody looks at is no longer followed."""
        client.end()
        channel, task = self._channels.get(client.store, (None, None))
        if channel is None or task is None:
            return
        channel.leave(client)
        if not channel.clients:
            task.cancel()
            del self._channels[client.store]

    def stop(self) -> None:
        """End every stream: a server that stops waits for them. Signal handlers and threads may call this."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end_all)

    @property
    def clients(self) -> Iterator[Client]:
        """All open pages."""
        return (client for channel, _ in tuple(self._channels.values()) for client in channel.clients)

    def _end_all(self) -> None:
        self._stopping = True
        for client in self.clients:
            client.end()

    async def _follow(self) -> None:
        async with aclosing(self._feed()) as feed:
            async for heard in feed:
                if isinstance(heard, Away | Back):
                    self._feed_away = isinstance(heard, Away)
                for channel, _ in self._channels.values():
                    channel.feed_away = self._feed_away
                    channel.wake()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_EVERY_S)
            for client in self.clients:
                client.offer(BEAT)

    async def _watch_logins(self) -> None:
        while True:
            await asyncio.sleep(LOGINS_EVERY_S)
            try:
                await self.end_logins()
            except DATABASE_ERRORS:
                continue  # whoever is logged in stays so until the database says otherwise

    async def end_logins(self) -> None:
        """End the streams of people who logged out, were disabled or lost the store. Raises one of DATABASE_ERRORS."""
        logins = {(client.token, client.store) for client in self.clients}
        if not logins:
            return
        ended = await asyncio.to_thread(self._source.ended, logins)
        for client in self.clients:
            if (client.token, client.store) in ended:
                client.end()


async def _for_ever(work: Callable[[], Awaitable[None]]) -> None:
    """Keep one of the hub's works going: a bug in it must not end live updates for good."""
    while True:
        try:
            await work()
        except Exception:
            logger.exception("live updates stumbled", extra={"event": "live_stumbled"})
        await asyncio.sleep(AFTER_BUG_S)
