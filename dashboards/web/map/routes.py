"""The map of a store: as drawings of its bays, or as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from cloud.shelves import service as shelves
from cloud.shelves.model import PositionView
from dashboards.web.map.layout import BOARD_PX, lay_out
from dashboards.web.map.overview import overview
from dashboards.web.store_page import store_page
from dashboards.web.visit import Visit, Visiting

router = APIRouter()

LOOKS: Final = ("empty", "low", "fair", "full", "unsensed", "uncounted", "frozen")
"""How a place may look on the map, in the order of the legend."""

NOW_MAX: Final = 30


def _(text: str) -> str:
    """Mark a text for the catalogue; it is translated when it is shown."""
    return text


CHOICES: Final[Mapping[str, str]] = {
    "all": _("All places"),
    "empty": _("Empty"),
    "low": _("Low"),
    "trouble": _("Sensor in trouble"),
    "unsensed": _("No sensor"),
}
"""Which places the table can be asked for."""


@router.get("/stores/{store}/map")
def map_page(
    visit: Visiting, store: str, form: Annotated[str, Query(alias="as")] = "map", show: str = "all"
) -> Response:
    """Show every place of the store, how full it is, where to look first and what just happened."""
    with store_page(visit, store, "map", "shelves:see") as page:
        positions = shelves.positions(page.link, store, at=page.at)
        tasks = shelves.tasks_on_page(page.link, store, at=page.at)
        orders = shelves.orders_on_page(page.link, store, at=page.at)
        as_table = form == "table"
        return page.render(
            "map/page.html",
            overview=overview(positions, tasks, orders),
            happenings=shelves.happenings(page.link, store, limit=NOW_MAX),
            may_work=visit.person.may("tasks:work"),
            as_table=as_table,
            positions=positions,
            **(_table(visit, positions, show) if as_table else _drawing(positions)),
        )


def _drawing(positions: Sequence[PositionView]) -> dict[str, Any]:
    return {"bays": lay_out(positions), "looks": LOOKS, "board_px": BOARD_PX}


def _table(visit: Visit, positions: Sequence[PositionView], show: str) -> dict[str, Any]:
    chosen = {choice: [one for one in positions if _is_shown(one, choice)] for choice in CHOICES}
    choice = show if show in CHOICES else "all"
    return {
        "show": choice,
        "choices": [(name, visit.gettext(label), len(chosen[name])) for name, label in CHOICES.items()],
        "chosen": sorted(chosen[choice], key=_emptiest_first),
    }


def _is_shown(position: PositionView, choice: str) -> bool:
    if choice == "trouble":
        return position.trouble
    return choice in {"all", position.level}


def _emptiest_first(position: PositionView) -> tuple[bool, float]:
    """Sort what was counted by its fill; places nobody counted come last, in planogram order."""
    return position.share is None, position.share or 0.0
