"""Frames are drawn by the macros that draw the pages, so that a part looks the same however it came."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from cloud.shelves.model import Conditions
from dashboards.web.language import Language
from dashboards.web.live.delta import Delta, Drawn
from dashboards.web.map.overview import Overview
from dashboards.web.rendering import environment

POSITION_PARTS = (
    ("map/parts.html", "tile"), ("map/parts.html", "row"), ("shelf/parts.html", "card"), ("restock/parts.html", "left"),
)  # fmt: skip
TASK_PARTS = (("restock/parts.html", "card"),)
"""Templates and their macros. A macro takes one position or task and gives the inner HTML of the elements whose
`data-part` is its name and the position or task id: `tile:b1-s1-p1`. All people get the same bytes: of what a page
knows, macros see the thing itself, `store`, `language`, `static` and the filters."""

FIGURE = ("map/parts.html", "figure")
FIGURES = ("empty", "low", "tasks", "orders")
OVERVIEW_PARTS = {"look:shelf": ("map/parts.html", "emptiest"), "look:task": ("map/parts.html", "top_task")}
"""Parts that tell of the whole store: `figure:empty` and so on, and where to look first."""

HAPPENING = ("map/parts.html", "happening")
DOWN = ("map/parts.html", "down")
DATABASE_AWAY = ("live/parts.html", "database_away")


class Templates:
    """Draws with the templates of the pages (`Renderer`)."""

    def draw(self, store: str, language: Language, delta: Delta) -> Drawn:
        """Return what changed, as the pages show it."""
        parts = _parts(store, language, POSITION_PARTS, ((one.position, one) for one in delta.positions))
        parts |= _parts(store, language, TASK_PARTS, ((one.task_id, one) for one in delta.tasks))
        if delta.overview is not None:
            parts |= _figures(store, language, delta.overview)
        happening = _macro(store, language, *HAPPENING)
        return Drawn(parts=parts, now=tuple(str(happening(one)) for one in delta.happenings))

    def down(self, store: str, language: Language, conditions: Conditions) -> str:
        """Return the banner that says what is down; nothing when all is well."""
        return str(_macro(store, language, *DOWN)(conditions)).strip()

    def database_away(self, language: Language) -> str:
        """Return the banner that says that the database does not answer."""
        return str(_macro("", language, *DATABASE_AWAY)()).strip()


def _parts(
    store: str, language: Language, macros: Iterable[tuple[str, str]], things: Iterable[tuple[str, object]]
) -> dict[str, str]:
    known = [(name, _macro(store, language, template, name)) for template, name in macros]
    return {f"{name}:{key}": str(macro(thing)) for key, thing in things for name, macro in known}


def _figures(store: str, language: Language, overview: Overview) -> dict[str, str]:
    figure = _macro(store, language, *FIGURE)
    parts = {f"figure:{kind}": str(figure(kind, overview)) for kind in FIGURES}
    looks = {key: str(_macro(store, language, *macro)(overview)) for key, macro in OVERVIEW_PARTS.items()}
    return parts | looks


@lru_cache(maxsize=512)
def _macro(store: str, language: Language, template: str, name: str) -> Callable[..., Any]:
    """Return a macro that sees `store`, as it does when a page imports it with its context."""
    found: Callable[..., Any] = getattr(
        environment(language).get_template(template).make_module({"store": store}), name
    )
    return found
