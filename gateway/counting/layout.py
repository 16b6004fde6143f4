"""Which plates and zones see which products: the planogram, arranged for counting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt

from contract.ids import PlateId, PositionId, Sku, ZoneId
from gateway.counting.assumptions import SPREAD_SHARE, WEIGHINGS
from gateway.model import CountingModel, ManualCount, PositionModel


def shelf_key(place: PositionModel) -> str:
    """Return the name of a position's shelf: bay and shelf, because shelf names may repeat from bay to bay."""
    return f"{place.bay}/{place.shelf}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Component:
    """Positions that share plates, and those plates: they can only be counted together.

    `weight_g`, `spread_g` and `error_g` go by position: one unit, its standard deviation, the error of its mean.
    `own[i][j]` tells whether plate j weighs product i. `made_for` names all
    that a belief depends on: positions, products, unit weights and plates.
    """

    name: PlateId
    positions: tuple[PositionModel, ...]
    plates: tuple[PlateId, ...]
    weight_g: tuple[float, ...]
    spread_g: tuple[float, ...]
    error_g: tuple[float, ...]
    own: tuple[tuple[bool, ...], ...]
    made_for: tuple[str, ...]

    @property
    def half_unit_g(self) -> float:
        """Half of the lightest unit: a smaller change is nobody's (measured on recorded plates)."""
        return min(self.weight_g) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """What counting knows of one shelf from outside. `counts` are the newest counts by people, by position.

    `tagged` positions have zones; of `tag_only` ones nothing but tags tells.
    """

    key: str
    components: tuple[Component, ...]
    tagged: tuple[PositionModel, ...]
    tag_only: tuple[PositionModel, ...]
    positions: tuple[PositionModel, ...]
    counts: Mapping[PositionId, ManualCount]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A whole store arranged for counting; made anew when the model changes.

    `seats` tells of each plate its shelf, its component and the change in grams below which nothing happened;
    `recounted` names the shelves where people counted what otherwise only tags tell of.
    """

    model: CountingModel
    shelves: Mapping[str, Shelf]
    seats: Mapping[PlateId, tuple[str, Component, float]]
    zones: Mapping[ZoneId, tuple[str, tuple[PositionModel, ...]]]
    skus: Mapping[str, Sku] = field(default_factory=dict)
    recounted: tuple[str, ...] = ()


def arrange(model: CountingModel) -> Layout:
    """Return the model by shelf, component, plate and zone."""
    by_shelf: dict[str, list[PositionModel]] = {}
    for place in model.positions:
        by_shelf.setdefault(shelf_key(place), []).append(place)
    counts = {count.position: count for count in sorted(model.counts, key=lambda count: count.holds_from)}
    shelves = {key: _shelf(key, places, counts) for key, places in by_shelf.items()}
    seats = {
        plate: (shelf.key, component, component.half_unit_g / len(component.plates))
        for shelf in shelves.values()
        for component in shelf.components
        for plate in component.plates
    }
    skus = {gtin: place.sku for place in model.positions for gtin in place.gtins}
    recounted = tuple(
        key for key, shelf in shelves.items() if any(place.position in shelf.counts for place in shelf.tag_only)
    )
    return Layout(model=model, shelves=shelves, seats=seats, zones=_zones(model), skus=skus, recounted=recounted)


def _shelf(key: str, places: Sequence[PositionModel], counts: Mapping[PositionId, ManualCount]) -> Shelf:
    groups = (_component(group) for group in _groups([place for place in places if place.plates]))
    components = tuple(component for component in groups if component is not None)
    weighed = {place.position for component in components for place in component.positions}
    tagged = tuple(place for place in places if place.zones)
    return Shelf(
        key=key,
        components=components,
        tagged=tagged,
        tag_only=tuple(place for place in tagged if place.position not in weighed),
        positions=tuple(places),
        counts={place.position: counts[place.position] for place in places if place.position in counts},
    )


def _groups(places: Sequence[PositionModel]) -> list[list[PositionModel]]:
    """Return the positions in groups that share plates, directly or through one another."""
    groups: list[list[PositionModel]] = []
    for place in places:
        touching = [group for group in groups if any(set(place.plates) & set(other.plates) for other in group)]
        merged = [other for group in touching for other in group]
        groups = [group for group in groups if group not in touching]
        groups.append([*merged, place])
    return groups


def _component(places: Sequence[PositionModel]) -> Component | None:
    """Return the component of some positions, or None when the weight of a unit is not known for all of them."""
    weights = [place.unit_weight_g for place in places if place.unit_weight_g is not None and place.unit_weight_g > 0]
    if len(weights) < len(places):
        return None
    plates = tuple(dict.fromkeys(plate for place in places for plate in place.plates))
    spreads = tuple(place.unit_spread_g or SPREAD_SHARE * weight for place, weight in zip(places, weights, strict=True))
    return Component(
        name=plates[0],
        positions=tuple(places),
        plates=plates,
        weight_g=tuple(weights),
        spread_g=spreads,
        error_g=tuple(spread / sqrt(WEIGHINGS) for spread in spreads),
        own=tuple(tuple(plate in place.plates for plate in plates) for place in places),
        made_for=(*(f"{place.position} {place.sku} {place.unit_weight_g!r}" for place in places), *plates),
    )


def _zones(model: CountingModel) -> dict[ZoneId, tuple[str, tuple[PositionModel, ...]]]:
    zones: dict[ZoneId, list[PositionModel]] = {}
    for place in model.positions:
        for zone in place.zones:
            zones.setdefault(zone, []).append(place)
    return {zone: (shelf_key(places[0]), tuple(places)) for zone, places in zones.items()}
