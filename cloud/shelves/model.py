"""What screens show of places, tasks, orders and happenings, and what can be told from it (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Literal, Self

from cloud.availability.model import StockRow

Level = Literal["unsensed", "uncounted", "empty", "low", "fair", "full"]
HappeningKind = Literal[
    "pick", "put_back", "refill", "misplace", "swap", "sweep",
    "task_opened", "task_taken", "task_done", "task_verified", "task_cancelled", "loss_opened", "order_opened",
    "order_received",
]  # fmt: skip

FULL_SHARE = 0.75
"""From three quarters of its capacity on a place looks full; what is not low below that is fair."""

BAND = 0.95
"""Probability with which the units are in the band that is shown."""

ROUNDING = 1e-6
"""Distributions are stored as 4-byte floats: sums miss 1 by up to this."""

EPOCH_LETTERS = 8
"""So many letters of the database epoch tell two databases apart in an id."""

STARTING = "starting"
"""The verdict on a sensor that has not come to rest since its agent started."""

_HEADS = re.compile(r"([^.]{1,8})\.([0-9]{1,18})\.([0-9]{1,18})")
_DIGITS = re.compile(r"([0-9]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreView:
    """A store by its id and name."""

    store: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionView:
    """One place of one product, as a screen shows it.

    `units` None: no sensor has counted it yet (`level` uncounted), or nobody has (`unsensed`). Of an unsensed display
    units come from the books: `pmf` is empty then, as it is where nothing was counted. `pmf[i]` is the probability of
    `low + i` units. `as_of` is the newest word of its sensors, an unchanged heartbeat included. `faults` are the
    verdicts of its sensors that are not ok, `backroom` and `incoming` units of the SKU in the whole store,
    `task_state` that of the refill task under way, `order_state` that of the order under way.
    """

    position: str
    bay: str
    shelf: str
    sku: str
    name: str
    name_zh: str
    capacity: int
    low_units: int
    plates: tuple[str, ...]
    zones: tuple[str, ...]
    sensed: bool
    units: int | None
    probability: float | None
    low: int
    pmf: tuple[float, ...]
    frozen: bool
    basis: tuple[str, ...]
    as_of: datetime | None
    faults: tuple[str, ...]
    backroom: int
    incoming: int
    task_id: str | None
    task_state: str | None
    assignee: str | None
    order_id: str | None
    order_state: str | None

    @property
    def level(self) -> Level:
        """How full it is, in a word."""
        if not self.sensed:
            return "unsensed"
        if self.units is None:
            return "uncounted"
        if self.units == 0:
            return "empty"
        if self.units <= self.low_units:
            return "low"
        return "full" if self.units >= FULL_SHARE * self.capacity else "fair"

    @property
    def share(self) -> float | None:
        """How much of its capacity is filled, 0 to 1; None where nothing was counted."""
        return None if self.units is None else min(1.0, self.units / self.capacity)

    @property
    def at_least(self) -> int | None:
        """The lower end of the band; None where no sensor counted."""
        if not self.pmf or self.units is None:
            return None
        return min(self.units, self.low + _quantile(self.pmf, (1 - BAND) / 2))

    @property
    def at_most(self) -> int | None:
        """The upper end of the band; None where no sensor counted."""
        if not self.pmf or self.units is None:
            return None
        return max(self.units, self.low + len(self.pmf) - 1 - _quantile(self.pmf[::-1], (1 - BAND) / 2))

    @property
    def trouble(self) -> bool:
        """Whether a sensor of it is not to be believed: the units stand still since then."""
        return self.frozen


def _quantile(pmf: Sequence[float], tail: float) -> int:
    """Return how many entries can be cut from the front so that at most `tail` of the probability is cut."""
    allowed = tail * sum(pmf) + ROUNDING
    return sum(1 for mass in accumulate(pmf[:-1]) if mass <= allowed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something a watcher can follow: at a place, or in the store (an order has no position).

    `key` is the same whenever the same thing is told. `units` are those moved, asked for or received; `by` names who
    took or did a task.
    """

    key: str
    at: datetime
    kind: HappeningKind
    position: str
    bay: str
    shelf: str
    sku: str
    name: str
    name_zh: str
    units: int
    by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """How far a screen is: which database, the newest load of the store, the newest change of all stores."""

    epoch: str
    load_id: int
    change: int

    def to_id(self) -> str:
        """Return it as the id of a stream's frame."""
        return f"{self.epoch}.{self.load_id}.{self.change}"

    @classmethod
    def parse(cls, text: str | None) -> Self | None:
        """Return what an id says; None when it is none."""
        match = _HEADS.fullmatch(text or "")
        return None if match is None else cls(epoch=match[1], load_id=int(match[2]), change=int(match[3]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """What changes after a number were about.

    `topics` are tasks, orders, stock and stock:SKU; `positions` those whose task changed, `skus` those whose stock or
    order changed. `everything`: the changes asked for are no longer kept, so that anything may have changed.
    """

    topics: frozenset[str] = frozenset()
    positions: frozenset[str] = frozenset()
    skus: frozenset[str] = frozenset()
    everything: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCondition:
    """A device of the store: whether it is there, when it was last heard (shop time), which bays it sees."""

    device: str
    online: bool
    seen_at: datetime
    bays: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorCondition:
    """A part of a device that is not well: `subject` is plate:ID, zone:ID or agent; `position` the first it sees."""

    device: str
    subject: str
    position: str | None
    verdict: str
    as_of: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What is there and what is not. `broker` is None while no gateway is there to tell."""

    programs: Mapping[str, bool]
    broker: bool | None
    broker_since: datetime | None
    devices: tuple[DeviceCondition, ...]
    sensors: tuple[SensorCondition, ...]

    @property
    def all_well(self) -> bool:
        """Whether nothing needs a person. A sensor that is only starting needs none."""
        there = all(self.programs.values()) and all(device.online for device in self.devices)
        return there and self.broker is True and all(sensor.verdict == STARTING for sensor in self.sensors)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """A task as its card shows it: the task, and how its place stands now.

    `workable` while the books have goods in the backroom; `units` None where nothing was counted, `capacity` and
    `low_units` None where the planogram no longer has the product there.
    """

    task_id: str
    kind: str
    store: str
    position: str
    sku: str
    name: str
    name_zh: str
    bay: str
    shelf: str
    suggested_units: int
    state: str
    reason: str
    assignee: str | None
    done_units: int | None
    opened_at: datetime
    taken_at: datetime | None
    done_at: datetime | None
    closed_at: datetime | None
    workable: bool
    units: int | None
    capacity: int | None
    low_units: int | None
    frozen: bool
    backroom: int

    @property
    def share(self) -> float | None:
        """How much of the place is filled, 0 to 1; None where that is not known."""
        return None if self.units is None or not self.capacity else min(1.0, self.units / self.capacity)

    @property
    def urgency(self) -> tuple[bool, bool, float, datetime]:
        """Sorts the most urgent first: still under way, goods to carry, emptiest, oldest."""
        waits = self.closed_at is not None or self.state == "done"
        return waits, not self.workable, 1.0 if self.share is None else self.share, self.opened_at


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """An order as its card shows it. `on_shelf`, `capacity` and `backroom` are of all places of the SKU in the store;
    `positions` are those that are short of it.
    """

    order_id: str
    store: str
    sku: str
    name: str
    name_zh: str
    units: int
    received_units: int
    state: str
    reason: str
    opened_at: datetime
    expected_at: datetime | None
    received_at: datetime | None
    closed_at: datetime | None
    on_shelf: int
    capacity: int
    backroom: int
    positions: tuple[str, ...]

    @property
    def share(self) -> float | None:
        """How much of all places of the SKU is filled, 0 to 1; None where the planogram has none."""
        return min(1.0, self.on_shelf / self.capacity) if self.capacity else None


@dataclass(frozen=True, slots=True, kw_only=True)
class StockLine:
    """A product of a store and the answer every channel gets for it."""

    sku: str
    name: str
    name_zh: str
    gtins: tuple[str, ...]
    positions: tuple[str, ...]
    display_units: int
    frozen: bool
    answer: StockRow


@dataclass(frozen=True, slots=True, kw_only=True)
class TagView:
    """A tag before an antenna. `sku` and names are None when its GTIN is not in the catalogue."""

    zone: str
    epc: str
    gtin: str | None
    sku: str | None
    name: str | None
    name_zh: str | None
    present: bool
    as_of: datetime


def display_units(counted: int | None, booked: int | None, displays: int) -> int | None:
    """Return the units at one unsensed display: what the books say of the SKU's displays when it is the only one.

    Books do not tell several displays apart: each has what was last counted there, and never more than all together.
    None when neither is known.
    """
    if booked is None or displays <= 1:
        return counted if booked is None else max(0, booked)
    return None if counted is None else min(counted, max(0, booked))


def natural(text: str) -> tuple[tuple[int, str], ...]:
    """Return a key that sorts as people count: shelf s2 before shelf s10."""
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in _DIGITS.split(text) if part)
