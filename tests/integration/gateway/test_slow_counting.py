"""Counting may take longer than a lease: after an outage, on a slow machine, beside a second gateway that waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from psycopg import Connection

from contract.ids import StoreId
from gateway.__main__ import serve
from gateway.counting.count import Scratch, Told
from gateway.loading import lease, session
from gateway.model import Readings
from gateway.settings import settings_from
from tests.fakes.device import FakeDevice
from tests.integration.gateway.rows import DEVICE, JOURNAL, one_of, weight

pytestmark = [pytest.mark.database, pytest.mark.broker]

LEASE_S, RENEW_S = 1.0, 0.1
BATCH_S = 0.15
BATCHES = 20
"""Three leases long."""

STORED = "SELECT array_agg(seq ORDER BY seq) FROM reading WHERE device = %s"

# What a gateway that never saved its state has stored.
EARLIER_LOADS = """
INSERT INTO load SELECT n, %(store)s, '2026-01-01', 1, 0 FROM generate_series(1, %(batches)s) n
"""
EARLIER_READINGS = """
INSERT INTO reading
SELECT '2026-01-01', %(store)s, %(device)s, %(journal)s, n, 1000 * n, 'l1', 'heartbeat', 1, 1, 0, 'ok', 0, true, n
FROM generate_series(1, %(batches)s) n
"""


@pytest.fixture
def slow_counting(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Scratch.count

    def slowly(scratch: Scratch, readings: Readings) -> Told:
        time.sleep(BATCH_S)
        return real(scratch, readings)

    monkeypatch.setattr(Scratch, "count", slowly)
    monkeypatch.setattr(lease, "LEASE_S", LEASE_S)
    monkeypatch.setattr(session, "RENEW_S", RENEW_S)
    monkeypatch.setattr(session, "LEASE_POLL_S", RENEW_S)


@pytest.fixture
def two_gateways(slow_counting: None, database_url: str, broker_url: str, store: StoreId) -> Iterator[None]:
    environ = {
        "LIVESHELF_DATABASE_URL": database_url,
        "LIVESHELF_MQTT_URL": broker_url,
        "LIVESHELF_STORE": store,
        "LIVESHELF_GATEWAY_GATHER_MS": "500",
        "LIVESHELF_GATEWAY_SAVE_S": "600",
    }
    stop = threading.Event()
    with ExitStack() as stack:
        threads = [threading.Thread(target=serve, args=(settings_from(environ), stop)) for _ in range(2)]
        for thread in threads:
            stack.callback(thread.join)
        stack.callback(stop.set)
        for thread in threads:
            thread.start()
        yield


def test_a_load_that_counts_for_longer_than_a_lease_is_written(
    two_gateways: None, device: FakeDevice, connection: Connection[Any]
) -> None:
    device.wait_for_gateway()
    device.append(weight(1000 * n) for n in range(1, 20 * BATCHES + 1))
    device.drain(timeout_s=40)
    assert one_of(connection, STORED, DEVICE) == list(range(1, 20 * BATCHES + 1))


def test_a_takeover_that_counts_again_for_longer_than_a_lease_comes_to_an_end(
    request: pytest.FixtureRequest, device: FakeDevice, connection: Connection[Any], store: StoreId
) -> None:
    facts = {"store": store, "device": DEVICE, "journal": "b" * 32, "batches": BATCHES}
    connection.execute(EARLIER_LOADS, facts)
    connection.execute(EARLIER_READINGS, facts)
    request.getfixturevalue("two_gateways")
    device.append([weight(1000)])
    device.drain(timeout_s=40)
    assert one_of(connection, "SELECT fence FROM store_lease") == 1
    assert one_of(connection, "SELECT seq FROM journal_watermark WHERE journal = %s", JOURNAL) == 1
