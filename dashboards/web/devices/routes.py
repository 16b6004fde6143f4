"""How the devices of a store are, for those who look after them: all of them, and one with every part."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from cloud.devices import service as devices
from dashboards.web.devices import words
from dashboards.web.devices.findings import found
from dashboards.web.store_page import StorePage, store_page
from dashboards.web.visit import Visit, Visiting

router = APIRouter()

LOG_SHOWN = 30
"""So many of the changes a device was asked for are listed, the newest first."""


@router.get("/stores/{store}/devices")
def devices_page(visit: Visiting, store: str) -> Response:
    """Show every device and what of it needs a look; the list is fetched anew every few seconds."""
    return _all(visit, store, "devices/overview.html")


@router.get("/stores/{store}/devices-list")
def devices_list(visit: Visiting, store: str) -> Response:
    """Show the list alone."""
    return _all(visit, store, "devices/overview_list.html")


@router.get("/stores/{store}/devices/{device}")
def device_page(visit: Visiting, store: str, device: str) -> Response:
    """Show one device: every part with its verdict, what was measured and what to do, and what it was asked."""
    return _one(visit, store, device, "devices/device.html")


@router.get("/stores/{store}/devices/{device}/parts")
def device_parts(visit: Visiting, store: str, device: str) -> Response:
    """Show the parts alone."""
    return _one(visit, store, device, "devices/device_parts.html")


def _all(visit: Visit, store: str, template: str) -> Response:
    with store_page(visit, store, "system", "system:see") as page:
        views = [found(one) for one in devices.devices(page.link, store, page.at)]
        needing = sum(bool(one.ill) or not one.view.online for one in views)
        return page.render(template, views=views, needing=needing, **_shared(visit, page))


def _one(visit: Visit, store: str, device: str, template: str) -> Response:
    with store_page(visit, store, "system", "system:see") as page:
        view = devices.device(page.link, store, device, page.at) if "\x00" not in device else None
        if view is None:
            raise HTTPException(404)
        log = devices.command_log(page.link, store, device, limit=LOG_SHOWN)
        return page.render(template, one=found(view), log=log, **_shared(visit, page))


def _shared(visit: Visit, page: StorePage) -> dict[str, Any]:
    """Return what both pages need: whether devices are heard at all, and the words."""
    hears = page.conditions.programs["gateway"] and page.conditions.broker is not False
    return {"hears": hears, "words": words, "say": visit.gettext}
