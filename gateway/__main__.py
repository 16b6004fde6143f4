"""`python -m gateway`: MQTT in, counted readings out to the store's database. SIGTERM stops it cleanly."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import sys
import threading
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from contract.errors import ConfigurationError
from contract.logs import log_to_stderr
from gateway.counters import Counters
from gateway.foreign_settings import read_foreign
from gateway.loader import Loader
from gateway.loading.lease import LeaseLost
from gateway.loading.session import DATABASE_AWAY, DatabaseReplaced, Stopped, open_session
from gateway.receiving.subscription import Subscription
from gateway.settings import GatewaySettings, settings_from
from gateway.watch import Watch

CONFIGURATION_WRONG = 2
"""The exit code of a program whose settings are wrong: starting it again does not help."""

logger = logging.getLogger(__name__)


def main() -> int:
    """Run the gateway until SIGTERM or Ctrl-C and return the exit code."""
    try:
        settings = settings_from(os.environ)
        if settings.foreign_file is not None:
            settings = replace(settings, foreign=read_foreign(settings.foreign_file))
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return CONFIGURATION_WRONG
    log_to_stderr(logging.getLevelNamesMapping()[settings.log_level.upper()])
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    try:
        serve(settings, stop)
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return CONFIGURATION_WRONG
    return 0


def serve(settings: GatewaySettings, stop: threading.Event) -> None:
    """Serve the store, one tenure after another, until told to stop. Raises ConfigurationError for a port in use."""
    counters = Counters()
    watch = Watch(counters, stop)
    owner = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
    with _monitored(settings, counters, watch):
        while not stop.is_set():
            try:
                _serve_tenure(settings, owner, watch, stop)
            except Stopped:
                break
            except (LeaseLost, DatabaseReplaced, *DATABASE_AWAY) as error:
                logger.warning("tenure over", extra={"event": "tenure_over", "reason": str(error)})
    logger.info("gateway stopped", extra={"event": "gateway_stopped", **counters.facts()})


def _monitored(settings: GatewaySettings, counters: Counters, watch: Watch) -> AbstractContextManager[object]:
    if settings.metrics_port is None:
        return nullcontext()
    from gateway.monitoring import MonitoringServer  # noqa: PLC0415 - without a port nothing of it is needed

    return MonitoringServer(
        settings.metrics_host, settings.metrics_port, store=settings.store, counters=counters, watch=watch
    )


def _serve_tenure(settings: GatewaySettings, owner: str, watch: Watch, stop: threading.Event) -> None:
    session = open_session(settings.database_url, settings.store, owner, stop)
    counters = watch.counters
    try:
        run = f"{owner}-{session.lease.fence}"
        also = settings.foreign.of_store(settings.store).filters
        subscription = Subscription(settings.broker_url, settings.store, run=run, clock=settings.clock, also=also)
        watch.connected = lambda: subscription.connected
        try:
            Loader(settings, session, subscription, counters).run(stop)
        finally:
            subscription.close()
    finally:
        counters.ready = False
        session.close()


if __name__ == "__main__":
    sys.exit(main())
