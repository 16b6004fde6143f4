"""Staff: they look at the task list, take a task, carry goods from the backroom and say what they did.

A visitor of the demonstration takes tasks on a page and has no hands here: a colleague carries the goods for whoever is
none of ours, and leaves it to them to say that it is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from firmware_sim.world.errands import Answer, Errand, Then
from firmware_sim.world.floor import Floor
from firmware_sim.world.movements import Movement, armful_to_shelf

OURS = "staff-"
"""How the names of the simulated people begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task as the API lists it, as far as staff need it. `visitor`: taken by a person who is none of ours."""

    task_id: str
    kind: str
    position: str
    sku: str
    units: int
    taken: bool
    done: bool
    visitor: bool

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Task:
        """Return the task of one row. Raises KeyError, TypeError or ValueError when the row is not a task."""
        taken, done = row.get("state") == "taken", row.get("state") == "done"
        carries = taken or (done and row.get("done_units") != 0)
        return cls(
            task_id=str(row["task_id"]),
            kind=str(row["kind"]),
            position=str(row["position"]),
            sku=str(row["sku"]),
            units=int(row.get("suggested_units") or 0),
            taken=taken,
            done=done,
            visitor=carries and not str(row.get("assignee") or "").startswith(OURS),
        )


class StaffRoom:
    """The people of the store and the list they work from: one task each at a time, the oldest first.

    A new task is left alone for `Behaviour.notice_s` from the moment they first saw it on the list.
    """

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._idle = [f"{OURS}{number + 1}" for number in range(floor.behaviour.staff)]
        self._leave_until_ms: dict[str, int] = {}
        self._begun: set[str] = set()
        self._helped: set[str] = set()
        query = urlencode({"store": floor.world.store, "state": "open,taken,done"})
        self._list = Errand(method="GET", path=f"/v1/tasks?{query}", keep=False)

    def open(self) -> None:
        """Look at the task list now and then."""
        self._floor.later(self._floor.behaviour.task_poll_s, self._look)

    def _look(self) -> None:
        self._floor.errands.send(self._list, self._assign)

    def _assign(self, answer: Answer) -> None:
        for row in answer.body.get("tasks", []) if answer.ok else []:
            task = self._readable(row)
            if task is None:
                continue
            if task.visitor:
                self._help(task)
            elif task.done:
                continue
            elif self._idle and row.get("workable", True) and self._is_due(task):
                self._begun.add(task.task_id)
                Job(self._floor, self._idle.pop(0), task, self).begin()
        self.open()

    def _readable(self, row: Mapping[str, Any]) -> Task | None:
        """Return the task of a row when it is work for the shop floor, at a place we know.

        What was swept is for loss prevention to look into, and nobody here plays them.
        """
        try:
            task = Task.from_row(row)
        except (KeyError, TypeError, ValueError):
            return None
        known = self._floor.positions.get(task.position)
        at_home = known is not None and known.sku == task.sku
        return task if at_home and task.kind != "investigate" else None

    def _is_due(self, task: Task) -> bool:
        """Tell whether a task that nobody of us began has been left to others for long enough; ours goes on at once."""
        if task.task_id in self._begun:
            return False
        now_ms = self._floor.clock.mono_ms()
        if task.task_id not in self._leave_until_ms:
            leave_s = self._floor.rng.uniform(*self._floor.behaviour.notice_s)
            self._leave_until_ms[task.task_id] = now_ms + round(leave_s * 1000)
        return task.taken or now_ms >= self._leave_until_ms[task.task_id]

    def _help(self, task: Task) -> None:
        """Carry the goods for a visitor, once a task. It costs none of us time: the hands stand for the visitor's."""
        if task.kind == "refill" and task.task_id not in self._helped:
            self._helped.add(task.task_id)
            Job(self._floor, f"colleague-{len(self._helped)}", task, self).begin()

    def back(self, name: str) -> None:
        """Take a person back who is done."""
        if name.startswith(OURS):
            self._idle.append(name)


@dataclass(slots=True)
class Job:
    """One person doing one task. `done` counts the units that reached the shelf; for a visitor nothing is said."""

    floor: Floor
    name: str
    task: Task
    room: StaffRoom
    done: int = 0
    _placed: int = field(default=0, init=False)

    def begin(self) -> None:
        """Take the task, unless somebody has, and go."""
        if self.task.taken or self.task.visitor:
            self._go(Answer(200))
            return
        self._say("take", {"assignee": self.name}, self._go)

    def _go(self, answer: Answer) -> None:
        if not answer.ok:
            self.room.back(self.name)
            return
        work = {"refill": self._fetch, "count": self._count}.get(self.task.kind, self._report)
        self.floor.later(self.floor.behaviour.fetch_s, work)

    def _fetch(self) -> None:
        """Load the arm with what the task still asks for, the shelf has room for and the backroom truly has."""
        behaviour, sku, position = self.floor.behaviour, self.task.sku, self.task.position
        room = self.floor.goods.room_at(position)
        wanted = min(room, self.task.units - self.done) if self.task.units else room
        armful = min(wanted, behaviour.armful_units, int(behaviour.armful_weight_g / self.floor.mean_g[sku]))
        if armful <= 0 or self.floor.goods.fetch(sku, armful, self.name) == 0:
            self._report()
            return
        self.floor.reach(position, self._armful, self._place, self._off)

    def _armful(self) -> Movement:
        carried = len(self.floor.goods.carried(self.name))
        units = min(carried, self.floor.goods.room_at(self.task.position))
        self._placed = 0
        return armful_to_shelf(self.floor.rng, units, self.floor.mean_g[self.task.sku]) if units else ()

    def _place(self) -> None:
        self._placed += self.floor.goods.place(self.task.position, self.task.sku, self.name) is not None

    def _off(self) -> None:
        if self._placed:
            self.floor.record("refill", self.task.position, self.task.sku, self._placed)
        self.done, self._placed = self.done + self._placed, 0
        self.floor.goods.bring_back(self.name)
        if self.floor.acting:
            self.floor.later(self.floor.behaviour.fetch_s, self._fetch)
        else:
            self._report()

    def _count(self) -> None:
        """Count the position by hand and say the number."""
        place = self.floor.positions[self.task.position]
        self.done = self.floor.goods.units_at(self.task.position)
        body = {
            "store": self.floor.world.store,
            "place": "shelf" if place.plates or place.zones else "display",
            "position": self.task.position,
            "sku": self.task.sku,
            "units": self.done,
            "counted_by": self.name,
        }
        key = self.floor.key(f"count/{self.task.task_id}")
        self.floor.errands.send(Errand(method="POST", path="/v1/counts", body=body, key=key), lambda _: self._report())

    def _report(self) -> None:
        if self.task.visitor:
            self.room.back(self.name)
            return
        self._say("done", {"units": self.done}, lambda _: self.room.back(self.name))

    def _say(self, deed: str, body: Mapping[str, Any], then: Then) -> None:
        path = f"/v1/tasks/{self.task.task_id}/{deed}"
        key = self.floor.key(f"{deed}/{self.task.task_id}")
        self.floor.errands.send(Errand(method="POST", path=path, body=body, key=key), then)
