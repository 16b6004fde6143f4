"""When a shelf is short, and what ends it: a refill from the backroom, or an order; a sweep asks for a look (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from cloud.stock.model import PositionBelief, SeenEvent

Verdict = Literal["open", "close", "wait"]

CLEAR_SHARE = 4
"""A shelf is clearly above low when a quarter of the room above low is filled again: the margin of the hysteresis."""

FRESH_FOR = timedelta(minutes=5)
"""Shop time after which what is believed of a shelf is old news, which raises nothing (design section 4, rule 9): ten
heartbeats of 30 s, so that a few lost ones do not make a shelf silent, and the backlog of an outage is not taken for
now."""


INVESTIGATE_FOR = timedelta(minutes=30)
"""Shop time for which a place that was swept is left as it is, unless somebody closes the case sooner: who looks at a
swept shelf wants to see it, and what was taken may be found and come back. Longer, and shoppers find it empty for no
gain. As long as a unit that was taken may be put back (`gateway.counting.events.PUT_BACK_WITHIN_S`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortageRule:
    """How sure, and for how long, before a shelf is called short or well again. `hold` is shop time."""

    sure: float = 0.9
    hold: timedelta = timedelta(seconds=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Since when a shelf has surely been low; None when it is not."""

    low_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenShortage:
    """A shortage that stands, with what is known of its shelf now.

    `task` tells whether a refill task is on its way, `believed` whether its sensors are well and were heard lately,
    `held` whether the place was swept and is still looked into.
    """

    shortage_id: int
    position: str
    units: int
    capacity: int
    low_units: int
    task: bool
    believed: bool
    held: bool = False

    @property
    def room(self) -> int:
        """Units that fit on the shelf."""
        return max(0, self.capacity - self.units)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """A refill to ask of staff."""

    shortage_id: int
    position: str
    units: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInvestigation:
    """A place for loss prevention to look into, because so many units left it at once."""

    task_id: str
    position: str
    sku: str
    units: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """Goods to ask of the supplier."""

    units: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do about the shortages of one SKU in one store."""

    tasks: tuple[NewTask, ...] = ()
    order: NewOrder | None = None
    close_order: bool = False


def clear_units(low_units: int, capacity: int) -> int:
    """Return from how many units on a shelf is clearly above low; never more than it can hold."""
    return min(capacity, low_units + max(1, (capacity - low_units) // CLEAR_SHARE))


def judge(
    watch: Watch, belief: PositionBelief, *, is_open: bool, at: datetime, rule: ShortageRule
) -> tuple[Watch, Verdict]:
    """Return the watch carried on and what to do about a shelf.

    It opens when P(quantity <= low) has been at least `sure` for the hold, closes when P(quantity >= clear) is at
    least `sure`. A frozen sensor, or one not heard yet, neither opens nor closes anything. Old news closes, but opens
    nothing: the hold begins anew until the shelf is heard.
    """
    if belief.frozen or belief.as_of is None:
        return Watch(), "wait"
    if is_open:
        clear = 1.0 - belief.at_most(clear_units(belief.low_units, belief.capacity) - 1)
        return Watch(), "close" if clear >= rule.sure else "wait"
    if belief.at_most(belief.low_units) < rule.sure:
        return Watch(), "wait"
    if not belief.heard_within(FRESH_FOR, at=at):
        return Watch(low_since=at), "wait"
    since = watch.low_since or at
    if at - since >= rule.hold:
        return Watch(), "open"
    return Watch(low_since=since), "wait"


def plan(
    shortages: Sequence[OpenShortage], *, backroom: int, promised: int, order_state: str | None, case_units: int | None
) -> Plan:
    """Return what ends the open shortages of a SKU.

    `backroom` is what the ledger has there, `promised` what tasks not yet done will take of it; `order_state` is the
    state of the order under way, None when there is none. One order is open per SKU and store: it nets all that lacks.
    A received order closes when no shelf is short any more, or when its goods have left the backroom for the shelf.
    A shelf that is not to be believed now is refilled, for staff will see; it orders nothing. One that was swept waits
    until it has been looked into.
    """
    left = max(0, backroom - promised)
    tasks: list[NewTask] = []
    lacking: list[OpenShortage] = []
    for shortage in shortages:
        if shortage.task or shortage.held or not shortage.room:
            continue
        if left:
            units = min(left, shortage.room)
            tasks.append(_task(shortage, units, backroom))
            left -= units
        elif shortage.believed:
            lacking.append(shortage)
    working = bool(tasks) or any(shortage.task for shortage in shortages)
    close = order_state == "received" and (not shortages or (bool(lacking) and not working))
    order = _order(lacking, case_units) if lacking and not working and (order_state is None or close) else None
    return Plan(tasks=tuple(tasks), order=order, close_order=close)


def investigations(events: Iterable[SeenEvent], *, at: datetime) -> list[NewInvestigation]:
    """Return what sweeps ask to be looked into; one heard of only now, from an outage long ago, is history.

    A task is named by its event, so that the same event seen again asks for nothing new.
    """
    return [
        NewInvestigation(
            task_id=f"tsk_{event.event_id[:16]}",
            position=event.position,
            sku=event.sku,
            units=event.quantity,
            reason=f"{event.quantity} taken at once",
        )
        for event in events
        if event.kind == "sweep" and at - event.time < INVESTIGATE_FOR
    ]


def order_units(lacking: int, case_units: int | None) -> int:
    """Return how many units to order to cover what lacks, in whole cases when a case is known."""
    if case_units is None:
        return lacking
    return -(-lacking // case_units) * case_units


def shelf_reason(units: int, capacity: int, low_units: int) -> str:
    """Return how a shelf stands, in words."""
    return f"{units} left of {capacity}, low at {low_units}"


def _task(shortage: OpenShortage, units: int, backroom: int) -> NewTask:
    shelf = shelf_reason(shortage.units, shortage.capacity, shortage.low_units)
    reason = f"{shelf}; {backroom} in the backroom"
    return NewTask(shortage_id=shortage.shortage_id, position=shortage.position, units=units, reason=reason)


def _order(lacking: Sequence[OpenShortage], case_units: int | None) -> NewOrder:
    units = order_units(sum(shortage.room for shortage in lacking), case_units)
    shelves = "; ".join(f"{one.position}: {shelf_reason(one.units, one.capacity, one.low_units)}" for one in lacking)
    return NewOrder(units=units, reason=f"{shelves}; none in the backroom{_in_cases(units, case_units)}")


def _in_cases(units: int, case_units: int | None) -> str:
    if case_units is None or case_units == 1:
        return ""
    count = units // case_units
    return f"; {count} {'case' if count == 1 else 'cases'} of {case_units}"
