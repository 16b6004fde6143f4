"""The figures of a store, and where to look first (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cloud.shelves.model import OrderView, PositionView, TaskView, natural
from dashboards.web.restock.board import Card, urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfFill:
    """How full a shelf is: `share` is the mean over its counted places, 0 to 1; `empty` counts those without goods."""

    bay: str
    shelf: str
    share: float
    empty: int
    low: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Figures of a store: `tasks` are refills one can work on now, `orders` those under way.

    `losses` are cases of loss prevention: what was swept is nobody's refill until they have looked.
    """

    empty: int
    low: int
    tasks: int
    orders: int
    losses: int
    emptiest: ShelfFill | None
    top_task: TaskView | None


def overview(
    positions: Sequence[PositionView], tasks: Sequence[TaskView], orders: Iterable[OrderView]
) -> Overview:  # fmt: skip
    """Return the figures of a store. The top task is the first on the list of somebody who has taken none.

    What was swept is for loss prevention and no task here; closed tasks and orders do not count.
    """
    to_do = sorted((Card(task=task, mine=False, who="") for task in tasks if _is_to_do(task)), key=urgency)
    return Overview(
        empty=sum(one.level == "empty" for one in positions),
        low=sum(one.level == "low" for one in positions),
        tasks=len(to_do),
        orders=sum(order.closed_at is None for order in orders),
        losses=sum(task.kind == "investigate" and task.closed_at is None for task in tasks),
        emptiest=_emptiest(positions),
        top_task=to_do[0].task if to_do else None,
    )


def _is_to_do(task: TaskView) -> bool:
    """Tell whether somebody can carry goods now, or is about to."""
    return task.kind == "refill" and (task.state == "taken" or (task.state == "open" and task.workable))


def _emptiest(positions: Iterable[PositionView]) -> ShelfFill | None:
    """Return the shelf with the lowest mean fill; of equals the first as people count."""
    shelves: dict[tuple[str, str], list[PositionView]] = defaultdict(list)
    for one in positions:
        if one.sensed and one.share is not None:
            shelves[one.bay, one.shelf].append(one)
    fills = [_fill(bay, shelf, found) for (bay, shelf), found in shelves.items()]
    return min(fills, key=lambda fill: (fill.share, natural(fill.bay), natural(fill.shelf)), default=None)


def _fill(bay: str, shelf: str, positions: Sequence[PositionView]) -> ShelfFill:
    share = sum(one.share or 0.0 for one in positions) / len(positions)
    empty, low = (sum(one.level == level for one in positions) for level in ("empty", "low"))
    return ShelfFill(bay=bay, shelf=shelf, share=share, empty=empty, low=low)
