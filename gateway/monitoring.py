"""Tell whoever runs a gateway how it fares, by HTTP: `/livez`, `/readyz` and `/metrics`."""

from __future__ import annotations

import logging
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from contract.errors import ConfigurationError
from gateway.counters import Counters
from gateway.metrics import GatewayMetrics
from gateway.watch import Watch

PLAIN = "text/plain; charset=utf-8"
REQUEST_S_MAX = 10.0

logger = logging.getLogger(__name__)


class MonitoringServer:
    """Serves the three addresses from a thread of its own, whatever the story does."""

    def __init__(self, host: str, port: int, *, store: str, counters: Counters, watch: Watch) -> None:
        registry = CollectorRegistry()
        registry.register(GatewayMetrics(counters, store=store, ready=lambda: not watch.why_unready))
        try:
            self._server = ThreadingHTTPServer((host, port), _handler(registry, watch))
        except OSError as error:
            raise ConfigurationError(
                f"LIVESHELF_GATEWAY_METRICS_PORT: cannot listen on {host}:{port} ({error.strerror})"
            ) from error
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="monitoring", daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._server.server_port

    def __enter__(self) -> Self:
        self._thread.start()
        logger.info("metrics are served", extra={"event": "metrics_served", "port": self.port})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(registry: CollectorRegistry, watch: Watch) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = REQUEST_S_MAX

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                self._answer(HTTPStatus.OK, generate_latest(registry), CONTENT_TYPE_LATEST)
            elif path in {"/livez", "/readyz"}:
                why = watch.why_stuck if path == "/livez" else watch.why_unready
                status = HTTPStatus.SERVICE_UNAVAILABLE if why else HTTPStatus.OK
                self._answer(status, f"{why or 'ok'}\n".encode(), PLAIN)
            else:
                self._answer(HTTPStatus.NOT_FOUND, b"found no such page, expected /livez, /readyz or /metrics\n", PLAIN)

        def log_message(self, _format: str, *_args: object) -> None:
            """Say nothing: it is asked every few seconds."""

        def _answer(self, status: HTTPStatus, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
