"""A store's API that books like the cloud does, in memory, and can be away or lose its answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from firmware_sim.world.configuration import WorldConfiguration
from firmware_sim.world.errands import Answer, ApiAway, Errand

Trouble = Callable[[int], str]
"""What goes wrong with the n-th request: "" nothing, "away" never heard, "lost" done but not answered, "busy" 503."""


@dataclass
class FakeStoreApi:
    """Opens a refill task or an order when a position is low; knows the shelves by `units_at`, as the scales would.

    `backroom` is what the books say, which may be wrong.
    """

    world: WorldConfiguration
    units_at: Callable[[str], int] = lambda _: 0
    trouble: Trouble = lambda _: ""
    backroom: Counter[str] = field(default_factory=Counter)
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    sold: Counter[str] = field(default_factory=Counter)
    counts: list[Mapping[str, Any]] = field(default_factory=list)
    asked: list[Errand] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    refuse: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.backroom.update(self.world.backroom)

    def ask(self, errand: Errand) -> Answer:
        self.asked.append(errand)
        trouble = self.trouble(len(self.asked))
        if trouble == "away":
            raise ApiAway("connection refused")
        if trouble == "busy":
            return Answer(503)
        answer = self._get(errand.path) if errand.method == "GET" else self._once(errand)
        if trouble == "lost":
            raise ApiAway("connection reset")
        return answer

    def with_state(self, rows: Mapping[str, Mapping[str, Any]], *states: str) -> list[dict[str, Any]]:
        return [dict(row) for row in rows.values() if row["state"] in states]

    def _get(self, path: str) -> Answer:
        self._review()
        if path.startswith("/v1/tasks?"):
            return Answer(200, {"tasks": self.with_state(self.tasks, "open", "taken"), "next_cursor": None})
        return Answer(200, {"orders": self.with_state(self.orders, "open"), "next_cursor": None})

    def _once(self, errand: Errand) -> Answer:
        assert errand.key
        if errand.key not in self.answers:
            self.answers[errand.key] = self._post(errand.path, errand.body)
        return self.answers[errand.key]

    def _post(self, path: str, body: Mapping[str, Any]) -> Answer:
        *_, subject, deed = path.split("/")
        if deed in self.refuse:
            return Answer(409, {"code": "refused"})
        match deed:
            case "take":
                self.tasks[subject].update(state="taken", assignee=body["assignee"])
            case "done":
                self.tasks[subject].update(state="done", done_units=body["units"])
                self.backroom[self.tasks[subject]["sku"]] -= body["units"]
            case "receipts":
                order = self.orders[body["order_id"]]
                order.update(state="received", received_units=body["units"])
                self.backroom[order["sku"]] += body["units"]
            case "till-sales":
                self.sold.update({line["sku"]: line["units"] for line in body["lines"]})
            case "counts":
                self.counts.append(body)
        return Answer(200, {})

    def open_task(self, position: str, *, kind: str = "refill", units: int = 0, sku: str = "") -> str:
        task_id = f"task-{len(self.tasks) + 1}"
        facts = next(facts for facts in self.world.positions if facts.position == position)
        self.tasks[task_id] = {
            "task_id": task_id,
            "kind": kind,
            "position": position,
            "sku": sku or facts.sku,
            "suggested_units": units,
            "state": "open",
            "workable": True,
            "assignee": None,
        }
        return task_id

    def _review(self) -> None:
        for facts in self.world.positions:
            units = self.units_at(facts.position)
            if units > facts.capacity * 0.25:
                self._close(facts.position, facts.sku)
            elif not any(task["position"] == facts.position for task in self.with_state(self.tasks, "open", "taken")):
                self._open(facts.position, facts.sku, facts.capacity - units)

    def _open(self, position: str, sku: str, units: int) -> None:
        if self.backroom[sku] > 0:
            self.open_task(position, units=min(units, self.backroom[sku]))
        elif not any(order["sku"] == sku for order in self.with_state(self.orders, "open", "received")):
            order_id = f"order-{len(self.orders) + 1}"
            self.orders[order_id] = {"order_id": order_id, "sku": sku, "units": units, "state": "open"}

    def _close(self, position: str, sku: str) -> None:
        for task in self.tasks.values():
            if task["position"] == position and task["state"] == "done":
                task["state"] = "verified"
        for order in self.orders.values():
            if order["sku"] == sku and order["state"] == "received":
                order["state"] = "closed"
