"""Tidying up: goods that stand where they do not belong go home."""

from __future__ import annotations

from firmware_sim.world.floor import Floor
from firmware_sim.world.movements import Movement, reach_to_pick, reach_to_put


class Tidying:
    """Somebody walks through the shop every `Behaviour.tidy_every_s` and brings one misplaced unit home."""

    CARRIER = "tidying"

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._moved = 0

    def open(self) -> None:
        """Walk through the shop after a while."""
        self._floor.later(self._floor.behaviour.tidy_every_s, self._walk)

    def _walk(self) -> None:
        foreign = self._floor.goods.foreign()
        if not foreign:
            self.open()
            return
        position, unit = foreign[0]
        self._moved = 0
        self._floor.reach(
            position,
            lambda: reach_to_pick(self._floor.rng, 1, unit.weight_g),
            lambda: self._lift(position, unit.sku),
            lambda: self._lifted(position, unit.sku),
        )

    def _lift(self, position: str, sku: str) -> None:
        self._moved += self._floor.goods.lift(position, sku, self.CARRIER) is not None

    def _lifted(self, position: str, sku: str) -> None:
        if self._moved:
            self._floor.record("tidy", position, sku, -self._moved)
        self._floor.later(self._floor.behaviour.walk_s, lambda: self._bring_home(sku))

    def _bring_home(self, sku: str) -> None:
        """Set the unit down at a home position with room, else in the backroom."""
        homes = [name for name, facts in self._floor.positions.items() if facts.sku == sku]
        home = next((name for name in homes if self._floor.goods.room_at(name)), None)
        self._moved = 0
        if home is None:
            self._at_home("", sku)
            return

        def movement() -> Movement:
            room = self._floor.goods.room_at(home)
            return reach_to_put(self._floor.rng, 1, self._floor.mean_g[sku]) if room else ()

        self._floor.reach(home, movement, lambda: self._place(home, sku), lambda: self._at_home(home, sku))

    def _place(self, home: str, sku: str) -> None:
        self._moved += self._floor.goods.place(home, sku, self.CARRIER) is not None

    def _at_home(self, home: str, sku: str) -> None:
        if self._moved:
            self._floor.record("put_back", home, sku, self._moved)
        self._floor.goods.bring_back(self.CARRIER)
        self.open()
