"""The cases of loss prevention: what left a place at once, where, when, and what came of it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from cloud.access.login import service as logins
from cloud.catalog import service as catalog
from cloud.catalog.model import Price
from cloud.errors import StaleState
from cloud.replenishment import service as replenishment
from cloud.shelves import service as shelves
from cloud.shelves.model import TaskView
from cloud.shelves.service import Link
from dashboards.web.language import Language
from dashboards.web.losses.worth import worth
from dashboards.web.restock.units import Wrong, parse_units
from dashboards.web.store_page import store_page
from dashboards.web.visit import Posting, Visit, Visiting

router = APIRouter()

_TASK_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case: `worth` is what left, in words, None where no price is known; `who` looks into it, or has."""

    task: TaskView
    worth: str | None
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A form that is shown again: what was typed in it, and what is wrong with that."""

    task_id: str
    units: str
    wrong: Wrong


@router.get("/stores/{store}/losses")
def losses_page(visit: Visiting, store: str, about: str = "") -> Response:
    """Show the cases; `about` names the one somebody has just closed without script."""
    return _shown(visit, store, "losses/page.html", about=about)


@router.get("/stores/{store}/losses/list")
def losses_list(visit: Visiting, store: str) -> Response:
    """Return the list alone, for a page that heard that it has changed."""
    return _shown(visit, store, "losses/list.html")


@router.post("/stores/{store}/losses/{task_id}/done")
def looked_into(visit: Posting, store: str, task_id: str) -> Response:
    """Close a case: somebody looked into it, and found so many units again."""
    visit.needs("losses:see", store)
    with visit.parts.writes.connection() as link:
        task = _case(visit, link, store, task_id)
    if task is not None and task.closed_at is None:
        typed = visit.form.get("units", "")
        found = _found(typed, task)
        if not isinstance(found, int):
            template = "losses/answer.html" if visit.by_htmx else "losses/page.html"
            return _shown(
                visit, store, template, typed=Typed(task_id=task_id, units=typed, wrong=found), status=422
            )  # fmt: skip
        _close(visit, task, found)
    if visit.by_htmx:
        return _shown(visit, store, "losses/answer.html", about=task_id)
    return visit.redirect(f"/stores/{store}/losses?about={task_id if _TASK_ID.fullmatch(task_id) else '-'}")


def _found(typed: str, task: TaskView) -> int | Wrong:
    """Return how many were found again: none when nothing was typed, never more than left."""
    units = parse_units(typed)
    if units in {"missing", "none"}:
        return 0
    return "too_many" if isinstance(units, int) and units > task.suggested_units else units


def _close(visit: Visit, task: TaskView, found: int) -> None:
    """Close it in one transaction, for whoever was at work on it too: it is the person who closes it who has looked."""
    at = visit.parts.clock.now()
    with visit.parts.writes.connection() as link, contextlib.suppress(StaleState):
        if task.state == "open":
            replenishment.take(link, task.task_id, assignee=visit.person.login, at=at)
        replenishment.done(link, task.task_id, units=found, at=at)


def _case(visit: Visit, link: Link, store: str, task_id: str) -> TaskView | None:
    if not _TASK_ID.fullmatch(task_id):
        return None
    task = shelves.task_on_page(link, store, task_id, at=visit.parts.clock.now())
    return task if task is not None and task.kind == "investigate" else None


def _shown(
    visit: Visit, store: str, template: str, *, about: str = "", typed: Typed | None = None, status: int = 200
) -> Response:  # fmt: skip
    with store_page(visit, store, "losses", "losses:see") as page:
        under_way, closed = shelves.cases(page.link, store, at=page.at)
        prices = catalog.prices(page.link, store, (task.sku for task in (*under_way, *closed)), at=page.at)
        names = {person.login: person.name for person in logins.people(page.link)}
        asked = _case(visit, page.link, store, about) if about else None

        def cases(tasks: list[TaskView]) -> list[Case]:
            return [_told(task, prices, names, visit.language) for task in tasks]

        said: dict[str, Any] = {"about": about, "asked": cases([asked])[0] if asked else None}
        return page.render(
            template, status=status, under_way=cases(under_way), closed=cases(closed), typed=typed, **said
        )  # fmt: skip


def _told(task: TaskView, prices: Mapping[str, Price], names: Mapping[str, str], language: Language) -> Case:
    who = task.assignee or ""
    cost = worth(task.suggested_units, prices.get(task.sku), language)
    return Case(task=task, worth=cost, who=names.get(who, who))
