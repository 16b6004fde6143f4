"""Whoever is in the network may knock: nobody holds memory or connections by talking without end, or not at all."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from cloud.bodies import BoundedBodies
from cloud.connections import HEAD_BYTES_MAX, ImpatientProtocol
from cloud.serving import CONNECTIONS_MAX, connections_max
from tests.integration.cloud.shop import Shop

PATIENCE_S = 20.0


async def _size(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


@contextmanager
def _served(app: object) -> Iterator[int]:
    server = uvicorn.Server(uvicorn.Config(app, loop="uvloop", http=ImpatientProtocol, log_config=None))  # type: ignore[arg-type]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(PATIENCE_S)


@pytest.fixture
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    """A server that tells how large a body is; at most 1,000 bytes, in a tenth of a second."""
    app = Starlette(routes=[Route("/", _size, methods=["GET", "POST"])])
    with _served(BoundedBodies(app, bytes_max=1_000, wait_s=getattr(request, "param", PATIENCE_S))) as port:
        yield port


def _said(wire: socket.socket) -> bytes:
    """Return all that comes until the other side ends or cuts the connection."""
    held = b""
    try:
        while more := wire.recv(65_536):
            held += more
    except ConnectionError:
        pass
    return held


def _call(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)


def test_a_head_without_end_is_cut_off(port: int) -> None:
    for line in (b"GET /" + b"a" * 100, b"GET / HTTP/1.1\r\nHost: x\r\nCookie: a", b"GET / HTTP/1.1\r\nHost: x\r\n"):
        with _call(port) as wire:
            wire.sendall(line)
            more = b"x: y\r\n" * 10_000 if line.endswith(b"\n") else b"a" * 60_000
            with pytest.raises(ConnectionError):
                _talk(wire, more, 100 * HEAD_BYTES_MAX)


def _talk(wire: socket.socket, words: bytes, total: int) -> None:
    for _ in range(total // len(words)):
        wire.sendall(words)


def test_a_large_head_that_ends_is_answered_and_so_is_the_next(port: int) -> None:
    ask = b"GET / HTTP/1.1\r\nHost: x\r\nCookie: " + b"a" * (HEAD_BYTES_MAX // 2) + b"\r\n\r\n"
    with _call(port) as wire:
        for _ in range(5):
            wire.sendall(ask)
            assert wire.recv(65_536).startswith(b"HTTP/1.1 200 OK")


def test_whoever_says_nothing_or_too_little_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud.connections.HEAD_WAIT_S", 0.1)
    with _served(Starlette(routes=[Route("/", _size)])) as port:
        for words in (b"", b"GET", b"GET / HTTP/1.1\r\nHost: x\r\n"):
            with _call(port) as wire:
                wire.sendall(words)
                assert _said(wire) == b""
        with _call(port) as wire:
            wire.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"200 OK" in wire.recv(65_536)
            wire.sendall(b"GET / HT")
            assert _said(wire) == b"", "a second request has no more time than the first"


def test_a_body_that_is_too_large_is_refused_before_it_is_kept(port: int) -> None:
    for head in (b"Content-Length: 1001", b"Transfer-Encoding: chunked"):
        body = b"x" * 1_001 if b"Length" in head else b"3e9\r\n" + b"x" * 1_001 + b"\r\n"
        with _call(port) as wire:
            wire.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n" + body)
            assert wire.recv(65_536).startswith(b"HTTP/1.1 413 ")
    with _call(port) as wire:
        wire.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1_000)
        assert wire.recv(65_536).endswith(b"1000")


@pytest.mark.parametrize("port", [0.1], indirect=True)
def test_a_body_that_does_not_come_is_not_waited_for(port: int) -> None:
    with _call(port) as wire:
        wire.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nx")
        assert wire.recv(65_536).startswith(b"HTTP/1.1 408 ")


def test_a_connection_that_is_open_longer_than_a_body_may_take_stays_open() -> None:
    async def follow() -> list[str]:
        messages: Iterator[dict[str, object]] = iter(
            [{"type": "http.request", "body": b"", "more_body": False}, {"type": "http.disconnect"}]
        )
        heard: list[str] = []

        async def receive() -> dict[str, object]:
            await asyncio.sleep(0.02)
            return next(messages)

        async def app(_scope: object, receive: object, _send: object) -> None:
            heard.extend([(await receive())["type"], (await receive())["type"]])  # type: ignore[operator]

        await BoundedBodies(app, wait_s=0.03)({"type": "http"}, receive, None)  # type: ignore[arg-type]
        return heard

    assert asyncio.run(follow()) == ["http.request", "http.disconnect"]


def test_a_server_holds_so_many_connections_as_it_may_open_files() -> None:
    assert 0 < connections_max() <= CONNECTIONS_MAX


@pytest.mark.database
def test_the_api_keeps_no_body_that_is_too_large_not_even_of_nobody(shop: Shop) -> None:
    api = shop.api("lsk_nobody")
    with api:
        answer = api.post("/v1/receipts", content=b"[" * 3_000_000, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "body_too_large"
