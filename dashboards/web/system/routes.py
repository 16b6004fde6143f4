"""What runs and what does not, for those who look after the installation."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter
from starlette.responses import Response

from cloud.shelves import service as shelves
from cloud.shelves.model import PositionView
from dashboards.web.store_page import store_page
from dashboards.web.visit import Visiting

router = APIRouter()


@router.get("/stores/{store}/system")
def system_page(visit: Visiting, store: str) -> Response:
    """Show the page; its list is fetched anew every few seconds."""
    return _shown(visit, store, "system/page.html")


@router.get("/stores/{store}/system/list")
def system_list(visit: Visiting, store: str) -> Response:
    """Show the list alone."""
    return _shown(visit, store, "system/list.html")


def _shown(visit: Visiting, store: str, template: str) -> Response:
    with store_page(visit, store, "system", "system:see") as page:
        positions = shelves.positions(page.link, store, at=page.at)
        scales, antennas = sensor_counts(positions)
        return page.render(template, conditions=page.conditions, scales=scales, antennas=antennas)


def sensor_counts(positions: Iterable[PositionView]) -> tuple[int, int]:
    """Return how many scales and how many antennas the planogram names."""
    plates: set[str] = set()
    zones: set[str] = set()
    for position in positions:
        plates.update(position.plates)
        zones.update(position.zones)
    return len(plates), len(zones)
