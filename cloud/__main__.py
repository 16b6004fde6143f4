"""`python -m cloud api` and `python -m cloud worker`: settings from the environment, one program each."""

from __future__ import annotations

import errno
import logging
import signal
import socket
import sys
import threading
from collections.abc import Sequence

import uvicorn

from cloud.app import make_app
from cloud.settings import CloudSettings, settings_from_environment
from cloud.worker import Worker
from contract.clock import Clock
from contract.errors import ConfigurationError, LiveShelfError
from contract.logs import log_to_stderr

USAGE = "usage: python -m cloud api|worker"
STOPPING_S = 5
"""Wall seconds that requests under way are given when the API stops."""


def main(arguments: Sequence[str]) -> int:
    """Run the program named; return its exit code."""
    log_to_stderr()
    programs = {"api": run_api, "worker": run_worker}
    if len(arguments) != 1 or arguments[0] not in programs:
        sys.stderr.write(USAGE + "\n")
        return 2
    try:
        settings, clock = settings_from_environment()
        programs[arguments[0]](settings, clock)
    except LiveShelfError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def run_api(settings: CloudSettings, clock: Clock) -> None:
    """Serve the API until SIGTERM or SIGINT. Raises ConfigurationError when the port cannot be had."""
    logging.getLogger("uvicorn.error").addFilter(_without_colours)
    config = uvicorn.Config(
        make_app(settings, clock), loop="uvloop", http="httptools", log_config=None, access_log=False,
        timeout_graceful_shutdown=STOPPING_S,
    )  # fmt: skip
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))  # uvicorn raises the signal anew when it has stopped in order
    with listen(settings.api_host, settings.api_port) as listener:
        uvicorn.Server(config).run(sockets=[listener])


def run_worker(settings: CloudSettings, clock: Clock) -> None:
    """Follow the loads until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    Worker(settings, clock).run(stop)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises ConfigurationError in one sentence when the address cannot be had."""
    try:
        return socket.create_server((host, port), backlog=2048)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigurationError(
                f"port {port} of {host} is in use by another program; stop it or set LIVESHELF_API_PORT to a free port"
            ) from error
        reason = (error.strerror or str(error)).lower()
        raise ConfigurationError(
            f"LIVESHELF_API_HOST: found {host!r}: {reason}; expected an address of this machine"
        ) from error


def _without_colours(record: logging.LogRecord) -> bool:
    """Let a record of uvicorn pass without the second, coloured text it carries for terminals."""
    record.__dict__.pop("color_message", None)
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
