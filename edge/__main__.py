"""Start an agent: `python -m edge --config FILE`. Ends with 0 when asked to stop, 2 for a wrong setting, else 1."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from contract.clock import clock_from_environment
from contract.errors import ConfigurationError, LiveShelfError
from contract.logs import log_to_stderr
from edge.agent import AgentFailed, run_agent
from edge.agent_file import AgentFile
from edge.ending import restart_in_place
from edge.service_manager import service_manager
from edge.settings import read_settings
from edge.supervision import Service

EXIT_FAILED = 1
EXIT_WRONG_SETTING = 2

logger = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the agent until SIGTERM or SIGINT; return the exit code. A command may have it start again in place."""
    log_to_stderr()
    parser = argparse.ArgumentParser(prog="python -m edge", description="Sample one bay and deliver its records.")
    parser.add_argument("--config", type=Path, required=True, help="the agent's TOML file")
    config = parser.parse_args(arguments).config
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    service = Service(AgentFile(config), manager=service_manager(os.environ))
    service.file.begin()
    try:
        _run(config, service, stop)
    except Exception as error:
        if stop.is_set() or not service.file.go_back(str(error) or repr(error)):
            if isinstance(error, LiveShelfError):
                return _tell(error)
            raise
        if not isinstance(error, LiveShelfError):
            logger.exception("new settings broke the agent", extra={"event": "agent_failed", "reason": str(error)})
        service.ending.again()
    if service.ending.restart and not stop.is_set():
        service.manager.restarting()
        restart_in_place()
    return 0


def _run(config: Path, service: Service, stop: threading.Event) -> None:
    settings, clock = read_settings(config), clock_from_environment(os.environ)
    try:
        run_agent(settings, clock, stop.is_set, service)
    except ConfigurationError as error:
        raise ConfigurationError(f"{config}: {error}") from error


def _tell(error: LiveShelfError) -> int:
    """Say what ended the agent, and return the exit code."""
    if isinstance(error, ConfigurationError):
        sys.stderr.write(f"{error}\n")
        return EXIT_WRONG_SETTING
    if isinstance(error, AgentFailed):
        logger.error("agent ended by a bug", exc_info=error, extra={"event": "agent_failed", "reason": str(error)})
    else:
        logger.error("agent ended", extra={"event": "agent_ended", "reason": str(error)})
    return EXIT_FAILED


if __name__ == "__main__":
    sys.exit(main())
