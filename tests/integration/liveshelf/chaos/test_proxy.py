"""The proxy is the bad network it is told to be, over real sockets."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from liveshelf.broker import free_port
from liveshelf.chaos.proxy import HOST, Proxies, Trouble

WAIT_S = 5.0
SOON_S = 0.3
"""So long we listen where nothing may come."""


class Echo:
    """A server that answers everything with `>` before it, and remembers what it heard."""

    def __init__(self, listener: socket.socket) -> None:
        self.heard = b""
        self.ended = threading.Event()
        self._listener = listener
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            try:
                while said := connection.recv(1000):
                    self.heard += said
                    connection.sendall(b">" + said)
            except OSError:
                pass
        self.ended.set()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server((HOST, 0)) as opened:
        yield opened


@pytest.fixture
def echo(listener: socket.socket) -> Echo:
    return Echo(listener)


@pytest.fixture
def proxies() -> Iterator[Proxies]:
    with Proxies() as running:
        yield running


@pytest.fixture
def port(proxies: Proxies, listener: socket.socket, echo: Echo) -> int:
    return proxies.open("line", listener.getsockname()[1])


def call(port: int) -> socket.socket:
    return socket.create_connection((HOST, port), timeout=WAIT_S)


def ask(client: socket.socket, said: bytes) -> bytes:
    client.sendall(said)
    return client.recv(1000)


def hears_nothing(client: socket.socket) -> bool:
    client.settimeout(SOON_S)
    try:
        client.recv(1000)
    except TimeoutError:
        return True
    finally:
        client.settimeout(WAIT_S)
    return False


def until_heard(echo: Echo, expected: bytes) -> None:
    deadline = time.monotonic() + WAIT_S
    while echo.heard != expected:
        assert time.monotonic() < deadline, echo.heard
        time.sleep(0.01)


def test_a_healthy_line_carries_both_ways(port: int) -> None:
    with call(port) as client:
        assert ask(client, b"hello") == b">hello"
        assert ask(client, b"again") == b">again"


def test_a_client_that_leaves_is_gone_for_the_server_too(port: int, echo: Echo) -> None:
    with call(port) as client:
        assert ask(client, b"hello") == b">hello"
    assert echo.ended.wait(WAIT_S)


def test_a_late_line_carries_everything_late(proxies: Proxies, port: int) -> None:
    proxies.trouble("line", Trouble(delay_s=0.1))
    with call(port) as client:
        began = time.monotonic()
        assert ask(client, b"hello") == b">hello"
        assert time.monotonic() - began >= 0.2


def test_a_reset_reaches_both_ends_and_the_next_connection_stands(proxies: Proxies, port: int, echo: Echo) -> None:
    with call(port) as client:
        assert ask(client, b"hello") == b">hello"
        proxies.reset("line")
        with pytest.raises(ConnectionResetError):
            client.recv(1000)
    assert echo.ended.wait(WAIT_S)
    with call(port) as client:
        assert ask(client, b"hello") == b">hello"


def test_a_line_deaf_towards_the_server_carries_answers_only(proxies: Proxies, port: int, echo: Echo) -> None:
    with call(port) as client:
        assert ask(client, b"hello") == b">hello"
        proxies.trouble("line", Trouble(swallows=("up",)))
        client.sendall(b"lost")
        assert hears_nothing(client)
    assert echo.heard == b"hello"
    assert not echo.ended.is_set(), "a server must not hear that its client left"


def test_a_line_deaf_towards_the_client_carries_questions_only(proxies: Proxies, port: int, echo: Echo) -> None:
    with call(port) as client:
        assert ask(client, b"hello") == b">hello"
        proxies.trouble("line", Trouble(swallows=("down",)))
        client.sendall(b"heard")
        until_heard(echo, b"helloheard")
        assert hears_nothing(client)


def test_a_black_hole_takes_connections_and_carries_nothing(proxies: Proxies, port: int, echo: Echo) -> None:
    proxies.trouble("line", Trouble(swallows=("up", "down")))
    with call(port) as client:
        client.sendall(b"hello")
        assert hears_nothing(client)
    assert echo.heard == b""


def test_a_connection_that_lost_bytes_is_reset_when_the_line_is_well(proxies: Proxies, port: int, echo: Echo) -> None:
    with call(port) as struck, call(port) as idle:
        assert ask(struck, b"a") == ask(idle, b"a") == b">a"
        proxies.trouble("line", Trouble(swallows=("up",)))
        struck.sendall(b"lost")
        assert hears_nothing(struck)
        proxies.heal("line")
        with pytest.raises(ConnectionResetError):
            struck.recv(1000)
        assert ask(idle, b"b") == b">b", "one that lost nothing goes on"
    assert b"lost" not in echo.heard


def test_without_a_server_a_client_is_turned_away(proxies: Proxies) -> None:
    with call(proxies.open("line", free_port())) as client, contextlib.suppress(ConnectionResetError):
        assert client.recv(1000) == b""


def test_a_unix_socket_is_reached_by_a_port(proxies: Proxies, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        listening.listen()
        Echo(listening)
        with call(proxies.open("unix", tmp_path / "s")) as client:
            assert ask(client, b"hello") == b">hello"
            proxies.reset("unix")
            with pytest.raises(ConnectionResetError):
                client.recv(1000)
