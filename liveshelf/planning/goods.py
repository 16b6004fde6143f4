"""Which goods stand where: positions and products in, stands with their weights, plates and neighbours out (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from cloud.catalog.model import PlanogramPosition, Product
from cloud.shelves.model import natural

SPREAD_SHARE = 0.0115
"""Spread of single units where the catalogue names none: median coefficient of variation of 81 products (AIM3S,
`product_info.json`); the same as counting takes."""

KILOGRAM_G = 1000.0
"""What one unit of goods sold by the kilogram weighs; their capacity is in kilograms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """One product at its position. `weight_g` is that of one unit, None when nobody weighed it; `spread_g` is the
    standard deviation of single units. `by_unit` tells whether it is counted by unit, and not by the kilogram.
    """

    position: str
    sku: str
    bay: str
    shelf: str
    plates: tuple[str, ...]
    zones: tuple[str, ...]
    capacity: int
    weight_g: float | None
    spread_g: float
    by_unit: bool

    @property
    def full_g(self) -> float:
        """What its plates carry together when it is full; 0 when the weight of a unit is not known."""
        return self.capacity * (self.weight_g or 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A stand whose units a scale can count: it has plates, and the weight of a unit is known."""

    stand: Stand
    weight_g: float
    spread_g: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two stands of different products that hands confuse. `plate` is the plate they share, None when they stand side
    by side.
    """

    one: Weighed
    other: Weighed
    plate: str | None


def stands(positions: Iterable[PlanogramPosition], products: Iterable[Product]) -> tuple[Stand, ...]:
    """Return the positions with what stands there, in the order people walk: bay, shelf, place, as the map shows them.

    Every SKU of a position is one of `products`.
    """
    by_sku = {product.sku: product for product in products}
    found = [_stand(position, by_sku[position.sku]) for position in positions]
    return tuple(sorted(found, key=lambda one: (natural(one.bay), natural(one.shelf), natural(one.position))))


def weighed(goods: Iterable[Stand]) -> tuple[Weighed, ...]:
    """Return the stands whose units a scale can count. A plate on which one product has no weight counts none."""
    goods = tuple(goods)
    blind = {plate for stand in goods if stand.weight_g is None for plate in stand.plates}
    return tuple(
        Weighed(stand=stand, weight_g=stand.weight_g, spread_g=stand.spread_g)
        for stand in goods
        if stand.by_unit and stand.weight_g is not None and stand.plates and not blind & set(stand.plates)
    )


def confusable(goods: Sequence[Stand]) -> tuple[Pair, ...]:
    """Return the pairs of different weighed products that share a plate, or stand side by side on one shelf.

    `goods` come in order of place. What stands between two positions keeps them apart, weighed or not.
    """
    by_position = {one.stand.position: one for one in weighed(goods)}
    plate_of: dict[tuple[str, str], str | None] = {}
    for plate, there in on_plates(goods).items():
        for one, other in combinations(there, 2):
            plate_of.setdefault((one.position, other.position), plate)
    for one, other in pairwise(goods):
        if (one.bay, one.shelf) == (other.bay, other.shelf):
            plate_of.setdefault((one.position, other.position), None)
    pairs = (
        Pair(one=by_position[one], other=by_position[other], plate=plate)
        for (one, other), plate in plate_of.items()
        if one in by_position and other in by_position
    )
    return tuple(pair for pair in pairs if pair.one.stand.sku != pair.other.stand.sku)


def on_plates(goods: Iterable[Stand]) -> Mapping[str, tuple[Stand, ...]]:
    """Return the stands by plate, plates in order of place."""
    by_plate: dict[str, list[Stand]] = {}
    for stand in goods:
        for plate in stand.plates:
            by_plate.setdefault(plate, []).append(stand)
    return {plate: tuple(there) for plate, there in by_plate.items()}


def _stand(position: PlanogramPosition, product: Product) -> Stand:
    by_unit = product.unit == "each"
    weight_g = product.unit_weight_g if by_unit else KILOGRAM_G
    return Stand(
        position=position.position,
        sku=position.sku,
        bay=position.bay,
        shelf=position.shelf,
        plates=position.plates,
        zones=position.zones,
        capacity=position.capacity,
        weight_g=weight_g,
        spread_g=product.unit_spread_g or SPREAD_SHARE * (weight_g or 0.0),
        by_unit=by_unit,
    )
