"""An agent counts as alive only while both of its halves get somewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from contract.errors import ConfigurationError
from edge.agent_file import AgentFile, Trial
from edge.service_manager import ServiceManager
from edge.supervision import BROKER_TRIAL_S, Supervision

WATCHDOG_S = 30.0


@dataclass
class Delivery:
    journal: str = ""
    connected: bool = False
    welcome: bool = False
    refused: bool = False
    turns: int = 0
    writes: int = 0
    waiting: bool = False


@dataclass
class File:
    on_trial: Trial | None = None
    proved: bool = False

    def prove(self) -> None:
        self.on_trial, self.proved = None, True


@dataclass
class Manager:
    watchdog_s: float | None = WATCHDOG_S
    said: list[str] = field(default_factory=list)

    def ready(self, status: str) -> None:
        self.said.append(f"ready: {status}")

    def alive(self, status: str) -> None:
        self.said.append(f"alive: {status}")


class Shop:
    def __init__(self) -> None:
        self.wall_s = 0.0
        self.delivery, self.file, self.manager = Delivery(), File(), Manager()
        self.supervision = Supervision(
            self.delivery,
            cast("AgentFile", cast("Any", self.file)),
            cast("ServiceManager", cast("Any", self.manager)),
            lambda: "2 of 2 plates ok",
            wall_s=lambda: self.wall_s,
        )

    def run(self, seconds: int, *, delivers: bool = True) -> list[str]:
        """Let time pass; return what was said."""
        before = len(self.manager.said)
        for _ in range(seconds):
            self.wall_s += 1.0
            self.delivery.turns += delivers
            self.supervision.looked()
        return self.manager.said[before:]


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_an_agent_is_ready_once_its_outbox_is_open(shop: Shop) -> None:
    assert shop.run(5) == []
    shop.delivery.journal = "j"
    assert shop.run(2) == ["ready: 2 of 2 plates ok; no broker"]


def test_an_agent_that_samples_and_delivers_gives_three_signs_in_the_time_of_its_watchdog(shop: Shop) -> None:
    shop.delivery.journal = "j"
    shop.run(2)
    shop.delivery.connected = True
    assert shop.run(int(WATCHDOG_S)) == ["alive: 2 of 2 plates ok; connected"] * 3


def test_a_delivering_half_that_hangs_is_no_life(shop: Shop) -> None:
    shop.delivery.journal = "j"
    shop.run(2)
    shop.run(20, delivers=False)  # may give one sign, for what was done before
    assert shop.run(100, delivers=False) == []


def test_a_disk_that_answers_no_write_is_no_life_while_records_wait_for_it(shop: Shop) -> None:
    shop.delivery.journal, shop.delivery.waiting = "j", True
    shop.run(2)
    assert shop.run(100) == []
    shop.delivery.writes += 1
    assert len(shop.run(10)) == 1


def test_settings_on_trial_hold_once_the_agent_works_by_them(shop: Shop) -> None:
    shop.file.on_trial = Trial("hash")
    shop.run(5)
    assert not shop.file.proved
    shop.delivery.journal = "j"
    shop.run(2)
    assert shop.file.proved


def test_settings_that_lead_to_another_broker_have_to_be_taken_there(shop: Shop) -> None:
    shop.file.on_trial, shop.delivery.journal = Trial("hash", broker=True), "j"
    shop.run(100)
    assert not shop.file.proved
    shop.delivery.welcome = True
    shop.run(2)
    assert shop.file.proved


def test_a_broker_that_takes_nobody_within_five_minutes_ends_the_trial(shop: Shop) -> None:
    shop.file.on_trial, shop.delivery.journal = Trial("hash", broker=True), "j"
    with pytest.raises(ConfigurationError, match="broker: did not take this device within 300 s"):
        shop.run(int(BROKER_TRIAL_S) + 10)
