"""One store and its open pages: look, draw once a language, hand the same bytes to all; what is missed is told later.

Every page has its `told`: how far it knows the store. A round brings all pages to the same moment. A page that has just
come, or come back, is only one that is further behind; a database that was away leaves every page where it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

import msgspec

from cloud.errors import DATABASE_ERRORS
from cloud.shelves.model import Conditions, Heads
from contract.clock import Clock
from dashboards.web.language import Language
from dashboards.web.live.client import Client
from dashboards.web.live.delta import Drawn, Look, Renderer, Source
from dashboards.web.live.frame import EMPTY, RELOAD, Frame, ShopTime, encode
from dashboards.web.live.pace import Pace

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
"""Wall seconds after which conditions are looked at again; a notice that got lost is made up for then too."""

AGAIN_S = 0.25
"""Wall seconds before a look that failed is tried again: a restart of the database leaves stale connections behind."""

AFTER_BUG_S = 5.0


@dataclass(frozen=True, slots=True)
class Group:
    """Pages that can be given the same bytes: they read the same language, know the same and show the same banner."""

    language: Language
    since: Heads | None
    down: str | None


@dataclass(frozen=True, slots=True)
class Round:
    """What a round found: the store's present, the banner a language, the bytes a group (None: nothing changed).

    `shown` is what pages that were in the round before show by now, a language.
    """

    heads: Heads
    conditions: Conditions
    banners: Mapping[Language, str]
    chunks: Mapping[Group, bytes | None]
    shown: Mapping[Language, Mapping[str, str]]


class Channel:
    """The open pages of one store. `run` follows the store until cancelled."""

    def __init__(self, store: str, *, source: Source, renderer: Renderer, clock: Clock) -> None:
        self.store = store
        self.feed_away = False
        self._source = source
        self._renderer = renderer
        self._clock = clock
        self._clients: set[Client] = set()
        self._told: Heads | None = None
        self._shown: Mapping[Language, Mapping[str, str]] = {}
        self._conditions: Conditions | None = None
        self._looked_s = 0.0
        self._news = asyncio.Event()
        self._pace = Pace()

    @property
    def clients(self) -> Collection[Client]:
        """The open pages."""
        return tuple(self._clients)

    def join(self, client: Client) -> None:
        """Tell this page too, from where it stands."""
        self._clients.add(client)
        self._news.set()

    def leave(self, client: Client) -> None:
        """Tell this page no more."""
        self._clients.discard(client)

    def wake(self) -> None:
        """Look soon: something was committed, or the database went or came back."""
        self._news.set()

    async def run(self) -> None:
        """Follow the store."""
        while True:
            self._news.clear()
            began_s = time.monotonic()
            rest_s = LOOK_EVERY_S
            try:
                await self.round()
            except DATABASE_ERRORS:
                rest_s = self.failed()
            except Exception:
                logger.exception("frame not made", extra={"event": "frame_not_made", "store": self.store})
                await asyncio.sleep(AFTER_BUG_S)
            self._pace.made(began_s, time.monotonic())
            await self._rest(rest_s)

    async def _rest(self, rest_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(rest_s):
                await self._news.wait()
        await asyncio.sleep(max(0.0, self._pace.next_s() - time.monotonic()))

    async def round(self) -> None:
        """Bring every page to the present. Raises one of DATABASE_ERRORS."""
        groups = grouped(self._clients, self._told)
        began_s = time.monotonic()
        due = self._conditions is None or began_s - self._looked_s >= LOOK_EVERY_S
        found = await asyncio.to_thread(self._look, tuple(groups), self._conditions if not due else None)
        if due:
            self._conditions, self._looked_s = found.conditions, began_s
        self._told, self._shown = found.heads, found.shown
        for group, members in groups.items():
            for client in members:
                _deliver(client, found.chunks[group])
                client.told, client.down = found.heads, found.banners[group.language]

    def failed(self) -> float:
        """Take note that the database did not answer; return the wall seconds until the next try.

        Pages are told once the feed has lost the database too: a pool that is only busy is no news for a shop. Nobody
        asks the database anything for that.
        """
        if not self.feed_away:
            return AGAIN_S
        self._conditions = None
        for language in {client.language for client in self._clients}:
            banner = self._renderer.database_away(language)
            chunk = encode(Frame(down=banner), None)
            for client in self._clients:
                if client.language == language and client.down != banner:
                    _deliver(client, chunk)
                    client.down = banner
        return LOOK_EVERY_S

    def _look(self, groups: Collection[Group], conditions: Conditions | None) -> Round:
        """Look and draw, in a thread; `conditions` are those of a moment ago, or None to look at them again."""
        told = {group.since for group in groups if group.since is not None}
        look = self._source.look(self.store, told, conditions=conditions is None)
        conditions = conditions or look.conditions
        assert conditions is not None, "they were asked for"
        banners = {group.language: "" for group in groups}
        for language in banners:
            banners[language] = self._renderer.down(self.store, language, conditions)
        drawn: dict[tuple[Language, Heads | None], Drawn] = {}
        for language, since in {(group.language, group.since) for group in groups}:
            if since is not None and since in look.deltas:
                drawn[language, since] = self._renderer.draw(self.store, language, look.deltas[since])
        clock = ShopTime(round(self._clock.now().timestamp() * 1000), self._clock.rate)
        chunks: dict[Group, bytes | None] = {}
        shown: dict[Language, Mapping[str, str]] = {}
        for group in groups:
            new = drawn.get((group.language, group.since))
            if new is not None and group.since == self._told and group.down is not None:
                known = self._shown.get(group.language, {})
                shown[group.language] = {**known, **new.parts}
                new = replace(new, parts={key: html for key, html in new.parts.items() if known.get(key) != html})
            chunks[group] = _chunk(look, group, new, banners[group.language], clock)
        return Round(look.heads, conditions, banners, chunks, shown)


def grouped(clients: Iterable[Client], told: Heads | None) -> dict[Group, list[Client]]:
    """Sort pages by what they can share; `told` is how far those know the store that were in the round before.

    All the others, which have just come or come back, are told everything since the one furthest behind: a frame may be
    heard twice without harm, and a thousand pages that come back at once cost one look, not a thousand.
    """
    clients = tuple(clients)
    behind: dict[str, Heads] = {}
    for client in clients:
        if client.told is not None and client.told != told:
            behind[client.told.epoch] = _older(client.told, behind.get(client.told.epoch, client.told))
    groups: dict[Group, list[Client]] = {}
    for client in clients:
        since = client.told if client.told is None or client.told == told else behind[client.told.epoch]
        groups.setdefault(Group(client.language, since, client.down), []).append(client)
    return groups


def _older(one: Heads, other: Heads) -> Heads:
    return Heads(epoch=one.epoch, load_id=min(one.load_id, other.load_id), change=min(one.change, other.change))


def _chunk(look: Look, group: Group, drawn: Drawn | None, banner: str, clock: ShopTime) -> bytes | None:
    """Return the bytes for a group of pages. One that is told for the first time gets banner and clock in any case."""
    news = Frame(down=None if banner == group.down else banner, clock=clock if group.down is None else None)
    if group.since is None or drawn is None:
        return RELOAD + encode(news, look.heads.to_id())
    delta = look.deltas[group.since]
    frame = msgspec.structs.replace(
        news, parts=dict(drawn.parts), now=drawn.now, touched=tuple(sorted(delta.topics)), weights=delta.weights
    )
    return None if frame == EMPTY else encode(frame, look.heads.to_id())


def _deliver(client: Client, chunk: bytes | None) -> None:
    if chunk is not None and not client.ended and not client.offer(chunk):
        logger.info("slow page let go", extra={"event": "live_slow_page", "store": client.store})
