"""What waits for a page is bounded; a page that is too slow is let go."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from dashboards.web.live.client import BYTES_MAX, CHUNKS_MAX, Client
from dashboards.web.live.frame import OPENING


def _page() -> Client:
    return Client(store="corner", language="en", told=None, token="t")


def _read(client: Client) -> list[bytes]:
    async def all_chunks() -> list[bytes]:
        return [chunk async for chunk in client.chunks()]

    return asyncio.run(all_chunks())


def test_a_page_reads_everything_in_order_and_then_the_end() -> None:
    client = _page()
    assert all(client.offer(chunk) for chunk in (b"one", b"two"))
    client.end()
    assert _read(client) == [OPENING, b"one", b"two"]


@given(st.lists(st.integers(0, BYTES_MAX // 2), max_size=2 * CHUNKS_MAX))
def test_no_more_than_the_bound_ever_waits(sizes: list[int]) -> None:
    client, waiting = _page(), 0
    for count, size in enumerate(sizes, start=1):
        kept = client.offer(bytes(size))
        waiting += size
        assert kept == (count <= CHUNKS_MAX and waiting <= BYTES_MAX)
        if not kept:
            break
    assert client.ended == (bool(sizes) and not kept)


def test_a_page_that_was_let_go_is_told_nothing_more_and_its_stream_ends() -> None:
    client = _page()
    while client.offer(b"frame"):
        pass
    assert not client.offer(b"late")
    assert _read(client) == [OPENING]


def test_all_that_a_large_store_missed_comes_through_in_one() -> None:
    client = _page()
    assert client.offer(bytes(4 * BYTES_MAX))
    assert not client.offer(b"more")


def test_a_page_that_reads_may_be_told_for_ever() -> None:
    async def follow() -> int:
        client, read = _page(), 0
        chunks = client.chunks()
        for _ in range(10 * CHUNKS_MAX):
            assert client.offer(bytes(BYTES_MAX // 2))
            await anext(chunks)
            read += 1
        return read

    assert asyncio.run(follow()) == 10 * CHUNKS_MAX


def test_a_waiting_page_hears_what_is_offered_later() -> None:
    async def follow() -> bytes:
        client = _page()
        chunks = client.chunks()
        await anext(chunks)
        waiting = asyncio.ensure_future(anext(chunks))
        await asyncio.sleep(0)
        client.offer(b"news")
        return await waiting

    assert asyncio.run(follow()) == b"news"
