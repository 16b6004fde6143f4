"""The same commands on the device itself: one JSON object a line over a unix socket in the agent's data folder."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from contract.errors import ConfigurationError
from contract.records import PAYLOAD_BYTES_MAX, CommandResult

logger = logging.getLogger(__name__)

SOCKET_NAME = "agent.sock"

ANSWER_WALL_S = 120.0
"""A client waits so long for an answer: twice what any operation takes, at the rate of a real clock."""

CLIENTS_MAX = 8

Ask = Callable[[bytes, Callable[[CommandResult], None]], None]
"""Hands a command over and calls back with its result (`edge.commanding.desk.Desk.ask`)."""


@contextlib.contextmanager
def serving_locally(data_dir: str, ask: Ask) -> Iterator[None]:
    """Serve while the context lasts. A disk that allows no socket costs the socket, not the agent."""
    try:
        served = LocalSocket(Path(data_dir), ask)
    except OSError as error:
        logger.warning("no local socket", extra={"event": "no_local_socket", "reason": str(error)})
        yield
        return
    try:
        yield
    finally:
        served.close()


class LocalSocket:
    """Serves the socket on threads of its own. Only the user the agent runs as, and root, may open it."""

    def __init__(self, data_dir: Path, ask: Ask) -> None:
        """Raises OSError when the folder does not allow a socket."""
        data_dir.mkdir(parents=True, exist_ok=True)
        self._folder = os.open(data_dir, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self._server = _serve(self._folder, ask)
        except OSError:
            os.close(self._folder)
            raise
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.25}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving; clients that still wait are let go."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        with contextlib.suppress(OSError):
            os.unlink(SOCKET_NAME, dir_fd=self._folder)
        os.close(self._folder)


@contextlib.contextmanager
def address_in(data_dir: Path) -> Iterator[str]:
    """Give an address of the socket in a folder, however long its path is: unix(7) allows 107 bytes."""
    folder = os.open(data_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield _address(folder)
    finally:
        os.close(folder)


def _address(folder: int) -> str:
    return f"/proc/self/fd/{folder}/{SOCKET_NAME}"


def _serve(folder: int, ask: Ask) -> _Server:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(SOCKET_NAME, dir_fd=folder)  # of a run that was killed
    before = os.umask(0o177)
    try:
        return _Server(_address(folder), ask)
    finally:
        os.umask(before)


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = CLIENTS_MAX

    def __init__(self, address: str, ask: Ask) -> None:
        self.ask = ask
        self.places = threading.BoundedSemaphore(CLIENTS_MAX)
        super().__init__(address, _Client)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away in the middle of a line is no news."""


class _Client(socketserver.StreamRequestHandler):
    timeout = ANSWER_WALL_S
    server: _Server

    def handle(self) -> None:
        if not self.server.places.acquire(blocking=False):
            return
        try:
            while line := self.rfile.readline(PAYLOAD_BYTES_MAX + 1):
                answers: queue.SimpleQueue[CommandResult] = queue.SimpleQueue()
                self.server.ask(line, answers.put)
                self.wfile.write(msgspec.json.encode(answers.get(timeout=ANSWER_WALL_S)) + b"\n")
        except (OSError, queue.Empty):
            pass  # it went away, or nobody answers any more because the agent stops
        finally:
            self.server.places.release()


class LocalClient:
    """One conversation with the agent of a data folder. Raises ConfigurationError when none runs there."""

    def __init__(self, data_dir: Path, *, timeout_s: float = ANSWER_WALL_S) -> None:
        self._wire = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._wire.settimeout(timeout_s)
        try:
            with address_in(data_dir) as address:
                self._wire.connect(address)
        except OSError as error:
            self._wire.close()
            said = f"{data_dir}: {error.strerror}, expected the data folder of an agent that runs"
            raise ConfigurationError(said) from error
        self._lines = self._wire.makefile("rb")

    def ask(self, line: bytes) -> CommandResult:
        """Send a command and return its result. Raises OSError when the agent went away."""
        self._wire.sendall(line.rstrip(b"\n") + b"\n")
        answer = self._lines.readline(8 * PAYLOAD_BYTES_MAX)
        if not answer:
            raise ConnectionError("the agent closed the conversation")
        return msgspec.json.decode(answer, type=CommandResult)

    def close(self) -> None:
        """End the conversation."""
        self._lines.close()
        self._wire.close()
