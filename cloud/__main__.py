"""`python -m cloud api` and `python -m cloud worker`: settings from the environment, one program each."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Sequence

from cloud.app import make_app
from cloud.devices.light_keeper import keeping_lights
from cloud.serving import serve
from cloud.settings import CloudSettings, settings_from_environment
from cloud.upkeep import keeping_history
from cloud.worker import Worker
from contract.clock import Clock
from contract.errors import LiveShelfError
from contract.logs import log_to_stderr

USAGE = "usage: python -m cloud api|worker"


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
    serve(make_app(settings, clock), settings)


def run_worker(settings: CloudSettings, clock: Clock) -> None:
    """Follow the loads, keep the lights as the tasks are and the history usable, until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with keeping_lights(settings, clock), keeping_history(settings, clock):
        Worker(settings, clock).run(stop)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
