"""Pages about people are of no store; they have the frame of the person's first one, and so a way back."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from cloud.shelves import service as shelves
from cloud.shelves.model import StoreView
from dashboards.web.store_page import ROLE_NAMES, tabs
from dashboards.web.visit import Visit


def all_stores(visit: Visit) -> list[StoreView]:
    """Return every store there is."""
    with visit.parts.writes.connection() as link:
        return shelves.stores(link)


def show(visit: Visit, template: str, *, status: int = 200, **context: Any) -> Response:  # noqa: ANN401 - templates take anything
    """Return a page about people."""
    first = next((one for one in all_stores(visit) if visit.person.knows(one.store)), None)
    frame = {
        "store": first.store if first else None, "store_name": first.name if first else "", "area": "", "down": "",
        "tabs": tabs(visit, first.store) if first else [], "role_name": visit.gettext(ROLE_NAMES[visit.person.role]),
        "role_names": {role: visit.gettext(name) for role, name in ROLE_NAMES.items()},
    }  # fmt: skip
    return visit.render(template, status=status, **{**frame, **context})
