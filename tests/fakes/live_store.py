"""A store that only knows how its places stand, and templates that only say it: enough to follow live updates."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from cloud.errors import DATABASE_ERRORS
from cloud.shelves.model import Conditions, Happening, Heads, PositionView
from dashboards.web.language import Language
from dashboards.web.live.delta import Delta, Drawn, Look

EPOCH = "e9a1b2c3"
AT = datetime(2026, 1, 1, tzinfo=UTC)


def position(name: str, units: int) -> PositionView:
    return PositionView(
        position=name, bay="b1", shelf="b1-s1", sku="tea", name="Tea", name_zh="茶", capacity=12, low_units=3,
        plates=("l1",), zones=(), sensed=True, units=units, probability=1.0, low=units, pmf=(1.0,), frozen=False,
        basis=("weight",), as_of=AT, faults=(), backroom=0, incoming=0, task_id=None, task_state=None, assignee=None,
        order_id=None, order_state=None,
    )  # fmt: skip


def happening(key: str) -> Happening:
    return Happening(
        key=key, at=AT, kind="pick", position="p1", bay="b1", shelf="b1-s1", sku="tea", name="Tea", name_zh="茶",
        units=1, by=None,
    )  # fmt: skip


class FakeStore:
    """Every `put` is a load of its own. `away` makes every question fail as a database that went does."""

    def __init__(self) -> None:
        self.epoch = EPOCH
        self.away = False
        self.looks: list[set[Heads]] = []
        self.over: set[tuple[str, str]] = set()
        self.broker = True
        self._puts: list[tuple[str, int]] = []

    @property
    def heads(self) -> Heads:
        return Heads(epoch=self.epoch, load_id=len(self._puts), change=0)

    def put(self, name: str, units: int) -> None:
        self._puts.append((name, units))

    def shown(self, language: Language) -> dict[str, str]:
        """Return the parts a page read just now shows."""
        return {f"tile:{name}": f"{language} {units}" for name, units in self._puts}

    @property
    def happened(self) -> list[str]:
        """Everything that happened, newest first."""
        return [f"<li>{load_id}</li>" for load_id in range(len(self._puts), 0, -1)]

    def look(self, store: str, told: Iterable[Heads], *, conditions: bool) -> Look:
        told = set(told)
        self.looks.append(told)
        if self.away:
            raise DATABASE_ERRORS[0]("gone")
        heads = self.heads
        reached = {since for since in told if since.epoch == heads.epoch and since.load_id <= heads.load_id}
        seen = Conditions(programs={}, broker=self.broker, broker_since=None, devices=(), sensors=())
        return Look(heads=heads, deltas={since: self._delta(since) for since in reached}, conditions=seen)

    def _delta(self, since: Heads) -> Delta:
        put = dict(self._puts[since.load_id :])
        numbers = range(since.load_id + 1, len(self._puts) + 1)
        return Delta(
            positions=tuple(position(name, units) for name, units in put.items()),
            happenings=tuple(happening(str(number)) for number in numbers),
        )

    def ended(self, watching: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        return self.over & set(watching)


class PlainRenderer:
    """Draws language and units; counts how often."""

    def __init__(self) -> None:
        self.drawn = 0

    def draw(self, store: str, language: Language, delta: Delta) -> Drawn:
        self.drawn += 1
        parts = {f"tile:{one.position}": f"{language} {one.units}" for one in delta.positions}
        return Drawn(parts=parts, now=tuple(f"<li>{one.key}</li>" for one in delta.happenings))

    def down(self, store: str, language: Language, conditions: Conditions) -> str:
        return "" if conditions.broker else f"{language} broker down"

    def database_away(self, language: Language) -> str:
        return f"{language} database away"
