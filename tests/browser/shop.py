"""The shop behind the browser tests: its address, its people, and hands that move goods in it."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
import urllib.request
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from database.connection import connect
from database.embedded import EmbeddedServer
from liveshelf.demo.store import DemoStore

T = TypeVar("T")


class Shop:
    """A running store, and a way to act in it."""

    def __init__(self, store: DemoStore) -> None:
        self.store = store
        self.url = store.api_url
        self.name = store.scenario.store

    def login(self, role: str) -> tuple[str, str]:
        """Return log-in name and password of the person of a role."""
        return next((one.login, one.password) for one in self.store.logins if one.role == role)

    def do(self, deed: str, **facts: Any) -> dict[str, Any]:
        """Let the world do something (see `firmware_sim.world.commands`); return what it answers."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
            wire.settimeout(30)
            wire.connect(str(self.store.world_socket))
            wire.sendall(json.dumps({"command": {"do": deed, **facts}}).encode() + b"\n")
            answer: dict[str, Any] = json.loads(wire.makefile().readline())
        assert answer["ok"], answer
        return answer

    def ask(self, path: str) -> dict[str, Any]:
        """Ask the API."""
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {self.store.key}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: dict[str, Any] = json.loads(answer.read())
        return found

    def units(self, position: str) -> int:
        """Return how many units the scales believe to be at a position."""
        with connect(self.store.database_url) as link:
            row = link.execute("SELECT best FROM position_quantity WHERE position = %s", [position]).fetchone()
        assert row is not None, f"{position} is not counted"
        return int(row[0])

    def places(self) -> int:
        """Return how many places the planogram has that holds now: those of the scenario, and what a test fitted."""
        with connect(self.store.database_url) as link:
            row = link.execute(
                "SELECT count(*) FROM planogram_position WHERE planogram_id = planogram_of(%s, %s)",
                [self.name, self.store.clock.now()],
            ).fetchone()
        assert row is not None
        return int(row[0])

    def make_low(self, position: str, low_units: int) -> None:
        """Let shoppers take units of a position until it is low, few at a time: many at once would be a sweep."""
        while (units := self.units(position)) > low_units:
            self.do("pick", position=position, units=min(2, units - low_units))
            wait_for(partial(self._below, position, units))

    def _below(self, position: str, units: int) -> bool | None:
        return True if self.units(position) < units else None

    def pull_database(self, *, away_s: float) -> None:
        """Kill the database server and whoever watches it, and keep them away so long (wall seconds)."""
        assert self.store.supervisor.pull("database", away_s=away_s)
        server = EmbeddedServer(self.store.options.folder / "database").pid
        assert server is not None, "the server outlives its owner"
        os.kill(server, signal.SIGKILL)

    def tasks(self, *states: str) -> list[dict[str, Any]]:
        """Return the tasks in these states."""
        found: list[dict[str, Any]] = self.ask(f"/v1/tasks?store={self.name}&state={','.join(states)}")["tasks"]
        return found


def wait_for(look: Callable[[], T | None], *, timeout_s: float = 60.0) -> T:
    """Return what `look` finds once it finds something."""
    deadline_s = time.monotonic() + timeout_s
    while (found := look()) is None:
        assert time.monotonic() < deadline_s, f"{look} found nothing within {timeout_s:.0f} s"
        time.sleep(0.1)
    return found
