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
from edge.settings import read_settings

EXIT_FAILED = 1
EXIT_WRONG_SETTING = 2

logger = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the agent until SIGTERM or SIGINT; return the exit code."""
    log_to_stderr()
    parser = argparse.ArgumentParser(prog="python -m edge", description="Sample one bay and deliver its records.")
    parser.add_argument("--config", type=Path, required=True, help="the agent's TOML file")
    config = parser.parse_args(arguments).config
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        settings, clock = read_settings(config), clock_from_environment(os.environ)
    except ConfigurationError as error:
        return _refuse(str(error))
    try:
        run_agent(settings, clock, stop.is_set)
    except ConfigurationError as error:
        return _refuse(f"{config}: {error}")
    except AgentFailed as error:
        logger.exception("agent ended by a bug", extra={"event": "agent_failed", "reason": str(error)})
        return EXIT_FAILED
    except LiveShelfError as error:
        return _fail(error)
    return 0


def _fail(error: LiveShelfError) -> int:
    logger.error("agent ended", extra={"event": "agent_ended", "reason": str(error)})
    return EXIT_FAILED


def _refuse(said: str) -> int:
    sys.stderr.write(f"{said}\n")
    return EXIT_WRONG_SETTING


if __name__ == "__main__":
    sys.exit(main())
