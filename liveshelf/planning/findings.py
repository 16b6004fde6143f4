"""What the scales of a plan will not be able to tell, each in one sentence with what to do about it (pure)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from liveshelf.planning.finding import TITLES, Facts, Finding
from liveshelf.planning.goods import Pair, Stand, Weighed, confusable, on_plates, weighed
from liveshelf.planning.scales import Scale, cell_for, goods_room_g
from liveshelf.planning.sensing import (
    CALM_NOISE_G,
    PICKS,
    SHAKY_NOISE_G,
    WEIGHINGS,
    Likeness,
    countable_units,
    lightest_g,
    likeness,
    weighings_for,
)

WEIGHINGS_MAX = 200
"""Nobody weighs more units than that by hand."""

UNITS_AT_ONCE = 3
"""On a shared plate so many units of one product are compared with so many of the other: hands take a few."""


def findings(goods: Sequence[Stand], scales: Mapping[str, Scale], *, hours: float) -> tuple[Finding, ...]:
    """Return all findings, the worst kind first, in order of place. `hours` lie between two picks from a position."""
    found = (
        *overloaded(goods, scales),
        *unweighed(goods),
        *too_light(goods, scales, hours=hours),
        *too_like(goods),
        *too_many(goods),
    )
    order = list(TITLES)
    return tuple(sorted(found, key=lambda finding: order.index(finding.kind)))


def overloaded(goods: Sequence[Stand], scales: Mapping[str, Scale]) -> Iterator[Finding]:
    """Yield the plates no cell carries."""
    room_g, standing = goods_room_g(), on_plates(goods)
    for scale in scales.values():
        if scale.goods_known and scale.cell_g is None:
            where = ", ".join(stand.position for stand in standing[scale.plate])
            said = (
                f"{where}: plate {scale.plate} carries {_weight(scale.goods_g)} when its positions are full, and the "
                f"largest load cell {_weight(room_g)} besides plate and hand: spread the goods over more plates"
            )
            facts: Facts = {"plate": scale.plate, "goods_g": round(scale.goods_g, 1), "room_g": room_g}
            positions = tuple(stand.position for stand in standing[scale.plate])
            yield Finding(kind="overload", positions=positions, said=said, facts=facts)


def unweighed(goods: Sequence[Stand]) -> Iterator[Finding]:
    """Yield the positions no scale can count because a unit weight is missing, and those no sensor sees at all."""
    plates = on_plates(goods)
    for stand in goods:
        if not stand.plates and not stand.zones:
            said = f"{_place(stand)} has neither plate nor zone: people must count it, or give it one"
            yield Finding(kind="unsensed", positions=(stand.position,), said=said)
        elif stand.plates and stand.weight_g is None:
            yield _no_weight(stand, [one for plate in stand.plates for one in plates[plate] if one is not stand])


def too_light(goods: Sequence[Stand], scales: Mapping[str, Scale], *, hours: float) -> Iterator[Finding]:
    """Yield the products one unit of which its scale does not tell from noise and drift."""
    for one in _by_weight_alone(goods):
        own = [scales[plate] for plate in one.stand.plates]
        if any(scale.cell_g is None for scale in own):
            continue
        calm_g, shaky_g = (limit_g(own, noise_g=noise_g, hours=hours) for noise_g in (CALM_NOISE_G, SHAKY_NOISE_G))
        if one.weight_g < calm_g:
            yield _light(one, own, calm_g, noise_g=CALM_NOISE_G, hours=hours)
        elif one.weight_g < shaky_g:
            yield _light(one, own, shaky_g, noise_g=SHAKY_NOISE_G, hours=hours)


def limit_g(scales: Sequence[Scale], *, noise_g: float, hours: float) -> float:
    """Return the lightest unit in grams that some plates together tell; the largest cell and load speak for all."""
    return lightest_g(
        noise_g=noise_g,
        goods_g=max(scale.goods_g for scale in scales),
        cell_g=max(scale.cell_g or 0.0 for scale in scales),
        plates=len(scales),
        hours=hours,
    )


def too_like(goods: Sequence[Stand]) -> Iterator[Finding]:
    """Yield the pairs of products that share a plate or stand side by side, and weigh the same or nearly so.

    Tags on one of them are enough: what moves without a tag was the other.
    """
    for pair in confusable(goods):
        if pair.one.stand.zones or pair.other.stand.zones:
            continue
        units, like = _closest(pair)
        if like.alike:
            yield _alike(pair, units, like)


def too_many(goods: Sequence[Stand]) -> Iterator[Finding]:
    """Yield the positions that hold more units than their weight alone tells."""
    for one in _by_weight_alone(goods):
        spread = one.spread_g / one.weight_g
        sure = countable_units(spread, weighings=WEIGHINGS)
        if sure < one.stand.capacity:
            yield _unsure(one, spread, sure)


def _by_weight_alone(goods: Sequence[Stand]) -> tuple[Weighed, ...]:
    """Return the stands only a scale counts: where there are tags, those count what the weight cannot."""
    return tuple(one for one in weighed(goods) if not one.stand.zones)


def _no_weight(stand: Stand, others: Sequence[Stand]) -> Finding:
    names = ", ".join(dict.fromkeys(other.position for other in others))
    loss = f", nor {names} on the same plate" if names else ""
    place, plates = _place(stand), _plates(stand.plates)
    if stand.zones:
        said = (
            f"{place} is counted by its tags, but {plates} cannot count it{loss} without a unit weight: weigh 4 units"
        )
        return Finding(kind="blind", positions=(stand.position,), said=said)
    said = f"{place} has neither a unit weight nor tags, so {plates} cannot count it{loss}: weigh 4 units, or tag them"
    return Finding(kind="no_weight", positions=(stand.position,), said=said)


def _light(one: Weighed, own: Sequence[Scale], least_g: float, *, noise_g: float, hours: float) -> Finding:
    calm = noise_g == CALM_NOISE_G
    cell_g = max(scale.cell_g or 0.0 for scale in own)
    units = _units_that_help(one, own, noise_g=noise_g, hours=hours)
    shelf = "" if calm else " on a shelf that shakes"
    several = len(own) > 1
    cells = f"{_weight(cell_g)} cells are" if several else f"a {_weight(cell_g)} cell is"
    place = "those plates" if several else "the plate"
    helps = f"stand at most {units} on {place} ({_smallest(one, own, units)} cell), or " if units else ""
    said = (
        f"{_place(one.stand)} weighs {_grams(one.weight_g)} a unit, and {_plates(one.stand.plates)} with "
        f"{cells} sure of {_grams(least_g)} or more{shelf}, {hours:g} h after the pick before: "
        f"{helps}{'use tags' if calm else 'fix the shelf well, or use tags'}"
    )
    facts: Facts = {
        "sku": one.stand.sku,
        "unit_weight_g": one.weight_g,
        "lightest_g": round(least_g, 1),
        "noise_g": noise_g,
        "cell_g": cell_g,
        "units_that_help": units,
    }
    return Finding(kind="too_light" if calm else "shaky", positions=(one.stand.position,), said=said, facts=facts)


def _units_that_help(one: Weighed, own: Sequence[Scale], *, noise_g: float, hours: float) -> int | None:
    """Return with how many units of it on its plates, on the smallest cells then, the product is sensed."""

    def is_lost(units: int) -> bool:
        fewer = _with_units(one, own, units)
        return limit_g(fewer, noise_g=noise_g, hours=hours) > one.weight_g

    # Fewer units never make it harder, so the first number that is lost follows the last that is sensed.
    return bisect_left(range(1, one.stand.capacity), True, key=is_lost) or None


def _with_units(one: Weighed, own: Sequence[Scale], units: int) -> list[Scale]:
    less_g = (one.stand.capacity - units) * one.weight_g / len(own)
    lighter = (scale.goods_g - less_g for scale in own)
    return [
        replace(scale, goods_g=goods_g, cell_g=cell_for(goods_g)) for scale, goods_g in zip(own, lighter, strict=True)
    ]


def _smallest(one: Weighed, own: Sequence[Scale], units: int) -> str:
    return _weight(max(scale.cell_g or 0.0 for scale in _with_units(one, own, units)))


def _closest(pair: Pair) -> tuple[tuple[int, int], Likeness]:
    """Return how many units of each are hardest to tell apart: single ones, unless they share a plate."""
    most = UNITS_AT_ONCE if pair.plate else 1
    compared = [
        ((units, others), likeness(_load(pair.one, units), _load(pair.other, others)))
        for units in range(1, most + 1)
        for others in range(1, most + 1)
    ]
    return min(compared, key=lambda one: (one[1].told, one[0]))


def _load(one: Weighed, units: int) -> tuple[float, float]:
    return units * one.weight_g, units**0.5 * one.spread_g


def _alike(pair: Pair, units: tuple[int, int], like: Likeness) -> Finding:
    one, other = pair.one.stand, pair.other.stand
    weights = f"{_grams(units[0] * pair.one.weight_g)} and {_grams(units[1] * pair.other.weight_g)}"
    counted = (
        f"{units[0]} × {one.sku} and {units[1]} × {other.sku}" if units != (1, 1) else f"{one.sku} and {other.sku}"
    )
    where = f"share plate {pair.plate}" if pair.plate else "stand side by side"
    told = "a tie" if like.tie else f"told apart in {like.told:.0%} of cases"
    if pair.plate:
        loss, do = "which of them was taken", "give each its own plate, or tag one"
    else:
        loss, do = "a unit put back in the wrong place", "put something of another weight between, or tag one"
    fate = "cannot be told" if like.tie else "is sometimes mistaken"
    said = f"{one.position} and {other.position} {where}, and {counted} weigh {weights}, {told}: {loss} {fate}; {do}"
    facts: Facts = {
        "skus": (one.sku, other.sku),
        "plate": pair.plate,
        "units": units,
        "difference_g": round(like.difference_g, 1),
        "told": round(like.told, 3),
    }
    return Finding(
        kind="tie" if like.tie else "alike", positions=(one.position, other.position), said=said, facts=facts
    )


def _unsure(one: Weighed, spread: float, sure: int) -> Finding:
    capacity = one.stand.capacity
    later = countable_units(spread, weighings=PICKS)
    weighings = weighings_for(capacity, spread)
    if weighings is not None and weighings <= WEIGHINGS_MAX:
        do = f"weigh {weighings} units for the catalogue instead of {WEIGHINGS}"
        if later >= capacity:
            do += f", or let {PICKS} picks teach it"
    else:
        do = f"stand at most {later} on its plates, or tag them" if later else "tag them"
    said = (
        f"{_place(one.stand)} holds {capacity}, and units that differ by {spread * 100:.3g}% are sure by weight up to "
        f"{sure} ({later} after {PICKS} picks): {do}"
    )
    facts: Facts = {
        "sku": one.stand.sku,
        "capacity": capacity,
        "spread": round(spread, 4),
        "countable": sure,
        "countable_learned": later,
        "weighings": weighings,
    }
    return Finding(kind="unsure", positions=(one.stand.position,), said=said, facts=facts)


def _place(stand: Stand) -> str:
    return f"{stand.position} ({stand.sku})"


def _plates(plates: Iterable[str]) -> str:
    named = tuple(plates)
    return f"plate {named[0]}" if len(named) == 1 else f"plates {', '.join(named)} together"


def _grams(weight_g: float) -> str:
    return f"{weight_g:.1f} g" if weight_g < 100.0 else f"{weight_g:.0f} g"


def _weight(weight_g: float) -> str:
    return f"{weight_g / 1000:.3g} kg" if weight_g >= 1000.0 else _grams(weight_g)
