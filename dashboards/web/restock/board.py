"""The restock list of one person: what to do now and in which order, what lacks, what is on its way (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cloud.shelves.model import OrderView, PositionView, TaskView

Notice = Literal["unknown", "mine", "taken", "done_mine", "done", "none_left", "verified", "unseen", "ended"]

FINISHED_MAX = 3
"""So many tasks that have just ended are told of at once."""

_RANK = {"empty": 0, "low": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A task and whose it is; `who` is empty while nobody has taken it."""

    task: TaskView
    mine: bool
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """A place that is short, with nothing to carry there and nothing on its way."""

    place: PositionView
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """An order whose goods are awaited, and the places that are short of them."""

    order: OrderView
    places: tuple[PositionView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The list: the most urgent first in each part; `finished` has just ended, the newest first."""

    to_do: tuple[Card, ...]
    lacks: tuple[Lack, ...]
    coming: tuple[Coming, ...]
    finished: tuple[Card, ...]

    @property
    def mine(self) -> int:
        """How many tasks the person is at work on."""
        return sum(card.mine and card.task.state == "taken" for card in self.to_do)

    @property
    def empty(self) -> bool:
        """Whether no shelf lacks anything."""
        return not (self.to_do or self.lacks or self.coming)


def make_board(
    tasks: Iterable[TaskView], orders: Iterable[OrderView], shortages: Mapping[str, datetime],
    places: Mapping[str, PositionView], *, me: str, names: Mapping[str, str],
) -> Board:  # fmt: skip
    """Return the list of the person whose log-in is `me`.

    `tasks` are those under way and those that have just ended, `shortages` since when a place has been short, `places`
    those that are short or awaited, `names` how people are called by log-in. A place that was swept is for loss
    prevention until they have looked into it.
    """
    tasks = tuple(tasks)
    cards = [_card(task, me, names) for task in tasks if task.kind == "refill"]
    to_do = sorted((card for card in cards if _is_to_do(card.task)), key=urgency)
    coming = [
        Coming(order=order, places=tuple(places[name] for name in order.positions if name in places))
        for order in orders
        if order.state == "open"
    ]
    attended = {card.task.position for card in to_do} | {place.position for one in coming for place in one.places}
    attended |= {task.position for task in tasks if task.kind == "investigate" and task.closed_at is None}
    lacks = [
        Lack(place=places[name], since=since)
        for name, since in shortages.items()
        if name in places and name not in attended
    ]
    finished = sorted((card for card in cards if _is_news(card)), key=_ended_at, reverse=True)
    return Board(
        to_do=tuple(to_do), lacks=tuple(sorted(lacks, key=_lack_urgency)), coming=tuple(coming),
        finished=tuple(finished[:FINISHED_MAX]),
    )  # fmt: skip


def urgency(card: Card) -> tuple[int, int, float, datetime, str]:
    """Sorts what the person does first to the front: own tasks, then open ones, then those somebody is at work on, then
    those that only wait for the scale; among each empty places before low ones, then the emptiest, then the oldest.
    """
    task = card.task
    turn = {"open": 1, "taken": 0 if card.mine else 2}.get(task.state, 3)
    return turn, _RANK.get(level_of(task), 2), _share(task.share), task.opened_at, task.task_id


def level_of(task: TaskView) -> str:
    """Return how full the place of a task is, in a word: uncounted, empty, low or fair."""
    if task.units is None:
        return "uncounted"
    if task.units == 0:
        return "empty"
    return "low" if task.low_units is not None and task.units <= task.low_units else "fair"


def notice_of(task: TaskView | None, *, me: str) -> Notice | None:
    """Return what is to be said of a task somebody has acted on, as it stands now; None while it is open.

    It does not ask what the act was: whoever acts on a card that is old, or twice, reads how the task stands.
    """
    if task is None or task.kind != "refill":
        return "unknown"
    mine = task.assignee == me
    if task.state == "cancelled":
        return "unseen" if mine and task.done_units else "ended"
    if task.state == "done" and task.done_units == 0:
        return "none_left"
    words: dict[str, Notice] = {
        "taken": "mine" if mine else "taken", "done": "done_mine" if mine else "done", "verified": "verified",
    }  # fmt: skip
    return words.get(task.state)


def _card(task: TaskView, me: str, names: Mapping[str, str]) -> Card:
    who = task.assignee or ""
    return Card(task=task, mine=who == me, who=names.get(who, who))


def _is_to_do(task: TaskView) -> bool:
    """Tell whether a task is worked on or can be: one nobody has taken needs goods in the backroom."""
    return task.closed_at is None and (task.workable or task.state != "open")


def _is_news(card: Card) -> bool:
    return card.task.closed_at is not None and (card.task.state == "verified" or card.mine)


def _ended_at(card: Card) -> datetime:
    assert card.task.closed_at is not None, "only tasks that have ended are news"
    return card.task.closed_at


def _lack_urgency(lack: Lack) -> tuple[int, float, datetime, str]:
    return _RANK.get(lack.place.level, 2), _share(lack.place.share), lack.since, lack.place.position


def _share(share: float | None) -> float:
    return 1.0 if share is None else share
