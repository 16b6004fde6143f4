"""A sweep: somebody clears most of a shelf by the handful, into one basket, and never pays."""

from __future__ import annotations

from dataclasses import dataclass, field

from firmware_sim.world.configuration import PositionFacts
from firmware_sim.world.floor import Floor
from firmware_sim.world.movements import Movement, sweep_by_the_handful

MOST = 0.75
"""Most of a shelf: three quarters of its units."""


def sensed_shelves(floor: Floor) -> dict[str, list[PositionFacts]]:
    """Return the shelves with scales, each with the positions that stand on them."""
    shelves: dict[str, list[PositionFacts]] = {}
    for position in floor.world.positions:
        if position.plates:
            shelves.setdefault(position.shelf, []).append(position)
    return shelves


def fullest_shelf(floor: Floor) -> str | None:
    """Return the shelf with scales on which most units stand; None when there is none."""
    units = {
        shelf: sum(floor.goods.units_at(place.position) for place in places)
        for shelf, places in sensed_shelves(floor).items()
    }
    return max(units, key=lambda shelf: units[shelf], default=None)


def planned(floor: Floor, shelf: str) -> list[tuple[str, int]]:
    """Return what a sweeper will take: positions with units, the fullest first, until most of the shelf is cleared."""
    there = {place.position: floor.goods.units_at(place.position) for place in sensed_shelves(floor)[shelf]}
    wanted, found = MOST * sum(there.values()), 0
    plan: list[tuple[str, int]] = []
    leaves = floor.behaviour.sweep_leaves
    for position in sorted(there, key=lambda position: -there[position]):
        if found >= wanted:
            break
        units = there[position] - floor.rng.choices(range(len(leaves)), leaves)[0]
        if units > 0:
            plan.append((position, units))
            found += units
    return plan


@dataclass(slots=True)
class Sweeper:
    """One person at one shelf, with the positions still to clear.

    Waits for whoever is at the shelf, then for nobody. What the log calls it is a pick of each position: that is what
    happened there, and whether it was a sweep is for counting to find out.
    """

    floor: Floor
    name: str
    plan: list[tuple[str, int]]
    _moved: int = field(default=0, init=False)

    def begin(self) -> None:
        """Reach for the first position as soon as the shelf is free."""
        self._next(patient=True)

    def _next(self, *, patient: bool) -> None:
        if not self.plan:
            return
        position, wanted = self.plan.pop(0)
        sku = self.floor.positions[position].sku
        self._moved = 0

        def movement() -> Movement:
            units = min(wanted, self.floor.goods.units_at(position))
            return sweep_by_the_handful(self.floor.rng, units, self.floor.mean_g[sku]) if units else ()

        def move() -> None:
            self._moved += self.floor.goods.lift(position, sku, self.name) is not None

        def off() -> None:
            if self._moved:
                self.floor.record("pick", position, sku, -self._moved)
            self._next(patient=False)

        self.floor.reach(position, movement, move, off, patient=patient)
