"""The drill: the database is destroyed under load and an older backup comes back; devices replay from their reserve."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from contract.clock import ShopClock
from contract.ids import StoreId
from contract.records import WeightRecord
from database.backup import back_up, restore
from database.connection import connect
from edge.delivery import Delivery
from edge.handover import Handover
from edge.settings import AgentSettings, PlateSettings
from tests.integration.gateway.conftest import StartGateway

pytestmark = [pytest.mark.database, pytest.mark.broker]

AGENTS = 4
EVERY_S = 0.02
"""Wall seconds between two records of each agent."""
WAIT_S = 90.0

WATERMARKS = "SELECT device, max(seq) FROM journal_watermark GROUP BY device ORDER BY device"
STORED = "SELECT device, array_agg(weight_g::integer ORDER BY seq) FROM reading GROUP BY device ORDER BY device"


@dataclass
class Agent:
    """What an agent has below its sampling: handover, outbox on a disk, publisher. It weighs 1 g, 2 g, 3 g, ..."""

    device: str
    clock: ShopClock
    handover: Handover
    delivery: Delivery
    weighed: list[int] = field(default_factory=list)

    def weigh(self) -> None:
        weight_g = len(self.weighed) + 1
        self.handover.put(
            [WeightRecord(mono_ms=self.clock.mono_ms(), plate=self.device, kind="step", weight_g=float(weight_g))]
        )
        self.weighed.append(weight_g)


@pytest.fixture
def agents(tmp_path: Path, broker_url: str, store: StoreId) -> Iterator[list[Agent]]:
    fleet = []
    for number in range(1, AGENTS + 1):
        device, clock, handover = f"bay-{number}", ShopClock(), Handover()
        folder = tmp_path / device
        folder.mkdir()
        plate = PlateSettings(plate=device, bay="b1", shelf="b1-s1", zero_count=0.0, counts_per_g=1.0)
        settings = AgentSettings(
            store=store, device=device, hardware="a:b", data_dir=str(folder), broker=broker_url, plates=(plate,)
        )
        delivery = Delivery(settings, clock, handover, lambda _payload, _answer: None)
        delivery.start()
        fleet.append(Agent(device=device, clock=clock, handover=handover, delivery=delivery))
    yield fleet
    for agent in fleet:
        agent.delivery.stop()
    assert [agent.delivery.failed for agent in fleet] == [None] * AGENTS


def test_after_a_restore_of_an_older_backup_no_record_is_lost_and_none_is_double(
    start_gateway: StartGateway, agents: list[Agent], database_url: str, database_server: str, tmp_path: Path
) -> None:
    start_gateway()
    _weigh_until(agents, lambda: _committed(database_url, at_least=40))
    path = tmp_path / "older"
    manifest = back_up(database_url, path, liveshelf="0.1.0", at=datetime.now(UTC))
    _weigh_until(agents, lambda: _committed(database_url, at_least=120))
    _destroy(database_server, database_url)
    _weigh_for(agents, 1.0)
    _, epoch = restore(path, database_url, at=datetime.now(UTC))
    before = dict(_all(database_url, WATERMARKS))
    _weigh_for(agents, 1.0)
    _until(lambda: _stored(database_url) == {agent.device: agent.weighed for agent in agents})

    assert epoch != manifest.epoch
    assert all(seq < 120 for seq in before.values()), "the backup was older than what devices knew to be committed"
    assert _all(database_url, "SELECT * FROM gap") == []
    assert _all(database_url, WATERMARKS) == [(agent.device, len(agent.weighed)) for agent in agents]


def _weigh_until(agents: list[Agent], done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not done():
        assert time.monotonic() < deadline, "it never came to be"
        _weigh_for(agents, 0.2)


def _weigh_for(agents: list[Agent], for_s: float) -> None:
    end = time.monotonic() + for_s
    while time.monotonic() < end:
        for agent in agents:
            agent.weigh()
        time.sleep(EVERY_S)


def _committed(url: str, *, at_least: int) -> bool:
    watermarks = dict(_all(url, WATERMARKS))
    return len(watermarks) == AGENTS and min(watermarks.values()) >= at_least


def _stored(url: str) -> dict[str, list[int]]:
    return dict(_all(url, STORED))


def _destroy(server: str, url: str) -> None:
    name = sql.Identifier(str(conninfo_to_dict(url)["dbname"]))
    with connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(name))


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.1)


def _all(url: str, question: str) -> list[tuple[Any, ...]]:
    with connect(url) as connection:
        return connection.execute(question.encode()).fetchall()
