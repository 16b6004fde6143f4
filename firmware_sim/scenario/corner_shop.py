"""The corner shop: a seed in, all files of a demonstration store out; the same seed writes the same files."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from random import Random

from firmware_sim.load_cell import CAPACITY_G_DEFAULT, LoadCell, cell_for
from firmware_sim.scenario import spare
from firmware_sim.scenario.layout import (
    BAYS,
    DISPLAY_CAPACITY,
    DISPLAY_POSITION,
    DISPLAY_SKU,
    DISPLAY_UNITS,
    SHARED_PLATE,
    Place,
    places,
)
from firmware_sim.scenario.products import Product, read_products
from firmware_sim.world.configuration import PlateFacts, PositionFacts, ProductFacts, WorldConfiguration

STORE = "corner-shop"
CURRENCY = "CNY"
VALID_FROM = "2025-01-01T00:00:00Z"
"""The planogram holds since long ago, whatever the shop clock says."""

PLATE_CAPACITIES_G = (10_000.0, 20_000.0)
HAND_ROOM_G = 2_000.0
"""A plate is chosen so that its full goods and a pushing hand stay within its range."""

INSTALLER_ZERO_SD_G = 0.5
INSTALLER_GAIN_SD = 0.001
"""How well a careful installer calibrates: half a gram at zero, 0.1 % with a class M1 test weight (assumptions)."""

LOW_SHARE = 0.25
"""The policy of a planogram row without `low_units`: a quarter of the capacity."""

RATE_SPS = 10.0
"""Conversions a second of an HX711 with its RATE pin low (data sheet p. 4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Where the files of a scenario are; `edge` are the agents of the bays, `spare` that of one nobody has fitted."""

    store: str
    catalog: Path
    planogram: Path
    stock: Path
    world: Path
    socket: Path
    edge: Mapping[str, Path]
    spare: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stand:
    """A product at a place."""

    place: Place
    product: Product
    capacity: int
    units: int


def write_corner_shop(folder: Path, *, seed: int, broker_url: str, socket_path: Path, data_dir: Path) -> Scenario:
    """Write catalogue, planogram, opening stock, world file and one edge configuration a bay into `folder`, and that of
    a spare bay.

    `socket_path` is where the world will serve loads, `data_dir` where each agent keeps its journal, in a folder of
    its device's name. Returns the paths. Raises OSError when a file cannot be written.
    """
    rng = Random(f"{seed}/corner-shop")
    products = read_products(rng)
    stands = _stands(products, rng)
    capacities_g = _plate_capacities(stands)
    (folder / "edge").mkdir(parents=True, exist_ok=True)
    scenario = _paths(folder, socket_path)
    _write_rows(scenario.catalog, _catalog(products))
    _write_rows(scenario.planogram, _planogram(stands))
    _write_rows(scenario.stock, _stock(stands, products))
    scenario.world.write_text(_world(stands, products, capacities_g, scenario, seed).to_json(), encoding="utf-8")
    for bay, (device, path) in enumerate(scenario.edge.items(), start=1):
        own = [stand.place for stand in stands if stand.place.bay == f"b{bay}"]
        head = _edge_head(device, broker_url=broker_url, socket_path=socket_path, data_dir=data_dir, seed=seed)
        cells = _edge_capacities(own, capacities_g)
        path.write_text(head + cells + _edge_plates(own, capacities_g, seed, rng) + _edge_zones(own), encoding="utf-8")
    head = _edge_head(
        spare.DEVICE, store=spare.STORE, broker_url=broker_url, socket_path=socket_path, data_dir=data_dir, seed=seed
    )
    scenario.spare.write_text(head + spare.plates_of_file(), encoding="utf-8")
    return scenario


def _paths(folder: Path, socket_path: Path) -> Scenario:
    devices = [f"bay-{bay}" for bay in range(1, BAYS + 1)]
    return Scenario(
        store=STORE,
        catalog=folder / "catalog.csv",
        planogram=folder / "planogram.csv",
        stock=folder / "stock.csv",
        world=folder / "world.json",
        socket=socket_path,
        edge={device: folder / "edge" / f"{device}.toml" for device in devices},
        spare=folder / "edge" / f"{spare.DEVICE}.toml",
    )


def _stands(products: Iterable[Product], rng: Random) -> list[_Stand]:
    by_position = {position: product for product in products for position in product.positions}
    by_sku = {product.sku: product for product in by_position.values()}
    stands = []
    for place in places():
        if place.position == DISPLAY_POSITION:
            display = by_sku[DISPLAY_SKU]
            stands.append(_Stand(place=place, product=display, capacity=DISPLAY_CAPACITY, units=DISPLAY_UNITS))
            continue
        product = by_position[place.position]
        units = _opening_units(product, rng)
        stands.append(_Stand(place=place, product=product, capacity=product.capacity, units=units))
    return stands


def _opening_units(product: Product, rng: Random) -> int:
    """Return the units at opening: some products start just above or below low, so that work comes up soon."""
    low = product.capacity * LOW_SHARE
    match product.start:
        case "full":
            return rng.randint(ceil(product.capacity * 0.6), product.capacity)
        case "near":
            return ceil(low) + 1
        case "low":
            return max(0, int(low) - 1)


def _plate_capacities(stands: Iterable[_Stand]) -> dict[str, float]:
    """Return for each plate the smallest cell that carries its full positions and a hand."""
    full_g: dict[str, float] = {}
    for stand in stands:
        for plate in stand.place.plates:
            share_g = stand.capacity * stand.product.mean_g / len(stand.place.plates)
            full_g[plate] = full_g.get(plate, HAND_ROOM_G) + share_g
    return {
        plate: next(capacity_g for capacity_g in PLATE_CAPACITIES_G if capacity_g >= load_g)
        for plate, load_g in full_g.items()
    }


def _catalog(products: Iterable[Product]) -> list[dict[str, object]]:
    return [
        {
            "sku": product.sku,
            "gtin": product.gtin,
            "name": product.name,
            "name_zh": product.name_zh,
            "unit": "each",
            "unit_weight_g": product.weight_g,
            "unit_spread_g": product.spread_g,
            "price": product.price,
            "currency": CURRENCY,
            "case_gtin": product.case_gtin,
            "case_units": product.case_units,
        }
        for product in products
    ]


def _planogram(stands: Iterable[_Stand]) -> list[dict[str, object]]:
    return [
        {
            "position": stand.place.position,
            "sku": stand.product.sku,
            "bay": stand.place.bay,
            "shelf": stand.place.shelf,
            "plates": " ".join(stand.place.plates),
            "zones": " ".join(stand.place.zones),
            "capacity": stand.capacity,
            "low_units": "",
            "valid_from": VALID_FROM,
        }
        for stand in stands
    ]


def _stock(stands: Iterable[_Stand], products: Iterable[Product]) -> list[dict[str, object]]:
    """Return what people counted at opening: what no scale can tell apart, the display, and the backroom."""
    rows: list[dict[str, object]] = []
    for stand in stands:
        counted = {DISPLAY_POSITION: "display", **dict.fromkeys(SHARED_PLATE, "shelf")}
        if stand.place.position in counted:
            row = {"place": counted[stand.place.position], "position": stand.place.position}
            rows.append({**row, "sku": stand.product.sku, "units": stand.units})
    rows.extend(
        {"place": "backroom", "position": "", "sku": product.sku, "units": product.backroom}
        for product in products
        if product.backroom
    )
    return rows


def _world(
    stands: Iterable[_Stand],
    products: Iterable[Product],
    capacities_g: Mapping[str, float],
    scenario: Scenario,
    seed: int,
) -> WorldConfiguration:
    shelf_of = {plate: stand.place.shelf for stand in stands for plate in stand.place.plates}
    return WorldConfiguration(
        store=STORE,
        seed=seed,
        socket=str(scenario.socket),
        devices=tuple(scenario.edge),
        products=tuple(_product_facts(product) for product in products),
        plates=tuple(
            PlateFacts(plate=plate, shelf=shelf, capacity_g=capacities_g[plate]) for plate, shelf in shelf_of.items()
        )
        + spare.spare_plates(),
        positions=tuple(_position_facts(stand) for stand in stands),
        backroom={product.sku: product.backroom for product in products if product.backroom},
    )


def _product_facts(product: Product) -> ProductFacts:
    return ProductFacts(
        sku=product.sku,
        gtin=product.gtin,
        mean_g=product.mean_g,
        spread_g=product.spread_g,
        tagged=product.tagged,
        demand=product.demand,
    )


def _position_facts(stand: _Stand) -> PositionFacts:
    return PositionFacts(
        position=stand.place.position,
        sku=stand.product.sku,
        shelf=stand.place.shelf,
        plates=stand.place.plates,
        zones=stand.place.zones,
        capacity=stand.capacity,
        units=stand.units,
    )


def _edge_head(
    device: str, *, broker_url: str, socket_path: Path, data_dir: Path, seed: int, store: str = STORE
) -> str:
    return f"""store = {_text(store)}
device = {_text(device)}
hardware = "firmware_sim.wires:open_bay"
data_dir = {_text(str(data_dir / device))}
broker = {_text(broker_url)}
heartbeat_s = 30.0
health_s = 60.0

[hardware_options]
socket = {_text(str(socket_path))}
seed = {seed}
"""


def _edge_capacities(own: Iterable[Place], capacities_g: Mapping[str, float]) -> str:
    """Return which plates stand on other cells than the wires take for granted, so that they simulate the same ones."""
    plates = sorted({plate for place in own for plate in place.plates})
    other = [plate for plate in plates if capacities_g[plate] != CAPACITY_G_DEFAULT]
    return "\n[hardware_options.capacities_g]\n" + "".join(f"{plate} = {capacities_g[plate]}\n" for plate in other)


def _edge_plates(own: Iterable[Place], capacities_g: Mapping[str, float], seed: int, rng: Random) -> str:
    """Return the plates as an installer calibrated them: near the truth of each cell, not at it."""
    place_of = {plate: place for place in own for plate in place.plates}
    cells = {plate: cell_for(seed, plate, capacities_g[plate]) for plate in place_of}
    return "".join(_edge_plate(place_of[plate], cell, rng) for plate, cell in cells.items())


def _edge_plate(place: Place, cell: LoadCell, rng: Random) -> str:
    counts_per_g = cell.counts_per_g * (1.0 + rng.gauss(0.0, INSTALLER_GAIN_SD))
    zero_count = cell.zero_count + rng.gauss(0.0, INSTALLER_ZERO_SD_G) * cell.counts_per_g
    return f"""
[[plates]]
plate = {_text(cell.plate)}
bay = {_text(place.bay)}
shelf = {_text(place.shelf)}
zero_count = {round(zero_count, 1)}
counts_per_g = {round(counts_per_g, 4)}
capacity_g = {cell.capacity_g}
rate_sps = {RATE_SPS}
"""


def _edge_zones(own: Iterable[Place]) -> str:
    zones = {zone: place for place in own for zone in place.zones}
    return "".join(
        f"""
[[zones]]
zone = {_text(zone)}
bay = {_text(place.bay)}
shelf = {_text(place.shelf)}
role = "shelf"
"""
        for zone, place in zones.items()
    )


def _text(value: str) -> str:
    """Return a TOML basic string (TOML 1.0, "String": backslash, quote and control characters are escaped)."""
    escaped = "".join(f"\\u{ord(char):04X}" if char in '"\\' or ord(char) < 0x20 else char for char in value)
    return f'"{escaped}"'


def _write_rows(path: Path, rows: list[dict[str, object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
