"""The frame of every page of a store: its tabs, its name, what is down, and where the live stream goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.responses import Response

from cloud.access.login.model import Right, Role
from cloud.shelves import service as shelves
from cloud.shelves.model import Conditions, Heads
from cloud.shelves.service import Link
from dashboards.web.rendering import macros
from dashboards.web.visit import StoreUnknown, Visit


def _(text: str) -> str:
    """Mark a text for the catalogue; it is translated when it is shown."""
    return text


@dataclass(frozen=True, slots=True)
class Area:
    """A page of the store: its name in addresses, its tab, and what one needs to see it."""

    name: str
    label: str
    right: Right


AREAS = (
    Area("map", _("Map"), "shelves:see"),
    Area("restock", _("Restock"), "tasks:work"),
    Area("availability", _("Availability"), "availability:see"),
    Area("losses", _("Losses"), "losses:see"),
    Area("system", _("System"), "system:see"),
)

ROLE_NAMES: dict[Role, str] = {
    "staff": _("Store staff"),
    "installer": _("Installer"),
    "manager": _("Store manager"),
    "developer": _("Shop developer"),
    "loss_prevention": _("Loss prevention"),
    "admin": _("Administrator"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StorePage:
    """A page under way: the connection to read with, the shop time it tells of, and how to show it."""

    visit: Visit
    link: Link
    store: str
    area: str
    at: datetime
    heads: Heads
    conditions: Conditions
    frame: dict[str, Any]

    def render(self, template: str, *, status: int = 200, **context: Any) -> Response:  # noqa: ANN401 - templates take anything
        """Return the page within the frame of its store."""
        return self.visit.render(template, status=status, **{**self.frame, **context})


@contextmanager
def store_page(visit: Visit, store: str, area: str, right: Right) -> Iterator[StorePage]:
    """Open a page of a store. The heads are read first: the stream then tells what changes from here on.

    Raises LoginNeeded, StoreUnknown or RightMissing.
    """
    visit.needs(right, store)
    at = visit.parts.clock.now()
    with visit.parts.writes.connection() as link:
        heads = shelves.heads(link, store)
        name = next((one.name for one in shelves.stores(link) if one.store == store), None)
        if name is None:
            raise StoreUnknown(store)
        conditions = shelves.conditions(link, store, at=at)
        down = macros(visit.language, "map/parts.html").down(conditions)
        frame = {
            "store": store, "store_name": name, "area": area, "live_after": heads.to_id(), "down": down,
            "tabs": tabs(visit, store), "role_name": visit.gettext(ROLE_NAMES[visit.person.role]),
        }  # fmt: skip
        yield StorePage(
            visit=visit, link=link, store=store, area=area, at=at, heads=heads, conditions=conditions, frame=frame
        )


def tabs(visit: Visit, store: str) -> list[dict[str, Any]]:
    """Return the pages of the store the person may see."""
    return [
        {"area": area.name, "label": visit.gettext(area.label), "href": f"/stores/{store}/{area.name}"}
        for area in AREAS
        if visit.person.may(area.right)
    ]
