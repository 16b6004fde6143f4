"""Looks after a world under fire as a supervisor would: what ended is started again, unless a fault keeps it down."""

from __future__ import annotations

import signal
import time
from collections import Counter

from contract.errors import LiveShelfError
from liveshelf.chaos.diary import Diary
from liveshelf.chaos.parts import Part, doing, family, send
from liveshelf.chaos.world import World

RETRY_S = 1.0
"""So long a part that ended by itself, or would not start, is left alone."""

HUNG_S = 40.0
"""A database that was not struck recovers in seconds here; no fault lasts so long."""


class Upkeep:
    """`tend` is called often. `killed` are the parts faults killed; `ended` counts those that ended by themselves."""

    def __init__(self, world: World, diary: Diary) -> None:
        self.held: set[str] = set()
        self.ended: Counter[str] = Counter()
        self._world = world
        self._diary = diary
        self._killed: set[str] = set()
        self._due_s: dict[str, float] = {}
        self._ready_at_s = time.monotonic()

    def tend(self) -> None:
        """Keep full disks full, and start what is down and may run."""
        for disk in self._world.disks.values():
            disk.tend()
        self._killed |= self.held
        for name, part in self._world.parts.items():
            if not part.running and name not in self.held:
                self._look_after(name, part, time.monotonic())
        self._look_at_database(time.monotonic())

    @property
    def whole(self) -> bool:
        """Tell whether every part runs."""
        return all(part.running for part in self._world.parts.values())

    def _look_at_database(self, now_s: float) -> None:
        """End a server that runs and never takes connections, as a health check would, and say what it was doing."""
        database = self._world.database
        if database.ready or not database.running:
            self._ready_at_s = now_s
        elif now_s - self._ready_at_s > HUNG_S and database.pid is not None:
            self._ready_at_s = now_s
            self.ended["database"] += 1
            pids = family(database.pid)
            self._diary.note("hung", f"database: {'; '.join(map(doing, pids))}", part="database")
            send(pids, signal.SIGKILL)

    def _look_after(self, name: str, part: Part, now_s: float) -> None:
        if name not in self._killed and name not in self._due_s:
            self.ended[name] += 1
            self._due_s[name] = now_s + RETRY_S
            self._diary.note("ended", f"{name} by itself: {part.how_ended}", part=name)
        if now_s < self._due_s.get(name, 0.0):
            return
        try:
            part.start()
        except (LiveShelfError, OSError) as error:
            self._due_s[name] = time.monotonic() + RETRY_S
            self._diary.note("down", f"{name} does not start: {error}", part=name)
            return
        self._killed.discard(name)
        self._due_s.pop(name, None)
        self._diary.note("started", name, part=name)
