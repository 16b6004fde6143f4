"""One position of a planogram is fitted: which plates, which product, how many. Everything else stays (pure)."""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from cloud.catalog.model import LOW_SHARE, PlanogramPosition
from cloud.catalog.table import UNITS_MAX
from cloud.errors import Problem
from contract.ids import PositionId, Sku, is_name
from contract.records import BirthPlate

PLATES_MAX = 64
"""No product stands on more scales: longer than any shelf."""

UNIT_WEIGHT_G_MAX = 1e6
"""A ton."""


class FittingRefused(Problem):
    """A position cannot be fitted like this.

    `field` names what is wrong (store, position, bay, shelf, sku, plates, device, capacity, low_units, unit_weight_g,
    unit_spread_g), `code` how; `facts` may name the `position` or the `shelf` that is in the way, or what was `meant`.
    """

    status = 422

    def __init__(self, field: str, code: str, detail: str, **facts: object) -> None:
        super().__init__(f"{field}: {detail}")
        self.facts = {"field": field, **facts}
        self.field = field
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """What somebody says of one position.

    `device` is whose plates they are; None where that is not to be checked. `zones` None: as they were. `low_units`
    None: a quarter of the capacity. `unit_weight_g` None: the product's weight stays. `shared`: another position may
    stand on these plates too, on purpose.
    """

    store: str
    position: str
    bay: str
    shelf: str
    sku: str
    plates: tuple[str, ...]
    capacity: int
    low_units: int | None = None
    device: str | None = None
    zones: tuple[str, ...] | None = None
    unit_weight_g: float | None = None
    unit_spread_g: float | None = None
    shared: bool = False


def fitted(
    positions: Iterable[PlanogramPosition], fitting: Fitting, *, skus: Collection[str]
) -> tuple[PlanogramPosition, ...]:
    """Return the planogram's positions with this one fitted, by name; `skus` are those of the catalogue.

    Raises FittingRefused.
    """
    standing = {one.position: one for one in positions}
    before = standing.get(PositionId(fitting.position))
    wanted = _position(fitting, zones_before=before.zones if before else (), skus=skus)
    _check_plates(wanted, standing, free=wanted.plates if fitting.shared else before.plates if before else ())
    standing[wanted.position] = wanted
    return tuple(standing[name] for name in sorted(standing))


def check_device(fitting: Fitting, known: Mapping[str, BirthPlate]) -> None:
    """Raise FittingRefused unless the device has all these plates, on this shelf; `known` are its plates by name."""
    for plate in fitting.plates:
        found = known.get(plate)
        if found is None:
            names = ", ".join(sorted(known)) or "none"
            raise FittingRefused("plates", "plate_unknown", f"found {plate!r}, {fitting.device} has {names}")
        if found.shelf != fitting.shelf:
            detail = f"found {plate}, which lies on {found.shelf}, expected plates of {fitting.shelf}"
            raise FittingRefused("plates", "plate_elsewhere", detail, shelf=found.shelf)


def check_weight(weight_g: float, spread_g: float | None) -> None:
    """Raise FittingRefused unless a unit can weigh this: grams above 0, spread none or below the weight."""
    if not (math.isfinite(weight_g) and 0.0 < weight_g <= UNIT_WEIGHT_G_MAX):
        expected = f"expected grams above 0 and up to {UNIT_WEIGHT_G_MAX:.0f}"
        raise FittingRefused("unit_weight_g", "weight_unusable", f"found {weight_g}, {expected}")
    if spread_g is not None and not (math.isfinite(spread_g) and 0.0 <= spread_g < weight_g):
        raise FittingRefused("unit_spread_g", "spread_unusable", f"found {spread_g}, expected grams below the weight")


def check_sku(sku: str, skus: Collection[str]) -> Sku:
    """Return the SKU. Raises FittingRefused naming the one that may be meant."""
    if sku in skus:
        return Sku(sku)
    meant = difflib.get_close_matches(sku, skus, n=1)
    said = f"; did you mean {meant[0]}?" if meant else ""
    raise FittingRefused(
        "sku",
        "sku_unknown",
        f"found {sku[:64]!r}, expected a SKU of the catalogue{said}",
        meant=meant[0] if meant else "",
    )


def _position(fitting: Fitting, *, zones_before: tuple[str, ...], skus: Collection[str]) -> PlanogramPosition:
    for field, name in (("position", fitting.position), ("bay", fitting.bay), ("shelf", fitting.shelf)):
        _check_name(field, name)
    zones = zones_before if fitting.zones is None else fitting.zones
    for field, names in (("plates", fitting.plates), ("zones", zones)):
        _check_names(field, names)
    low_units = _low_units(fitting)
    if fitting.unit_weight_g is not None:
        check_weight(fitting.unit_weight_g, fitting.unit_spread_g)
    return PlanogramPosition(
        position=PositionId(fitting.position),
        sku=check_sku(fitting.sku, skus),
        bay=fitting.bay,
        shelf=fitting.shelf,
        plates=fitting.plates,
        zones=zones,
        capacity=fitting.capacity,
        low_units=low_units,
    )


def _low_units(fitting: Fitting) -> int:
    capacity = fitting.capacity
    if not 1 <= capacity <= UNITS_MAX:
        raise FittingRefused(
            "capacity", "capacity_unusable", f"found {capacity}, expected a whole number from 1 to {UNITS_MAX}"
        )
    if fitting.low_units is None:
        return max(1, capacity // LOW_SHARE) if capacity > 1 else 0
    if not 0 <= fitting.low_units < capacity:
        raise FittingRefused(
            "low_units", "low_units_unusable", f"found {fitting.low_units}, expected 0 or more, below {capacity}"
        )
    return fitting.low_units


def _check_plates(
    wanted: PlanogramPosition, standing: Mapping[PositionId, PlanogramPosition], *, free: Collection[str]
) -> None:  # fmt: skip
    """A plate lies on one shelf, as in a planogram that is imported; those not `free` belong to one position."""
    for other in standing.values():
        for plate in wanted.plates:
            if other.position == wanted.position or plate not in other.plates:
                continue
            if plate not in free:
                detail = f"found {plate}, on which {other.sku} stands at {other.position} already"
                raise FittingRefused("plates", "plate_taken", detail, position=other.position)
            if other.shelf != wanted.shelf:
                detail = f"found {plate}, which lies on {other.shelf} at {other.position}"
                raise FittingRefused("plates", "plate_elsewhere", detail, shelf=other.shelf)


def _check_name(field: str, name: str) -> None:
    if not is_name(name):
        expected = "expected letters, digits, '.', '_' and '-', at most 64 characters"
        raise FittingRefused(field, "name_unusable", f"found {name[:64]!r}, {expected}")


def _check_names(field: str, names: tuple[str, ...]) -> None:
    for name in names:
        _check_name(field, name)
    if len(set(names)) < len(names) or len(names) > PLATES_MAX:
        raise FittingRefused(field, "names_unusable", f"found {len(names)}, expected each once, at most {PLATES_MAX}")
