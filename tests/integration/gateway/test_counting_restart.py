"""Counting state is a cache: a gateway that is killed and started again counts on as if nothing had happened."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import Connection

from contract.ids import StoreId
from contract.records import WeightRecord
from gateway.counting.count import count
from gateway.counting.state import CountingState
from gateway.loading import evidence
from tests.fakes.device import FakeDevice
from tests.integration.gateway.conftest import StartGateway
from tests.integration.gateway.rows import SHOP_AT, all_of, one_of, readings

pytestmark = [pytest.mark.database, pytest.mark.broker]

UNIT_G = 348.0
QUANTITY = "SELECT low, pmf FROM position_quantity WHERE position = 'p1'"


@pytest.fixture
def shelf(connection: Connection[Any], store: StoreId) -> None:
    """One position of cola on one plate."""
    connection.execute("INSERT INTO store VALUES (%s, 'Shop')", [store])
    connection.execute("INSERT INTO evidence_version VALUES (%s, 1)", [store])
    connection.execute("INSERT INTO product (sku, name, unit_weight_g, unit_spread_g) VALUES ('cola', 'Cola', 348, 2)")
    connection.execute(
        "INSERT INTO planogram (store, valid_from, imported_at) VALUES (%s, '2026-01-01', '2026-01-01')", [store]
    )
    connection.execute("INSERT INTO planogram_position VALUES (1, 'p1', 'cola', 'b1', 's1', '{l1}', '{}', 24, 6)")


def _rest(mono_ms: int, units: int) -> WeightRecord:
    return WeightRecord(mono_ms=mono_ms, plate="l1", kind="heartbeat", weight_g=units * UNIT_G, noise_g=0.3)


def _move(mono_ms: int, before: int, after: int) -> WeightRecord:
    return WeightRecord(
        mono_ms=mono_ms, plate="l1", kind="step", weight_g=after * UNIT_G, before_g=before * UNIT_G, noise_g=0.3
    )


DAY = [
    _rest(1000, 12),
    _rest(31_000, 12),
    _move(40_000, 12, 11),
    _rest(61_000, 11),
    _move(70_000, 11, 8),
    _rest(91_000, 8),
]


def _counted_in_one_go(connection: Connection[Any], store: StoreId) -> dict[int, float]:
    model = evidence.read(connection, store, at=SHOP_AT)
    counted = count(CountingState(), readings(list(enumerate(DAY, start=1))), model)
    quantity = counted.quantities[-1]
    return {quantity.low + n: probability for n, probability in enumerate(quantity.pmf)}


@pytest.mark.usefixtures("shelf")
def test_killed_after_every_batch_the_quantity_is_the_same(
    start_gateway: StartGateway, device: FakeDevice, connection: Connection[Any], store: StoreId
) -> None:
    for record in DAY:
        gateway = start_gateway()
        device.append([record])
        device.drain()
        gateway.kill()
        gateway.wait()
        connection.execute("UPDATE store_lease SET expires_at = now()")  # how long a takeover waits is not asked here
    ((low, pmf),) = all_of(connection, QUANTITY)
    found = {low + n: probability for n, probability in enumerate(pmf)}
    assert found == pytest.approx(_counted_in_one_go(connection, store), abs=0.01)
    assert max(found, key=found.__getitem__) == 8
    events = all_of(connection, "SELECT kind, quantity FROM shelf_event ORDER BY time")
    assert events == [("pick", 1), ("pick", 3)]


@pytest.mark.usefixtures("shelf")
def test_a_lost_cache_is_counted_again_from_the_readings(
    start_gateway: StartGateway, device: FakeDevice, connection: Connection[Any]
) -> None:
    gateway = start_gateway()
    device.append(DAY[:4])
    device.drain()
    gateway.terminate()
    gateway.wait()
    assert one_of(connection, "SELECT count(*) FROM counting_state") == 1
    connection.execute("DELETE FROM counting_state; DELETE FROM position_quantity")
    start_gateway()
    device.append(DAY[4:])
    device.drain()
    assert one_of(connection, "SELECT best FROM position_quantity") == 8
    assert one_of(connection, "SELECT count(*) FROM shelf_event") == 2


@pytest.mark.usefixtures("shelf")
def test_a_position_that_leaves_the_planogram_has_no_quantity(
    start_gateway: StartGateway, device: FakeDevice, connection: Connection[Any], store: StoreId
) -> None:
    start_gateway()
    device.append(DAY[:2])
    device.drain()
    assert one_of(connection, "SELECT best FROM position_quantity") == 12
    connection.execute("UPDATE planogram_position SET position = 'p2', capacity = 30")
    connection.execute("UPDATE evidence_version SET version = 2")
    while one_of(connection, "SELECT count(*) FROM position_quantity"):
        device.pump()
    device.append(DAY[2:])
    device.drain()
    assert all_of(connection, "SELECT position, best FROM position_quantity") == [("p2", 8)]
