"""The assortment of the corner shop: rows of `products.csv` in, products with numbers and true weights out."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files
from math import exp, log, sqrt
from random import Random
from typing import Literal

from firmware_sim.scenario.gtin import case_gtin_14, gtin_13

SPREAD_MEDIAN = 0.0115
"""Median coefficient of variation of a unit weight: 294 weighings of 81 products, AIM3S (CarlosRDomin/AIM3S
`product_info.json`)."""

SPREAD_LOG_SD = 0.5
"""Log-normal width; puts the 90th percentile at 2.2 %, as an assumption between that median and the worst, 14.7 %."""

SPREAD_MAX = 0.03
"""No product of this shop varies more: packed goods, no sponges cut by hand."""

WEIGHINGS = 10
"""The catalogue's unit weight is the mean of ten units weighed singly (piece-counting practice, Mettler manual
manualzz.com/doc/1848704), so it misses the true mean by spread / sqrt(10)."""

Start = Literal["full", "near", "low"]

_TAGGED_CATEGORIES = frozenset({"spirits", "rail"})
_CATEGORIES = ("drinks", "dairy", "grocery", "snacks", "sweets", "care", "household", "spirits", "rail")


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One product: what the catalogue says (`weight_g`), what is true (`mean_g`, `spread_g`), where it stands."""

    sku: str
    name: str
    name_zh: str
    gtin: str
    case_gtin: str
    case_units: int
    price: str
    weight_g: float
    mean_g: float
    spread_g: float
    tagged: bool
    capacity: int
    demand: float
    positions: tuple[str, ...]
    start: Start
    backroom: int


def read_products(rng: Random) -> tuple[Product, ...]:
    """Return the assortment; the generator decides spreads and what weighing found."""
    text = files("firmware_sim.scenario").joinpath("products.csv").read_text(encoding="utf-8")
    return tuple(_product(row, item, rng) for item, row in enumerate(csv.DictReader(text.splitlines()), start=1))


def _product(row: dict[str, str], item: int, rng: Random) -> Product:
    mean_g = float(row["weight_g"])
    spread_g = mean_g * min(SPREAD_MAX, exp(rng.gauss(log(SPREAD_MEDIAN), SPREAD_LOG_SD)))
    gtin = gtin_13(f"952{_CATEGORIES.index(row['category']) + 1:04d}", item)
    return Product(
        sku=row["sku"],
        name=row["name"],
        name_zh=row["name_zh"],
        gtin=gtin,
        case_gtin=case_gtin_14(gtin),
        case_units=int(row["case_units"]),
        price=row["price"],
        weight_g=round(rng.gauss(mean_g, spread_g / sqrt(WEIGHINGS)), 1),
        mean_g=mean_g,
        spread_g=round(spread_g, 2),
        tagged=row["category"] in _TAGGED_CATEGORIES,
        capacity=int(row["capacity"]),
        demand=float(row["demand"]),
        positions=tuple(row["positions"].split()),
        start=_start(row["start"]),
        backroom=int(row["backroom"]),
    )


def _start(word: str) -> Start:
    match word:
        case "full" | "near" | "low":
            return word
    raise ValueError(f"start: found {word!r}, expected full, near or low")
