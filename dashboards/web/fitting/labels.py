"""Labels for the places of a bay: a QR code each, which leads a phone's camera to the place in the wizard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import segno
from fastapi import APIRouter
from markupsafe import Markup
from starlette.responses import Response

from cloud.commissioning.places import PLACES_MAX, SHELVES_MAX, Place, bay_named, next_bay, places_of_bay
from cloud.shelves import service as shelves
from cloud.shelves.model import PositionView
from dashboards.web.fitting.typed import whole
from dashboards.web.store_page import StorePage, store_page
from dashboards.web.visit import Visit, Visiting

router = APIRouter()

SHELVES, PLACES = 4, 6
"""What a bay has unless somebody says otherwise."""

ADDRESS_MAX = 100
ONLY_HERE = ("127.", "localhost", "::1", "0.0.0.0")  # noqa: S104 - an address to warn of, not to listen on
"""How the names of hosts begin that mean another machine wherever they are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One label: its place, and the QR code as an SVG picture."""

    place: Place
    qr: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody asks for, as typed, and what is wrong with it by field."""

    bay: str
    shelves: str
    places: str
    address: str
    errors: dict[str, str] = field(default_factory=dict)


@router.get("/stores/{store}/labels")
def labels_page(
    visit: Visiting,
    store: str,
    *,
    bay: str = "",
    shelves: str = str(SHELVES),
    places: str = str(PLACES),
    address: str = "",
) -> Response:
    """Show the labels of a bay and the form that chooses it; without a bay the form alone."""
    with store_page(visit, store, "system", "devices:fit") as page:
        standing = _standing(page)
        wanted = Wanted(bay=bay, shelves=shelves, places=places, address=address or _own_address(visit))
        named = _places(visit, wanted, standing) if bay else ()
        if wanted.errors:
            named = ()
        return page.render(
            "fitting/labels.html", status=422 if wanted.errors else 200, wanted=wanted,
            labels=[_label(wanted.address, store, place) for place in named],
            next_bay=next_bay(place.bay for place in standing),
            bays=list(dict.fromkeys(place.bay for place in standing)),
            only_here=is_address(wanted.address) and (urlsplit(wanted.address).hostname or "").startswith(ONLY_HERE),
        )  # fmt: skip


def label_url(address: str, store: str, position: str) -> str:
    """Return where the QR code of a place leads: its page of the wizard."""
    return f"{address.rstrip('/')}/stores/{store}/fitting/{position}"


def _standing(page: StorePage) -> Sequence[PositionView]:
    return shelves.positions(page.link, page.store, at=page.at)


def _places(visit: Visit, wanted: Wanted, standing: Sequence[PositionView]) -> Sequence[Place]:
    """Return the places to print; what is wrong goes into `wanted.errors`. A bay of the planogram has its places."""
    if not is_address(wanted.address):
        wanted.errors["address"] = visit.gettext("Enter an address such as http://192.168.1.20:8080.")
    own = [
        Place(position=one.position, bay=one.bay, shelf=one.shelf)
        for one in standing
        if one.bay in (wanted.bay, bay_named(wanted.bay))
    ]
    if own:
        return own
    bay = bay_named(wanted.bay)
    if bay is None:
        wanted.errors["bay"] = visit.gettext("Enter a number, or a name of letters, digits, dots and dashes.")
    rows = whole(wanted.shelves, most=SHELVES_MAX)
    if rows is None:
        wanted.errors["shelves"] = visit.gettext("Enter a whole number from 1 to %(n)s.") % {"n": SHELVES_MAX}
    across = whole(wanted.places, most=PLACES_MAX)
    if across is None:
        wanted.errors["places"] = visit.gettext("Enter a whole number from 1 to %(n)s.") % {"n": PLACES_MAX}
    return places_of_bay(bay, shelves=rows, places=across) if bay and rows and across else ()


def is_address(text: str) -> bool:
    """Tell whether this can be the address of our pages: http or https, a host, and nothing behind it."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    plain = text.isascii() and text.isprintable() and " " not in text and len(text) <= ADDRESS_MAX
    del port  # asked for because a port that is none raises
    return (
        plain
        and parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and not (parts.username or parts.query or parts.fragment or parts.path.strip("/"))
    )


def _label(address: str, store: str, place: Place) -> Label:
    drawn = segno.make_qr(label_url(address, store, place.position), error="m")
    return Label(place=place, qr=Markup(drawn.svg_inline(border=2, omitsize=True, svgclass="qr", lineclass=None)))  # noqa: S704 - segno writes numbers alone


def _own_address(visit: Visit) -> str:
    return str(visit.request.base_url).rstrip("/")
