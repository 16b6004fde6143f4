"""The sheet of a calibration, to be printed and kept in the folder of the shop."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from cloud.devices import service as devices
from cloud.devices.model import Sheet
from dashboards.web.fitting import words
from dashboards.web.store_page import store_page
from dashboards.web.visit import Visiting

router = APIRouter()


@router.get("/stores/{store}/devices/{device}/sheets/{plate}/{version}")
def sheet_page(visit: Visiting, store: str, device: str, plate: str, version: int) -> Response:
    """Show one sheet, and the other versions that are kept of the same plate."""
    with store_page(visit, store, "system", "devices:fit") as page:
        kept = devices.sheets(page.link, store, plate, device=device)
        sheet = next((one for one in kept if one.version == version), None)
        if sheet is None:
            raise HTTPException(404)
        others = [one.version for one in kept if one is not sheet]
        return page.render(
            "fitting/sheet.html", sheet=sheet, points=_points(sheet), check=_check(sheet), remarks=_remarks(sheet),
            others=others, words=words, say=visit.gettext,
        )  # fmt: skip


def _points(sheet: Sheet) -> list[tuple[float, float]]:
    """Return (mass_g, count) of every known mass; what a device tells otherwise is left out."""
    told = sheet.facts.get("points")
    rows = [_numbers(row, "mass_g", "count") for row in told] if isinstance(told, list) else []
    return [(row["mass_g"], row["count"]) for row in rows if row]


def _check(sheet: Sheet) -> dict[str, float]:
    """Return mass, measured, error and limit of the third mass in grams; nothing where there was none."""
    return _numbers(sheet.facts.get("check"), "mass_g", "measured_g", "error_g", "limit_g")


def _numbers(told: object, *names: str) -> dict[str, float]:
    """Return these members of what a device told, nothing when one is no number."""
    found = {name: told.get(name) for name in names} if isinstance(told, dict) else {}
    numbers = {name: float(one) for name, one in found.items() if isinstance(one, int | float)}
    return numbers if len(numbers) == len(names) else {}


def _remarks(sheet: Sheet) -> list[str]:
    told = sheet.facts.get("remarks")
    return [one for one in told if isinstance(one, str)] if isinstance(told, list) else []
