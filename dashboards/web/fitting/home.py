"""Where fitting begins: devices fresh from the box, places under way, and the way to any place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from cloud.commissioning import service as commissioning
from cloud.commissioning.places import PLACES_MAX, SHELVES_MAX, bay_named, place_named
from cloud.devices.asking import carry_out
from cloud.errors import DeviceSilent, LinkAway
from contract.ids import NEW_DEVICE_STORE, is_name
from dashboards.web.fitting import words
from dashboards.web.fitting.typed import Fields, whole
from dashboards.web.store_page import StorePage, store_page
from dashboards.web.visit import Posting, Visit, Visiting

router = APIRouter()

FITTED_SHOWN = 12
"""So many places that were fitted are listed, the newest first."""

DEEDS = ("identify", "adopt")


@router.get("/stores/{store}/fitting")
def fitting_page(visit: Visiting, store: str, said: str = "", device: str = "") -> Response:
    """Show what is new, what is under way, and how to get to a place. `said` is what became of a deed to a device."""
    told = {"said": said, "device": device} if said in words.DEEDS and is_name(device) else {}
    return _page(visit, store, told=told)


@router.get("/stores/{store}/fitting-list")
def fitting_list(visit: Visiting, store: str) -> Response:
    """Return the lists alone, for a page that looks again and again whether a device has come."""
    with store_page(visit, store, "system", "devices:fit") as page:
        return page.render("fitting/home_list.html", **_lists(visit, page))


@router.get("/stores/{store}/fitting-to")
def to_place(visit: Visiting, store: str, bay: str = "", shelf: str = "", place: str = "") -> Response:
    """Lead to a place that is named by its numbers, or by its name alone in the first field."""
    visit.needs("devices:fit", store)
    typed = {"bay": bay.strip(), "shelf": shelf.strip(), "place": place.strip()}
    if place_named(typed["bay"]) is not None and not (typed["shelf"] or typed["place"]):
        return visit.redirect(f"/stores/{store}/fitting/{typed['bay']}")
    named, row, number = bay_named(bay), whole(shelf, most=SHELVES_MAX), whole(place, most=PLACES_MAX)
    if named and row and number:
        return visit.redirect(f"/stores/{store}/fitting/{named}-s{row}-p{number}")
    errors = {
        "bay": named is None and visit.gettext("Enter a number, or a name of letters, digits, dots and dashes."),
        "shelf": row is None and visit.gettext("Enter a whole number from 1 to %(n)s.") % {"n": SHELVES_MAX},
        "place": number is None and visit.gettext("Enter a whole number from 1 to %(n)s.") % {"n": PLACES_MAX},
    }
    return _page(visit, store, typed=typed, errors={name: text for name, text in errors.items() if text}, status=422)


@router.post("/stores/{store}/new-devices/{device}/{deed}")
async def do_to_new(visit: Posting, store: str, device: str, deed: str) -> Response:
    """Let a new device show which it is, or take it into the store."""
    visit.needs("devices:fit", store)
    if deed not in DEEDS or not is_name(device):
        raise HTTPException(404)
    args = {"store": store} if deed == "adopt" else {}
    try:
        result = await carry_out(visit.parts, NEW_DEVICE_STORE, device, deed, args, by=visit.person.name)
        said = f"{deed}_done" if result.ok else "refused"
    except (DeviceSilent, LinkAway) as error:
        said = error.code
    return visit.redirect(f"/stores/{store}/fitting?{urlencode({'said': said, 'device': device})}")


def _page(
    visit: Visit, store: str, *, told: Mapping[str, str] | None = None, typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None, status: int = 200,
) -> Response:  # fmt: skip
    with store_page(visit, store, "system", "devices:fit") as page:
        return page.render(
            "fitting/home.html", status=status, told=told or {}, typed=Fields(typed or {}), errors=Fields(errors or {}),
            words=words, say=visit.gettext, **_lists(visit, page),
        )  # fmt: skip


def _lists(visit: Visit, page: StorePage) -> dict[str, Any]:
    kept = commissioning.courses(page.link, page.store)
    offers = commissioning.offers(page.link, page.store, at=page.at)
    return {
        "new_devices": visit.parts.devices.new_devices(), "link_connected": visit.parts.devices.connected,
        "under_way": [one for one in kept if one.course.step != "sheet"],
        "fitted": [one for one in kept if one.course.step == "sheet"][:FITTED_SHOWN],
        "free": [one for one in offers if one.position is None],
    }  # fmt: skip
