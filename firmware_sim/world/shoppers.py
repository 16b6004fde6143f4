"""Shoppers: they come by chance, take a few things, change their mind at times, pay and go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from random import Random

from firmware_sim.world.agenda import Action
from firmware_sim.world.errands import Errand
from firmware_sim.world.floor import Floor
from firmware_sim.world.goods import Unit
from firmware_sim.world.movements import Movement, reach_to_pick, reach_to_put


class Entrance:
    """Where shoppers come in: a Poisson stream at `Behaviour.shoppers_per_hour`."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._number = count(1)
        self._rush_until_ms = 0
        demand = {product.sku: product.demand for product in floor.world.products}
        self._positions = [position.position for position in floor.world.positions]
        self._weights = [demand[position.sku] for position in floor.world.positions]

    def open(self) -> None:
        """Let the first shopper come after a while."""
        self._after_a_while(self._floor.behaviour.shoppers_per_hour, self._come)

    def rush(self, for_s: float) -> float:
        """Let more people come for so long: `Behaviour.rush_factor` times as many in all. Return people an hour.

        A rush in a rush only makes it longer. Two Poisson streams together are one of the sum of their rates.
        """
        behaviour = self._floor.behaviour
        rushing = self._rush_until_ms > self._floor.clock.mono_ms()
        self._rush_until_ms = max(self._rush_until_ms, self._floor.clock.mono_ms() + round(for_s * 1000))
        if not rushing:
            self._await_more()
        return behaviour.shoppers_per_hour * behaviour.rush_factor

    def new_name(self) -> str:
        """Return a name no shopper had."""
        return f"shopper-{next(self._number)}"

    def _come(self) -> None:
        self._enter()
        self.open()

    def _await_more(self) -> None:
        behaviour = self._floor.behaviour
        self._after_a_while(behaviour.shoppers_per_hour * (behaviour.rush_factor - 1.0), self._come_in_the_rush)

    def _come_in_the_rush(self) -> None:
        if self._floor.clock.mono_ms() <= self._rush_until_ms:
            self._enter()
            self._await_more()

    def _after_a_while(self, per_hour: float, action: Action) -> None:
        if per_hour > 0.0:
            self._floor.later(self._floor.rng.expovariate(per_hour / 3600.0), action)

    def _enter(self) -> None:
        rng = self._floor.rng
        wishes = _draw_number(rng, self._floor.behaviour.stops)
        visits = list(dict.fromkeys(rng.choices(self._positions, self._weights, k=wishes)))
        Shopper(self._floor, self.new_name(), visits).next_stop()


@dataclass(slots=True)
class Shopper:
    """One visit to the shop: the positions still to go to, and the unit in the hand that will be left elsewhere."""

    floor: Floor
    name: str
    visits: list[str]
    unwanted_sku: str = ""
    _moved: int = field(default=0, init=False)

    def pick_now(self, position: str, units: int) -> None:
        """Take so many units, or what is left of them, without waiting for anybody, and go on."""
        sku = self.floor.positions[position].sku

        def movement() -> Movement:
            left = min(units, self.floor.goods.units_at(position))
            return reach_to_pick(self.floor.rng, left, self.floor.mean_g[sku]) if left else ()

        def off() -> None:
            if self._moved:
                self.floor.record("pick", position, sku, -self._moved)
            self.next_stop()

        self.floor.reach(position, movement, lambda: self._take(position, sku), off, patient=False)

    def next_stop(self) -> None:
        """Walk to the next shelf, or to the till when all is taken."""
        if self.visits:
            self.floor.later(self.floor.behaviour.walk_s, self._arrive)
        else:
            self.floor.later(self.floor.behaviour.till_s, self._pay)

    def _arrive(self) -> None:
        position = self.visits.pop(0)
        if self.unwanted_sku:
            unwanted, self.unwanted_sku = self.unwanted_sku, ""
            self._put(position, unwanted, lambda: self._pick(position))
        else:
            self._pick(position)

    def _pick(self, position: str) -> None:
        sku = self.floor.positions[position].sku

        def movement() -> Movement:
            units = min(_draw_number(self.floor.rng, self.floor.behaviour.units), self.floor.goods.units_at(position))
            self._moved = 0
            return reach_to_pick(self.floor.rng, units, self.floor.mean_g[sku]) if units else ()

        self.floor.reach(position, movement, lambda: self._take(position, sku), lambda: self._picked(position, sku))

    def _take(self, position: str, sku: str) -> None:
        """Move one unit into the basket; somebody else may have taken the last one a moment ago."""
        self._moved += self.floor.goods.lift(position, sku, self.name) is not None

    def _picked(self, position: str, sku: str) -> None:
        if self._moved:
            self.floor.record("pick", position, sku, -self._moved)
            self._think_again(position, sku)
        else:
            self.next_stop()

    def _think_again(self, position: str, sku: str) -> None:
        behaviour, chance = self.floor.behaviour, self.floor.rng.random()
        if chance < behaviour.put_back:
            self.floor.later(behaviour.hesitate_s, lambda: self._put(position, sku, self.next_stop))
            return
        if chance < behaviour.put_back + behaviour.misplace and self.visits:
            self.unwanted_sku = sku
        self.next_stop()

    def _put(self, position: str, sku: str, then: Action) -> None:
        own = sku == self.floor.positions[position].sku
        placed: list[Unit] = []

        def movement() -> Movement:
            return reach_to_put(self.floor.rng, 1, self.floor.mean_g[sku]) if self.floor.goods.room_at(position) else ()

        def move() -> None:
            unit = self.floor.goods.place(position, sku, self.name)
            placed.extend([unit] if unit is not None else [])

        def off() -> None:
            if placed:
                self.floor.record("put_back" if own else "misplace", position, sku, len(placed))
            then()

        self.floor.reach(position, movement, move, off)

    def _pay(self) -> None:
        bought = self.floor.goods.sell(self.name)
        if not bought:
            return
        sale_id = f"{self.floor.world.store}-{self.floor.run}-{self.name}"
        lines = [{"sku": sku, "units": units} for sku, units in sorted(bought.items())]
        sold_at = _utc(self.floor.clock.now())
        body = {"store": self.floor.world.store, "sale_id": sale_id, "sold_at": sold_at, "lines": lines}
        self.floor.errands.send(
            Errand(method="POST", path="/v1/till-sales", body=body, key=self.floor.key(f"sale/{self.name}"))
        )


def _draw_number(rng: Random, weights: Sequence[float]) -> int:
    """Return 1, 2, ... with these weights."""
    return rng.choices(range(1, len(weights) + 1), weights)[0]


def _utc(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
