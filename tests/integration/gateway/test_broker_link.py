"""Screens learn from two facts whether a store is heard: the gateway is there, and so is its broker."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from psycopg import Connection

from contract.ids import StoreId
from database.presence import GATEWAY, present
from liveshelf.broker import Broker
from tests.integration.gateway.conftest import StartGateway
from tests.integration.gateway.rows import all_of, one_of

pytestmark = [pytest.mark.database, pytest.mark.broker]

CONNECTED = "SELECT connected FROM gateway_link WHERE store = %s"


@pytest.fixture
def broker() -> Iterator[Broker]:
    """A broker of its own, for it is going to be killed."""
    with Broker(port=0) as broker:
        yield broker


@pytest.fixture
def broker_url(broker: Broker) -> str:
    return broker.url


def _until(condition: Callable[[], bool], *, timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.05)


def test_a_broker_that_dies_and_comes_back_is_seen_in_the_table(
    start_gateway: StartGateway, broker: Broker, connection: Connection[Any], store: StoreId
) -> None:
    start_gateway()
    _until(lambda: all_of(connection, CONNECTED, store) == [(True,)])
    assert broker.pid is not None
    os.kill(broker.pid, signal.SIGKILL)
    _until(lambda: all_of(connection, CONNECTED, store) == [(False,)])
    lost_at = one_of(connection, "SELECT since FROM gateway_link")
    broker.start()
    _until(lambda: all_of(connection, CONNECTED, store) == [(True,)])
    assert one_of(connection, "SELECT since FROM gateway_link") > lost_at


def test_a_gateway_that_dies_is_absent_and_another_one_is_there(
    start_gateway: StartGateway, connection: Connection[Any], store: StoreId
) -> None:
    gateway = start_gateway()
    _until(lambda: bool(present(connection, [GATEWAY], store=store)))
    assert not present(connection, [GATEWAY], store="another")
    gateway.kill()
    gateway.wait()
    _until(lambda: not present(connection, [GATEWAY], store=store))
    start_gateway()
    _until(lambda: bool(present(connection, [GATEWAY], store=store)))


def test_a_gateway_that_lost_its_connection_announces_itself_again_and_tells_the_link_anew(
    start_gateway: StartGateway, connection: Connection[Any], store: StoreId
) -> None:
    start_gateway()
    _until(lambda: all_of(connection, CONNECTED, store) == [(True,)])
    connection.execute("DELETE FROM gateway_link")
    connection.execute("""
        SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
        WHERE application_name = 'liveshelf gateway' AND datname = current_database()
    """)
    _until(lambda: all_of(connection, CONNECTED, store) == [(True,)])
    assert present(connection, [GATEWAY], store=store) == {GATEWAY}
