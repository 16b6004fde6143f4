"""Every page comes to show the present: whenever it came, whatever it missed, and however often the database went."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.errors import DATABASE_ERRORS
from cloud.shelves.model import Heads
from contract.clock import ManualClock
from dashboards.web.language import Language
from dashboards.web.live.channel import Channel, grouped
from dashboards.web.live.client import Client
from tests.fakes.event_stream import Page, frames
from tests.fakes.live_store import EPOCH, FakeStore, PlainRenderer


class Watched:
    """A channel over a store that is made of nothing; `round` never waits."""

    def __init__(self) -> None:
        self.store = FakeStore()
        self.renderer = PlainRenderer()
        self.channel = Channel("corner", source=self.store, renderer=self.renderer, clock=ManualClock())

    def join(self, told: Heads | None, language: Language = "en") -> Client:
        client = Client(store="corner", language=language, told=told, token="t")
        self.channel.join(client)
        return client

    async def round(self) -> None:
        try:
            await self.channel.round()
        except DATABASE_ERRORS:
            self.channel.failed()


async def _read(client: Client) -> bytes:
    """End the page's stream and return what it was sent since the last time."""
    client.end()
    return b"".join([chunk async for chunk in client.chunks()])


def test_pages_of_one_language_are_sent_the_very_same_bytes_drawn_once() -> None:
    async def follow() -> tuple[list[bytes], int]:
        watched = Watched()
        pages = [watched.join(watched.store.heads) for _ in range(200)]
        await watched.round()
        drawn = watched.renderer.drawn
        watched.store.put("p1", 7)
        await watched.round()
        return [await _read(page) for page in pages], watched.renderer.drawn - drawn

    sent, drawn = asyncio.run(follow())
    assert drawn == 1
    assert set(sent) == {sent[0]}
    assert frames(sent[0])[-1] == {"parts": {"tile:p1": "en 7"}, "now": ["<li>1</li>"]}


def test_each_language_gets_its_own_words() -> None:
    async def follow() -> list[bytes]:
        watched = Watched()
        english, chinese = watched.join(watched.store.heads), watched.join(watched.store.heads, "zh-Hans")
        watched.store.put("p1", 7)
        await watched.round()
        return [await _read(english), await _read(chinese)]

    assert [frames(sent)[0]["parts"]["tile:p1"] for sent in asyncio.run(follow())] == ["en 7", "zh-Hans 7"]


def test_nothing_is_sent_when_nothing_changed() -> None:
    async def follow() -> bytes:
        watched = Watched()
        page = watched.join(watched.store.heads)
        for _ in range(5):
            await watched.round()
        return await _read(page)

    (only,) = frames(asyncio.run(follow()))
    assert set(only) == {"clock", "down"}, "a page that has just come is told the shop's time and that all is well"


@pytest.mark.parametrize(
    "told",
    [None, Heads(epoch="another!", load_id=1, change=0), Heads(epoch=EPOCH, load_id=99, change=0)],
    ids=["none", "another database", "of the future"],
)
def test_a_page_that_cannot_be_brought_up_to_date_is_told_to_load_anew_once(told: Heads | None) -> None:
    async def follow() -> tuple[Page, FakeStore]:
        watched, page = Watched(), Page("")
        watched.store.put("p1", 7)
        client = watched.join(told)
        await watched.round()
        watched.store.put("p1", 6)
        await watched.round()
        page.hear(await _read(client))
        return page, watched.store

    page, store = asyncio.run(follow())
    assert page.reloads == 1
    assert page.parts == store.shown("en"), "should it not load anew, it is live all the same"
    assert Heads.parse(page.last_id) == store.heads


def test_a_database_that_went_is_told_only_when_the_feed_has_lost_it_too_and_its_return_brings_what_was_missed() -> (
    None
):
    async def follow() -> list[tuple[str | None, dict[str, str]]]:
        watched, page = Watched(), Page(FakeStore().heads.to_id())
        client = watched.join(watched.store.heads)
        seen = []
        steps: Sequence[tuple[bool, bool]] = [(False, False), (True, False), (True, True), (False, False)]
        for step, (away, feed_away) in enumerate(steps):
            watched.store.away, watched.channel.feed_away = away, feed_away
            watched.store.put("p1", step)
            await watched.round()
            page.hear(await _read(client))
            seen.append((page.down, dict(page.parts)))
            watched.channel.leave(client)
            client, told = Client(store="corner", language="en", told=client.told, token="t"), client.down
            client.down = told
            watched.channel.join(client)
        return seen

    assert asyncio.run(follow()) == [
        ("", {"tile:p1": "en 0"}),
        ("", {"tile:p1": "en 0"}),
        ("en database away", {"tile:p1": "en 0"}),
        ("", {"tile:p1": "en 3"}),
    ]


def test_conditions_that_changed_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboards.web.live.channel.LOOK_EVERY_S", 0.0)

    async def follow() -> bytes:
        watched = Watched()
        page = watched.join(watched.store.heads)
        for broker in (True, False, False, True):
            watched.store.broker = broker
            await watched.round()
        return await _read(page)

    assert [frame["down"] for frame in frames(asyncio.run(follow()))] == ["", "en broker down", ""]


def test_a_page_that_is_too_slow_holds_up_nobody() -> None:
    async def follow() -> tuple[Client, int]:
        watched = Watched()
        slow, quick = watched.join(watched.store.heads), watched.join(watched.store.heads)
        chunks, read = quick.chunks(), 0
        await anext(chunks)
        for units in range(100):
            watched.store.put("p1", units)
            await watched.round()
            await anext(chunks)
            read += 1
        return slow, read

    slow, read = asyncio.run(follow())
    assert slow.ended
    assert read == 100


def test_a_part_that_looks_as_it_was_told_last_is_not_told_again() -> None:
    async def follow() -> bytes:
        watched = Watched()
        page = watched.join(watched.store.heads)
        await watched.round()
        for _ in range(3):
            watched.store.put("p1", 7)
            await watched.round()
        return await _read(page)

    told = [frame.get("parts") for frame in frames(asyncio.run(follow()))]
    assert told == [None, {"tile:p1": "en 7"}, None, None]


def test_a_page_that_showed_more_than_its_id_says_is_told_what_others_know() -> None:
    """The page was read while the store changed: its id is from before, what it shows from after."""

    async def follow() -> Page:
        watched = Watched()
        watched.join(watched.store.heads)
        await watched.round()
        watched.store.put("p1", 7)
        await watched.round()
        told = watched.store.heads
        watched.store.put("p1", 6)
        page = Page(told.to_id(), parts=watched.store.shown("en"))
        client = watched.join(told)
        watched.store.put("p1", 7)
        await watched.round()
        page.hear(await _read(client))
        return page

    assert asyncio.run(follow()).parts == {"tile:p1": "en 7"}


def test_a_language_nobody_read_for_a_while_is_told_anew() -> None:
    async def follow() -> Page:
        watched = Watched()
        watched.join(watched.store.heads, "en")
        first = watched.join(watched.store.heads, "zh-Hans")
        await watched.round()
        watched.store.put("p1", 7)
        await watched.round()
        watched.channel.leave(first)
        watched.store.put("p1", 6)
        await watched.round()
        page = Page(watched.store.heads.to_id(), parts=watched.store.shown("zh-Hans"))
        client = watched.join(watched.store.heads, "zh-Hans")
        await watched.round()
        watched.store.put("p1", 7)
        await watched.round()
        page.hear(await _read(client))
        return page

    assert asyncio.run(follow()).parts == {"tile:p1": "zh-Hans 7"}


LANGUAGES: Sequence[Language] = ("en", "zh-Hans")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from(["p1", "p2", "p3"]), st.integers(0, 12)),
        st.tuples(st.just("open"), st.sampled_from(LANGUAGES)),
        st.tuples(st.just("cut"), st.integers(0, 3)),
        st.tuples(st.just("database"), st.booleans()),
        st.tuples(st.just("round")),
    ),
    max_size=25,
)


class Browser:
    """A page that comes back by itself with the id it knows."""

    def __init__(self, watched: Watched, language: Language) -> None:
        self.language = language
        self.page = Page(
            watched.store.heads.to_id(), parts=watched.store.shown(language), now=list(watched.store.happened)
        )
        self._watched = watched
        self._client = watched.join(watched.store.heads, language)

    async def cut(self) -> None:
        """Lose the connection, having read what was sent, and come back."""
        self.page.hear(await _read(self._client))
        self._watched.channel.leave(self._client)
        self._client = self._watched.join(Heads.parse(self.page.last_id), self.language)


@given(STEPS)
def test_a_page_shows_the_present_whatever_it_missed_and_tells_nothing_twice(steps: list[tuple[object, ...]]) -> None:
    async def follow() -> None:
        watched, browsers = Watched(), []
        for kind, *rest in steps:
            if kind == "put":
                watched.store.put(*rest)  # type: ignore[arg-type]
            elif kind == "open":
                browsers.append(Browser(watched, rest[0]))  # type: ignore[arg-type]
            elif kind == "database":
                watched.store.away = watched.channel.feed_away = bool(rest[0])
            elif kind == "cut":
                with contextlib.suppress(IndexError):
                    await browsers[rest[0]].cut()  # type: ignore[call-overload]
            else:
                await watched.round()
        watched.store.away = False
        await watched.round()
        for browser in browsers:
            await browser.cut()
            assert browser.page.parts == watched.store.shown(browser.language)
            assert browser.page.now == watched.store.happened
            assert browser.page.reloads == 0

    asyncio.run(follow())


@given(
    st.lists(st.tuples(st.sampled_from(LANGUAGES), st.integers(0, 5), st.integers(0, 5)), max_size=30),
    st.integers(0, 5),
)
def test_pages_that_come_back_together_cost_one_look_and_miss_nothing(
    pages: list[tuple[Language, int, int]], load_id: int
) -> None:
    settled = Heads(epoch=EPOCH, load_id=load_id, change=0)
    clients = [
        Client(store="s", language=language, told=Heads(epoch=EPOCH, load_id=load, change=change), token="t")
        for language, load, change in pages
    ]
    groups = grouped(clients, settled)
    assert sorted(map(id, clients)) == sorted(id(client) for members in groups.values() for client in members)
    assert len({group.since for group in groups}) <= 2
    for group, members in groups.items():
        for client in members:
            assert client.told is not None
            assert group.since is not None
            assert group.language == client.language
            assert group.since.load_id <= client.told.load_id
            assert group.since.change <= client.told.change
