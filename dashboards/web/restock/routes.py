"""The restock list and what staff do with it. A form sent by htmx gets the list back, any other the whole page."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter
from starlette.responses import Response

from cloud.access.login import service as logins
from cloud.errors import StaleState
from cloud.replenishment import service as replenishment
from cloud.shelves import service as shelves
from cloud.shelves.model import TaskView
from cloud.shelves.service import Link
from dashboards.web.restock.board import Board, Notice, make_board, notice_of
from dashboards.web.restock.units import Wrong, parse_units, stepped
from dashboards.web.store_page import store_page
from dashboards.web.visit import Posting, Visit, Visiting

router = APIRouter()

FINISHED_SHOWN_S = 20.0
"""Wall seconds for which a task that has ended is still told of."""

_TASK_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is told about one task above the list; `who` has it."""

    kind: Notice
    task: TaskView | None
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A form that is shown again: what was typed in it, and what is wrong with that, if anything."""

    task: TaskView
    units: str
    wrong: Wrong | None


@router.get("/stores/{store}/restock")
def restock_page(visit: Visiting, store: str, about: str = "") -> Response:
    """Show the list; `about` names the task somebody has just acted on without script."""
    return _page(visit, store, about=about)


@router.get("/stores/{store}/restock/list")
def restock_list(visit: Visiting, store: str) -> Response:
    """Return the list alone, for a page that heard that it has changed."""
    visit.needs("tasks:work", store)
    return _list(visit, store, "restock/list.html")


@router.post("/stores/{store}/tasks/{task_id}/take")
def take(visit: Posting, store: str, task_id: str) -> Response:
    """Take a task; one that is somebody's, or over, stays as it is."""
    visit.needs("tasks:work", store)
    at = visit.parts.clock.now()
    with visit.parts.writes.connection() as link:
        if _refill(visit, link, store, task_id) is not None:
            with contextlib.suppress(StaleState):
                replenishment.take(link, task_id, assignee=visit.person.login, at=at)
    return _after(visit, store, task_id)


@router.post("/stores/{store}/tasks/{task_id}/done")
def done(visit: Posting, store: str, task_id: str) -> Response:
    """Note how many units were put on the shelf, or that there are none in the backroom."""
    visit.needs("tasks:work", store)
    with visit.parts.writes.connection() as link:
        task = _refill(visit, link, store, task_id)
    if task is None or not _may_finish(task, visit.person.login):
        return _after(visit, store, task_id)
    typed = visit.form.get("units", "")
    if visit.form.get("nothing"):
        return _finish(visit, store, task, 0)
    if step := {"-1": -1, "1": 1}.get(visit.form.get("step", "")):
        stepped_to = stepped(typed, step, suggested=task.suggested_units)
        return _again(visit, store, Typed(task=task, units=stepped_to, wrong=None))
    units = _checked(typed, task, sure=visit.form.get("sure") == typed)
    if not isinstance(units, int):
        return _again(visit, store, Typed(task=task, units=typed, wrong=units))
    return _finish(visit, store, task, units)


def _checked(typed: str, task: TaskView, *, sure: bool) -> int | Wrong:
    """Return the units. More than the place holds is asked about once: the plan may be wrong, or the finger was."""
    units = parse_units(typed)
    if isinstance(units, int) and task.capacity is not None and units > task.capacity and not sure:
        return "too_full"
    return units


def _finish(visit: Visit, store: str, task: TaskView, units: int) -> Response:
    """Note it in one transaction: the task is the person's from then on, whoever was to take it."""
    at = visit.parts.clock.now()
    with visit.parts.writes.connection() as link, contextlib.suppress(StaleState):
        replenishment.take(link, task.task_id, assignee=visit.person.login, at=at)
        replenishment.done(link, task.task_id, units=units, at=at)
    return _after(visit, store, task.task_id)


def _refill(visit: Visit, link: Link, store: str, task_id: str) -> TaskView | None:
    """Return a refill task of the store; other kinds are other people's."""
    if not _TASK_ID.fullmatch(task_id):
        return None
    task = shelves.task_on_page(link, store, task_id, at=visit.parts.clock.now())
    return task if task is not None and task.kind == "refill" else None


def _may_finish(task: TaskView, login: str) -> bool:
    return task.state == "open" or (task.state == "taken" and task.assignee == login)


def _after(visit: Visit, store: str, task_id: str) -> Response:
    """Answer an act with the list as it is now, and with how the task stands."""
    if visit.by_htmx:
        return _list(visit, store, "restock/answer.html", about=task_id)
    known = f"?about={task_id}" if _TASK_ID.fullmatch(task_id) else "?about=-"
    return visit.redirect(f"/stores/{store}/restock{known}")


def _again(visit: Visit, store: str, typed: Typed) -> Response:
    status = 200 if typed.wrong is None else 422
    if visit.by_htmx:
        return _list(visit, store, "restock/answer.html", typed=typed, status=status)
    return _page(visit, store, typed=typed, status=status)


def _list(
    visit: Visit, store: str, template: str, *, about: str = "", typed: Typed | None = None, status: int = 200
) -> Response:  # fmt: skip
    with visit.parts.writes.connection() as link:
        board, said = _read(visit, link, store, about)
    return visit.render(template, status=status, store=store, board=board, said=said, typed=typed, about=about)


def _page(visit: Visit, store: str, *, about: str = "", typed: Typed | None = None, status: int = 200) -> Response:
    with store_page(visit, store, "restock", "tasks:work") as page:
        board, said = _read(visit, page.link, store, about)
        return page.render("restock/page.html", status=status, board=board, said=said, typed=typed, about=about)


def _read(visit: Visit, link: Link, store: str, about: str) -> tuple[Board, Said | None]:
    clock, me = visit.parts.clock, visit.person.login
    at = clock.now()
    names = {person.login: person.name for person in logins.people(link)}
    tasks = shelves.tasks_on_page(
        link, store, at=at, closed_since=at - timedelta(seconds=FINISHED_SHOWN_S * clock.rate)
    )
    orders = shelves.orders_on_page(link, store, at=at)
    shortages = shelves.shortages(link, store)
    short = set(shortages).union(*(order.positions for order in orders))
    places = {place.position: place for place in shelves.positions(link, store, at=at, only=short)} if short else {}
    board = make_board(tasks, orders, shortages, places, me=me, names=names)
    if not about:
        return board, None
    task = _refill(visit, link, store, about)
    kind, who = notice_of(task, me=me), (task and task.assignee) or ""
    return board, None if kind is None else Said(kind=kind, task=task, who=names.get(who, who))
