"""A connection to a migrated, empty database, and gateways as processes of their own."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from contract.ids import StoreId
from database.connection import connect
from tests.fakes.device import FakeDevice
from tests.integration.gateway.rows import DEVICE, JOURNAL

ROOT = Path(__file__).parents[3]
STOP_S_MAX = 10.0
"""A gateway told to stop has to be gone by then."""

GatewayProcess = subprocess.Popen[bytes]
StartGateway = Callable[[], GatewayProcess]


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection[Any]]:
    with connect(database_url, autocommit=True) as opened:
        yield opened


@pytest.fixture
def store() -> StoreId:
    """A store of its own for each test: the broker keeps what earlier tests retained."""
    return StoreId(f"shop-{secrets.token_hex(4)}")


@pytest.fixture
def start_gateway(database_url: str, broker_url: str, store: StoreId) -> Iterator[StartGateway]:
    """Starts gateways of the store; those that still run afterwards have to stop cleanly and in time."""
    settings = {
        "LIVESHELF_DATABASE_URL": database_url,
        "LIVESHELF_MQTT_URL": broker_url,
        "LIVESHELF_STORE": store,
        "LIVESHELF_GATEWAY_SAVE_S": "0.2",
        "PYTHONWARNINGS": "error",
    }
    started: list[GatewayProcess] = []

    def start() -> GatewayProcess:
        process = subprocess.Popen([sys.executable, "-m", "gateway"], cwd=ROOT, env={**os.environ, **settings})
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.terminate()
    for process in started:
        process.wait(timeout=STOP_S_MAX * 3)


@pytest.fixture
def device(broker_url: str, store: StoreId) -> Iterator[FakeDevice]:
    with ExitStack() as stack:
        yield stack.enter_context(FakeDevice(broker_url, store, DEVICE, journal=JOURNAL))
