"""Watch over the whole agent: it is ready when both of its threads work, and alive as long as both go on.

A sign of life is given only for what was done since the last one: a look at the wires that ended, a turn of the
delivering thread that ended, and either a write the disk answered or no record that waits for one. A timer that gives
signs by itself would prove nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from contract.errors import ConfigurationError
from edge.agent_file import AgentFile
from edge.ending import Ending
from edge.service_manager import ServiceManager

CHECK_S = 1.0
"""Wall seconds between two looks at what was done."""

FEEDS_PER_WATCHDOG = 3
"""So many signs of life in the time the service manager waits for one (sd_watchdog_enabled(3) advises two)."""

BROKER_TRIAL_S = 300.0
"""New settings that lead to another broker or store have to be taken there within so many wall seconds: nobody could
reach a device that is lost to its broker, but somebody at its shelf."""


@dataclass(frozen=True, slots=True)
class Service:
    """What a run of the agent belongs to: its own file, what commands want of its end, and who started it."""

    file: AgentFile
    ending: Ending = field(default_factory=Ending)
    manager: ServiceManager = field(default_factory=ServiceManager)


@dataclass(frozen=True, slots=True)
class Progress:
    """What was done since the start."""

    looks: int
    turns: int
    writes: int
    waiting: bool


def went_on(before: Progress, now: Progress) -> bool:
    """Tell whether sampling and outbox both got somewhere between two moments (pure)."""
    durable = now.writes > before.writes or not now.waiting
    return now.looks > before.looks and now.turns > before.turns and durable


class Delivering(Protocol):
    """The delivering side (`edge.delivery.Delivery`)."""

    journal: str
    connected: bool
    welcome: bool
    refused: bool
    turns: int
    writes: int

    @property
    def waiting(self) -> bool:
        """Whether records wait for the disk."""
        ...


class Supervision:
    """Sees the agent become ready, trusts its settings then, and gives signs of life. `summary` says in a few words
    how the bay is.
    """

    def __init__(
        self,
        delivery: Delivering,
        file: AgentFile,
        manager: ServiceManager,
        summary: Callable[[], str],
        *,
        wall_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._delivery = delivery
        self._file = file
        self._manager = manager
        self._summary = summary
        self._wall_s = wall_s
        self._since_s = self._fed_s = wall_s()
        self._check_s = 0.0
        self._looks = 0
        self._fed = self._progress()
        self._ready = False

    def looked(self) -> None:
        """Take note that a look at the wires has ended. Raises ConfigurationError when the settings on trial lead to
        no broker that takes us.
        """
        self._looks += 1
        now_s = self._wall_s()
        if now_s < self._check_s:
            return
        self._check_s = now_s + CHECK_S
        if not self._ready and self._delivery.journal:
            self._ready = True
            self._fed, self._fed_s = self._progress(), now_s
            self._manager.ready(self._status())
        if self._ready and self._file.on_trial:
            self._judge_settings(now_s)
        if self._ready and self._manager.watchdog_s is not None:
            self._feed(now_s, self._manager.watchdog_s / FEEDS_PER_WATCHDOG)

    def _feed(self, now_s: float, every_s: float) -> None:
        if now_s - self._fed_s < every_s:
            return
        progress = self._progress()
        if went_on(self._fed, progress):
            self._fed, self._fed_s = progress, now_s
            self._manager.alive(self._status())

    def _judge_settings(self, now_s: float) -> None:
        trial = self._file.on_trial
        assert trial is not None
        if not trial.broker or self._delivery.welcome:
            self._file.prove()
        elif now_s - self._since_s > BROKER_TRIAL_S:
            raise ConfigurationError(f"broker: did not take this device within {BROKER_TRIAL_S:.0f} s")

    def _progress(self) -> Progress:
        return Progress(self._looks, self._delivery.turns, self._delivery.writes, self._delivery.waiting)

    def _status(self) -> str:
        broker = "connected" if self._delivery.connected else "no broker"
        if self._delivery.refused:
            broker = "the broker takes no readings"
        return f"{self._summary()}; {broker}"
