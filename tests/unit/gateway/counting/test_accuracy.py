"""How often counting is right, and whether it knows: random shoppers and staff on random shelves, seeded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from gateway.model import Quantity
from tests.unit.gateway.counting.shop import Shop, counted_by_hand, place

POSITIONS, EPISODES, SHELVES = 4, 30, 12
CAPACITY = 20


@dataclass(frozen=True, slots=True)
class Goods:
    """What a shelf's goods and scales are really like, as shares of a unit weight or gain."""

    spread: float
    catalogue_error: float
    gain_error: float


class Shelf:
    """One shelf of real units, each with its own weight, on scales with their own errors."""

    def __init__(self, rng: np.random.Generator, goods: Goods, *, counted: bool) -> None:
        self.rng, self.goods = rng, goods
        self.mean_g = rng.uniform(30.0, 600.0, POSITIONS)
        self.units = [self.some(position, int(rng.integers(3, CAPACITY))) for position in range(POSITIONS)]
        self.gain = 1.0 + goods.gain_error * rng.normal(size=POSITIONS)
        self.zero_g = rng.normal(size=POSITIONS)
        stated_g = self.mean_g * (1.0 + goods.catalogue_error * rng.normal(size=POSITIONS))
        places = [
            place(f"p{index}", f"l{index}", weight_g=float(weight_g), spread_g=float(weight_g * goods.spread))
            for index, weight_g in enumerate(stated_g)
        ]
        counts = tuple(counted_by_hand(f"p{index}", len(self.units[index]), count_id=index) for index in range(4))
        self.shop = Shop.of(*places, counts=counts if counted else ())
        self.shop.open(**self.weights_g())

    def some(self, position: int, number: int) -> list[float]:
        weights_g = self.mean_g[position] * (1.0 + self.goods.spread * self.rng.normal(size=number))
        return [float(weight_g) for weight_g in weights_g]

    def weights_g(self) -> dict[str, float]:
        self.zero_g += 0.3 * self.rng.normal(size=POSITIONS)
        noise_g = 0.3 * self.rng.normal(size=POSITIONS)
        loads_g = np.array([sum(units) for units in self.units])
        shown_g = self.zero_g + self.gain * loads_g + noise_g
        return {f"l{index}": float(weight_g) for index, weight_g in enumerate(shown_g)}

    def someone_comes(self) -> None:
        position = int(self.rng.integers(POSITIONS))
        there = self.units[position]
        if not there or (len(there) < CAPACITY and self.rng.random() < 0.2):
            there.extend(self.some(position, int(self.rng.integers(1, CAPACITY - len(there) + 1))))
        else:
            for _ in range(min(len(there), int(self.rng.geometric(0.6)))):
                there.pop(int(self.rng.integers(len(there))))
        before, after = self.shop.weights_g, self.weights_g()
        self.shop.change(**{plate: after[plate] - before[plate] for plate in after})

    def judged(self) -> list[tuple[float, bool]]:
        """Return the probability of every stated count, and whether it was so."""
        stated: list[tuple[float, bool]] = []
        for position, units in enumerate(self.units):
            quantity: Quantity = self.shop.quantities[f"p{position}"]
            stated.append((quantity.probability, quantity.best == len(units)))
        return stated


def run(goods: Goods, *, counted: bool, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    judged = []
    for _ in range(SHELVES):
        shelf = Shelf(rng, goods, counted=counted)
        for _ in range(EPISODES):
            shelf.someone_comes()
            judged.extend(shelf.judged())
    return np.array([each[0] for each in judged]), np.array([each[1] for each in judged])


@pytest.mark.parametrize("spread", [0.01, 0.02, 0.03])
def test_calibrated_scales_are_exact_in_99_of_100_cases(spread: float) -> None:
    goods = Goods(spread=spread, catalogue_error=spread / 3, gain_error=0.001)
    _, right = run(goods, counted=True, seed=11)
    assert right.mean() >= 0.99


def test_goods_nobody_counted_are_exact_in_98_of_100_cases() -> None:
    _, right = run(Goods(spread=0.0115, catalogue_error=0.003, gain_error=0.001), counted=False, seed=12)
    assert right.mean() >= 0.98


def test_uncalibrated_scales_are_exact_once_someone_counted() -> None:
    _, right = run(Goods(spread=0.01, catalogue_error=0.003, gain_error=0.04), counted=True, seed=13)
    assert right.mean() >= 0.99


def test_what_is_said_to_be_sure_is_and_what_is_doubtful_is_said_to_be() -> None:
    runs = [
        run(Goods(spread=0.01, catalogue_error=0.003, gain_error=0.04), counted=False, seed=14),
        run(Goods(spread=0.03, catalogue_error=0.01, gain_error=0.002), counted=False, seed=15),
    ]
    stated, right = np.concatenate([each[0] for each in runs]), np.concatenate([each[1] for each in runs])
    for low, high in ((0.3, 0.6), (0.6, 0.9), (0.9, 1.01)):
        inside = (stated >= low) & (stated < high)
        assert inside.sum() > 20
        apart = abs(right[inside].mean() - stated[inside].mean())
        assert apart < (0.04 if high > 1 else 0.15)
