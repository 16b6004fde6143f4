"""Serve an ASGI application on the address of the settings until SIGTERM or SIGINT."""

from __future__ import annotations

import errno
import logging
import resource
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn

from cloud.connections import ImpatientProtocol
from cloud.settings import CloudSettings
from contract.errors import ConfigurationError

STOPPING_S = 5
"""Wall seconds that requests under way are given when the server stops."""

UNREAD_MS = 30_000
"""A connection whose other end takes nothing for so long is cut: a phone that left the building says no goodbye."""

CONNECTIONS_MAX = 4_000
"""So many connections are held at once; beyond them requests are answered 503, so that memory has an end."""

FILES_BESIDE = 200
"""Of the files a process may have open, so many are for other things than connections."""


class _Server(uvicorn.Server):
    """uvicorn, but told us when it is asked to stop: streams that never end by themselves must end then."""

    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop in order; called as signal handler."""
        super().handle_exit(sig, frame)
        self._on_stop()


def serve(app: Any, settings: CloudSettings, *, on_stop: Callable[[], None] = lambda: None) -> None:  # noqa: ANN401 - ASGI has several types of applications
    """Serve until SIGTERM or SIGINT; `on_stop` is called, from a signal handler, when that comes.

    Raises ConfigurationError when the port cannot be had.
    """
    logging.getLogger("uvicorn.error").addFilter(_without_colours)
    config = uvicorn.Config(
        app, loop="uvloop", http=ImpatientProtocol, log_config=None, access_log=False,
        timeout_graceful_shutdown=STOPPING_S, limit_concurrency=connections_max(),
    )  # fmt: skip
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))  # uvicorn raises the signal anew when it has stopped in order
    with listen(settings.api_host, settings.api_port) as listener:
        _Server(config, on_stop).run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises ConfigurationError in one sentence when the address cannot be had."""
    try:
        listener = socket.create_server((host, port), backlog=2048)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigurationError(
                f"port {port} of {host} is in use by another program; stop it or set LIVESHELF_API_PORT to a free port"
            ) from error
        reason = (error.strerror or str(error)).lower()
        raise ConfigurationError(
            f"LIVESHELF_API_HOST: found {host!r}: {reason}; expected an address of this machine"
        ) from error
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MS)  # of all it accepts: tcp(7)
    return listener


def connections_max() -> int:
    """Let this process open as many files as it may for connections; return how many of those it can hold."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS_MAX + FILES_BESIDE
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return CONNECTIONS_MAX
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return max(1, allowed - FILES_BESIDE)


def _without_colours(record: logging.LogRecord) -> bool:
    """Let a record of uvicorn pass without the second, coloured text it carries for terminals."""
    record.__dict__.pop("color_message", None)
    return True
