"""Where every unit of the shop is: goods change places here and nowhere else, so that none is lost or doubled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random

from firmware_sim.world.configuration import ProductFacts, WorldConfiguration
from firmware_sim.world.sgtin import sgtin_96

UNIT_SHARE_OF_MEAN_MIN = 0.5
"""No unit weighs less than half its mean: cuts the tail of the normal law, which a factory would have rejected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One piece of goods. `epc` is empty when it carries no tag."""

    number: int
    sku: str
    weight_g: float
    epc: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """A unit on a shelf and how its weight rests on the plates of its position; the shares sum to 1."""

    unit: Unit
    shares: tuple[float, ...]


class Factory:
    """Makes units: each with its own weight and, if the product is tagged, its own serial number."""

    def __init__(self, products: Sequence[ProductFacts], rng: Random) -> None:
        self._products = {product.sku: product for product in products}
        self._rng = rng
        self._number = count(1)
        self.made: Counter[str] = Counter()

    def make(self, sku: str, units: int) -> list[Unit]:
        """Return that many new units of a product."""
        self.made[sku] += units
        return [self._one(self._products[sku]) for _ in range(units)]

    def _one(self, product: ProductFacts) -> Unit:
        number = next(self._number)
        weight_g = max(product.mean_g * UNIT_SHARE_OF_MEAN_MIN, self._rng.gauss(product.mean_g, product.spread_g))
        epc = sgtin_96(product.gtin, number) if product.tagged else ""
        return Unit(number=number, sku=product.sku, weight_g=weight_g, epc=epc)


class Goods:
    """All goods of a store by place: shelf positions, backroom, what people carry, in transit, sold."""

    def __init__(self, world: WorldConfiguration, rng: Random) -> None:
        self._rng = rng
        self._factory = Factory(world.products, rng)
        self._positions = {position.position: position for position in world.positions}
        self._backroom: dict[str, list[Unit]] = {
            sku: self._factory.make(sku, units) for sku, units in world.backroom.items()
        }
        self._carried: dict[str, list[Unit]] = {}
        self._in_transit: dict[str, list[Unit]] = {}
        self._shelves: dict[str, list[Standing]] = {position: [] for position in self._positions}
        self.sold: Counter[str] = Counter()
        for position in world.positions:
            for unit in self._factory.make(position.sku, position.units):
                self._stand(position.position, unit)

    @property
    def made(self) -> Mapping[str, int]:
        """Units by SKU that ever existed."""
        return self._factory.made

    def standing(self, position: str) -> Sequence[Standing]:
        """Return what stands at a position, the newest last."""
        return self._shelves[position]

    def units_at(self, position: str, sku: str | None = None) -> int:
        """Return how many units of a SKU (of the position's own, if none is named) stand at a position."""
        wanted = sku or self._positions[position].sku
        return sum(standing.unit.sku == wanted for standing in self._shelves[position])

    def room_at(self, position: str) -> int:
        """Return how many more units fit at a position."""
        return max(0, self._positions[position].capacity - len(self._shelves[position]))

    def foreign(self) -> list[tuple[str, Unit]]:
        """Return the units that stand where another product belongs, each with its position."""
        return [
            (position, standing.unit)
            for position, goods in self._shelves.items()
            for standing in goods
            if standing.unit.sku != self._positions[position].sku
        ]

    def carried(self, carrier: str) -> Sequence[Unit]:
        """Return what a person has in the basket or on the arm."""
        return self._carried.get(carrier, [])

    def backroom_units(self, sku: str) -> int:
        """Return how many units the backroom truly holds."""
        return len(self._backroom.get(sku, []))

    def lift(self, position: str, sku: str, carrier: str) -> Unit | None:
        """Move one unit from a position to a person; None when there is none. The one in front goes first."""
        goods = self._shelves[position]
        for index in reversed(range(len(goods))):
            if goods[index].unit.sku == sku:
                unit = goods.pop(index).unit
                self._carried.setdefault(carrier, []).append(unit)
                return unit
        return None

    def place(self, position: str, sku: str, carrier: str) -> Unit | None:
        """Move one unit from a person to a position; None when the person carries none."""
        unit = next((unit for unit in self.carried(carrier) if unit.sku == sku), None)
        if unit is not None:
            self._carried[carrier].remove(unit)
            self._stand(position, unit)
        return unit

    def fetch(self, sku: str, units: int, carrier: str) -> int:
        """Move up to `units` from the backroom to a person and return how many there were."""
        there = self._backroom.get(sku, [])
        taken = there[:units]
        self._backroom[sku] = there[units:]
        self._carried.setdefault(carrier, []).extend(taken)
        return len(taken)

    def bring_back(self, carrier: str) -> None:
        """Move all that a person carries to the backroom."""
        for unit in self._carried.pop(carrier, []):
            self._backroom.setdefault(unit.sku, []).append(unit)

    def sell(self, carrier: str) -> Counter[str]:
        """Move a basket out of the shop and return what was in it, units by SKU."""
        bought = Counter(unit.sku for unit in self._carried.pop(carrier, []))
        self.sold += bought
        return bought

    def send(self, order_id: str, sku: str, units: int) -> None:
        """Put new goods on their way to the store."""
        self._in_transit[order_id] = self._factory.make(sku, units)

    def arrive(self, order_id: str) -> int:
        """Move the goods of an order into the backroom and return how many units came."""
        arrived = self._in_transit.pop(order_id)
        for unit in arrived:
            self._backroom.setdefault(unit.sku, []).append(unit)
        return len(arrived)

    def everywhere(self) -> Counter[str]:
        """Return the units of each SKU over all places, sold ones included; it always equals `made`."""
        total = Counter(self.sold)
        for goods in (*self._backroom.values(), *self._carried.values(), *self._in_transit.values()):
            total.update(unit.sku for unit in goods)
        for standings in self._shelves.values():
            total.update(standing.unit.sku for standing in standings)
        return total

    def _stand(self, position: str, unit: Unit) -> None:
        self._shelves[position].append(Standing(unit, self._shares(len(self._positions[position].plates))))

    def _shares(self, plates: int) -> tuple[float, ...]:
        """Draw how one unit rests on `plates` plates: a product over two of them lies across both."""
        if plates < 2:
            return (1.0,) * plates
        parts = [self._rng.uniform(0.2, 0.8) for _ in range(plates)]
        return tuple(part / sum(parts) for part in parts)
