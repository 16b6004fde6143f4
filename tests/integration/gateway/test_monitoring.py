"""A gateway tells by HTTP whether it lives, whether it is ready, and what it did."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from typing import Any

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families
from psycopg import Connection, sql

from database.connection import connect
from liveshelf.broker import free_port
from tests.fakes.device import FakeDevice
from tests.integration.gateway.conftest import StartGateway
from tests.integration.gateway.rows import weight

pytestmark = [pytest.mark.database, pytest.mark.broker]


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    """The port every gateway that starts serves its metrics on."""
    found = free_port()
    monkeypatch.setenv("LIVESHELF_GATEWAY_METRICS_PORT", str(found))
    return found


def _ask(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def _wait_for(port: int, path: str, status: int) -> str:
    deadline = time.monotonic() + 30
    while (found := _ask(port, path))[0] != status:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found[1]


def test_what_was_loaded_is_told_and_so_is_a_batch_sent_twice(
    start_gateway: StartGateway, device: FakeDevice, port: int
) -> None:
    start_gateway()
    device.append([weight(1000 * n) for n in range(1, 51)])
    device.drain()
    device.send_batch(1, 10)
    assert _wait_for(port, "/readyz", 200) == "ok\n"
    deadline = time.monotonic() + 30
    told: dict[str, float] = {}
    while told.get("liveshelf_gateway_duplicates_total", 0) < 1:
        assert time.monotonic() < deadline, told
        families = text_string_to_metric_families(_ask(port, "/metrics")[1])
        told = {sample.name: sample.value for family in families for sample in family.samples}
    assert told["liveshelf_gateway_rows_total"] == 50
    assert told["liveshelf_gateway_load_seconds_count"] == told["liveshelf_gateway_loads_total"]
    assert told["liveshelf_gateway_ready"] == 1
    assert _ask(port, "/elsewhere")[0] == 404


def test_while_the_database_is_away_it_lives_and_is_not_ready(
    start_gateway: StartGateway, connection: Connection[Any], database_server: str, port: int
) -> None:
    start_gateway()
    _wait_for(port, "/readyz", 200)
    name = connection.info.dbname
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    with connect(database_server, autocommit=True) as server:
        server.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        assert _wait_for(port, "/readyz", 503).startswith("the database is away")
        assert _ask(port, "/livez") == (200, "ok\n")
        server.execute(allow.format(sql.Identifier(name), sql.SQL("true")))
    _wait_for(port, "/readyz", 200)
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")  # the test's own connection went with the others


def test_a_port_in_use_is_one_sentence(
    start_gateway: StartGateway, port: int, capfd: pytest.CaptureFixture[str]
) -> None:
    start_gateway()
    _wait_for(port, "/livez", 200)
    assert start_gateway().wait(timeout=20) == 2
    assert f"LIVESHELF_GATEWAY_METRICS_PORT: cannot listen on 127.0.0.1:{port}" in capfd.readouterr().err
