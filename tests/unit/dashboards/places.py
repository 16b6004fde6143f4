"""Places, tasks and conditions as screens get them, with what a test does not care about filled in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from cloud.shelves.model import Conditions, DeviceCondition, PositionView, SensorCondition, TaskView

AT = datetime(2026, 1, 1, 12, tzinfo=UTC)

_PLACE = PositionView(
    position="b1-s2-p5", bay="b1", shelf="b1-s2", sku="tea", name="Oolong tea 500 ml", name_zh="乌龙茶 500毫升",
    capacity=16, low_units=4, plates=("b1-s2-l5",), zones=(), sensed=True, units=7, probability=0.99, low=7, pmf=(1.0,),
    frozen=False, basis=("weight",), as_of=AT, faults=(), backroom=12, incoming=0, task_id=None, task_state=None,
    assignee=None, order_id=None, order_state=None,
)  # fmt: skip

_TASK = TaskView(
    task_id="t1", kind="refill", store="corner", position="b1-s2-p5", sku="tea", name="Oolong tea 500 ml",
    name_zh="乌龙茶 500毫升", bay="b1", shelf="b1-s2", suggested_units=9, state="open", reason="", assignee=None,
    done_units=None, opened_at=AT, taken_at=None, done_at=None, closed_at=None, workable=True, units=2, capacity=16,
    low_units=4, frozen=False, backroom=12,
)  # fmt: skip

_CONDITIONS = Conditions(
    programs={"gateway": True, "worker": True}, broker=True, broker_since=AT, devices=(), sensors=()
)


def place(**changes: Any) -> PositionView:
    """A place with seven of sixteen teas, but for the changes."""
    return replace(_PLACE, **changes)


def task(**changes: Any) -> TaskView:
    """An open task to refill the teas, but for the changes."""
    return replace(_TASK, **changes)


def conditions(**changes: Any) -> Conditions:
    """A store in which all is well, but for the changes."""
    return replace(_CONDITIONS, **changes)


def device(name: str, *, online: bool = True) -> DeviceCondition:
    """The device of the bay that its name ends in: `bay-1` looks after b1."""
    return DeviceCondition(device=name, online=online, seen_at=AT, bays=(f"b{name[-1]}",))


def sensor(subject: str, verdict: str, position: str | None = None) -> SensorCondition:
    """A part of a device that is not well."""
    return SensorCondition(device="bay-1", subject=subject, position=position, verdict=verdict, as_of=AT)
