"""The operations that say where a device stands: in which store, and which plate and zone is where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from contract.ids import PlateId
from edge.calibrating.book import CalibrationBook
from edge.commanding.arguments import name_of
from edge.commanding.change import Change
from edge.commanding.outcome import Arguments, CommandRefused, Operation, Said, Steps, wrong_argument
from edge.file_edits import Place, with_place, with_store
from edge.settings import AgentSettings, PlateSettings, ZoneSettings
from edge.weighing.calibration import Calibration


def placing_operations(settings: AgentSettings, change: Change, book: CalibrationBook) -> dict[str, Operation]:
    """Return `adopt` and `assign`."""

    def adopt(arguments: Arguments) -> Steps:
        """Give the device its store; below the one before, nothing of it stays."""
        store = name_of(arguments, "store")
        if store == settings.store:
            return Said(f"{settings.device} is in {store} already", {"store": store})
        yield from change.make(with_store(change.text(), store))
        return Said(f"{settings.device} goes to {store}, the agent restarts", {"store": store})

    def assign(arguments: Arguments) -> Steps:
        """Say where a plate or a zone is, and rename it if wanted."""
        place = _place(arguments, settings, book)
        facts = {place.kind: place.rename, "bay": place.bay, "shelf": place.shelf}
        changed = yield from change.make(with_place(change.text(), place))
        if not changed:
            return Said(f"{place.rename} is there already", facts)
        return Said(f"{place.rename} is on {place.shelf} of {place.bay}, the agent restarts", facts)

    return {"adopt": adopt, "assign": assign}


def _place(arguments: Arguments, settings: AgentSettings, book: CalibrationBook) -> Place:
    if ("plate" in arguments) == ("zone" in arguments):
        raise wrong_argument("plate", arguments.get("plate"), "a plate, or a zone in its stead")
    kind: Literal["plate", "zone"] = "plate" if "plate" in arguments else "zone"
    places: Mapping[str, PlateSettings | ZoneSettings] = {
        **({plate.plate: plate for plate in settings.plates} if kind == "plate" else {}),
        **({zone.zone: zone for zone in settings.zones} if kind == "zone" else {}),
    }
    name = arguments[kind]
    if not isinstance(name, str) or name not in places:
        known = ", ".join(places) or "none"
        raise CommandRefused(f"unknown_{kind}", f"{kind}: found {name!r}, expected one of {known}", found=str(name))
    rename = name_of(arguments, "rename", default=name)
    return Place(
        kind=kind,
        name=name,
        bay=name_of(arguments, "bay", default=places[name].bay),
        shelf=name_of(arguments, "shelf", default=places[name].shelf),
        rename=rename,
        line=_line_under(rename, PlateId(name), book) if kind == "plate" and rename != name else None,
    )


def _line_under(rename: str, plate: PlateId, book: CalibrationBook) -> Calibration:
    """Return the line a plate weighs by, as newer than whatever was measured under its new name."""
    line = book.line(plate)
    return replace(line, version=max(line.version, book.next_version(PlateId(rename))))
