"""Keep an embedded server in the foreground: until it is asked to stop, or ends by itself."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path

from database.embedded import EmbeddedServer
from database.errors import EmbeddedServerError

WATCH_S = 0.5


def serve(data_dir: Path, *, say: Callable[[str], None]) -> None:
    """Run the server until SIGTERM or SIGINT; say its address and then `ready`. For the main thread of a process.

    Raises EmbeddedServerError when it cannot start, when another process already serves the folder, or when it ended by
    itself.
    """
    asked_to_stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: asked_to_stop.set())
    with EmbeddedServer(data_dir) as server:
        if not server.owned:
            raise EmbeddedServerError(f"{server.data_dir}: already served by another process, at {server.url}")
        say(server.url)
        say("ready")
        _watch(server, asked_to_stop)


def _watch(server: EmbeddedServer, asked_to_stop: threading.Event) -> None:
    while not asked_to_stop.wait(WATCH_S):
        if server.exit_code is not None:
            raise EmbeddedServerError(
                f"{server.data_dir}: the database ended by itself with exit code {server.exit_code};"
                f" see {server.log_path}"
            )
