"""The files of the corner shop."""

from __future__ import annotations

import csv
import tomllib
from collections import Counter
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from epcpy.epc_schemes.sgtin import SGTIN

from firmware_sim.bay_options import read_options
from firmware_sim.load_cell import cell_for
from firmware_sim.scenario import spare
from firmware_sim.scenario.corner_shop import Scenario, write_corner_shop
from firmware_sim.scenario.gtin import case_gtin_14, check_digit, gtin_13
from firmware_sim.world.configuration import WorldConfiguration, read_configuration
from tests.fakes.shop_day import ShopDay


def _write(folder: Path, seed: int = 1) -> Scenario:
    return write_corner_shop(
        folder,
        seed=seed,
        broker_url="mqtt://127.0.0.1:1883",
        socket_path=Path("/run/shop/world.sock"),
        data_dir=Path("/var/lib/shop"),
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    return _write(tmp_path_factory.mktemp("corner-shop"))


@pytest.fixture(scope="module")
def world(files: Scenario) -> WorldConfiguration:
    return read_configuration(files.world)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _edge(files: Scenario) -> list[dict[str, Any]]:
    return [tomllib.loads(path.read_text(encoding="utf-8")) for path in files.edge.values()]


@pytest.mark.parametrize("gtin", ["4006381333931", "80614141123458", "036000291452", "96385074"])
def test_check_digits_are_those_of_known_numbers(gtin: str) -> None:
    assert check_digit(gtin[:-1]) == gtin[-1]


def test_numbers_of_goods_are_of_the_demonstration_prefix_and_check(files: Scenario) -> None:
    rows = _rows(files.catalog)
    for row in rows:
        assert row["gtin"].startswith("952")
        assert len(row["gtin"]) == 13
        assert check_digit(row["gtin"][:-1]) == row["gtin"][-1]
        assert row["case_gtin"] == case_gtin_14(row["gtin"])
    assert len({row["gtin"] for row in rows}) == len(rows)


def test_a_company_prefix_of_other_length_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 7 digits of prefix and 5 of item"):
        gtin_13("95200001", 1)


def test_the_shop_has_its_72_positions_and_more_than_60_products(files: Scenario) -> None:
    planogram = _rows(files.planogram)
    sensed = [row for row in planogram if row["plates"] or row["zones"]]
    assert len(sensed) == 72
    assert len({row["shelf"] for row in sensed}) == 12
    assert set(Counter(row["shelf"] for row in sensed).values()) == {6}
    assert len({row["sku"] for row in planogram}) >= 60
    assert {row["sku"] for row in planogram} == {row["sku"] for row in _rows(files.catalog)}


def test_the_hard_cases_of_a_real_shop_are_there(files: Scenario) -> None:
    planogram = _rows(files.planogram)
    on_plate = Counter(plate for row in planogram for plate in row["plates"].split())
    assert sum(count == 2 for count in on_plate.values()) == 1
    assert sum(len(row["plates"].split()) == 2 for row in planogram) == 1
    assert {row["shelf"] for row in planogram if row["zones"] and not row["plates"]} == {"b3-s4"}
    assert any(row["zones"] and row["plates"] for row in planogram)
    unsensed = [row for row in planogram if not row["zones"] and not row["plates"]]
    assert [row["sku"] in {other["sku"] for other in planogram if other["plates"]} for row in unsensed] == [True]


def test_names_are_in_english_and_chinese_and_weights_plausible(files: Scenario) -> None:
    for row in _rows(files.catalog):
        assert row["name"].isascii()
        assert not row["name_zh"].isascii()
        assert 20.0 <= float(row["unit_weight_g"]) <= 1500.0
        assert float(row["price"]) > 0.0


def test_unit_weights_vary_as_weighed_goods_of_a_real_shop_do(tmp_path: Path) -> None:
    # 1.15 % is the median of 81 weighed products (AIM3S); 68 drawn ones scatter around it.
    shares = [
        float(row["unit_spread_g"]) / float(row["unit_weight_g"])
        for seed in range(5)
        for row in _rows(_write(tmp_path, seed).catalog)
    ]
    assert median(shares) == pytest.approx(0.0115, rel=0.1)


def test_a_pick_from_the_shared_plate_tells_which_product_it_was(files: Scenario) -> None:
    planogram = _rows(files.planogram)
    on_plate = Counter(row["plates"] for row in planogram if row["plates"])
    weights = {row["sku"]: (float(row["unit_weight_g"]), float(row["unit_spread_g"])) for row in _rows(files.catalog)}
    shared = [weights[row["sku"]] for row in planogram if on_plate[row["plates"]] == 2]
    picks = [(units * weight_g, units**0.5 * spread_g) for weight_g, spread_g in shared for units in (1, 2, 3)]
    for (one_g, one_sd_g), (other_g, other_sd_g) in combinations(picks, 2):
        assert abs(one_g - other_g) > 4.0 * (one_sd_g**2 + other_sd_g**2) ** 0.5


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_epcs_of_tagged_goods_name_the_item_of_the_catalogue(tmp_path: Path, seed: int) -> None:
    files = _write(tmp_path, seed)
    day = ShopDay(read_configuration(files.world))
    gtins = {row["sku"]: row["gtin"] for row in _rows(files.catalog)}
    units = [
        standing.unit for position in day.world.positions for standing in day.shop.goods.standing(position.position)
    ]
    tagged = [unit for unit in units if unit.epc]
    assert len({unit.epc for unit in tagged}) == len(tagged) > 50
    for unit in tagged:
        tag = SGTIN.from_hex(unit.epc)
        assert isinstance(tag, SGTIN)
        assert tag.gtin() == f"0{gtins[unit.sku]}"


def test_full_plates_stay_within_the_range_of_their_cells(world: WorldConfiguration) -> None:
    mean_g = {product.sku: product.mean_g for product in world.products}
    for plate in world.plates:
        full_g = sum(
            position.capacity * mean_g[position.sku] / len(position.plates)
            for position in world.positions
            if plate.plate in position.plates
        )
        assert full_g + 1_000.0 < plate.capacity_g


def test_work_comes_up_soon_and_some_of_it_needs_the_supplier(world: WorldConfiguration) -> None:
    low = [position for position in world.positions if position.units <= position.capacity * 0.25]
    nearly = [p for p in world.positions if p.capacity * 0.25 < p.units <= p.capacity * 0.25 + 2]
    assert len(low) >= 4
    assert len(nearly) >= 6
    assert any(position.sku in world.backroom for position in low)
    assert sum(position.sku not in world.backroom for position in low) >= 2


def test_what_no_scale_can_tell_apart_was_counted_at_opening(files: Scenario, world: WorldConfiguration) -> None:
    stock = {(row["place"], row["position"]): int(row["units"]) for row in _rows(files.stock) if row["position"]}
    units = {position.position: position.units for position in world.positions}
    assert stock == {
        ("shelf", "b2-s2-p1"): units["b2-s2-p1"],
        ("shelf", "b2-s2-p2"): units["b2-s2-p2"],
        ("display", "front-d1-p1"): units["front-d1-p1"],
    }
    backroom = {row["sku"]: int(row["units"]) for row in _rows(files.stock) if row["place"] == "backroom"}
    assert backroom == world.backroom


def test_every_plate_and_zone_of_the_planogram_is_wired_to_one_bay(files: Scenario) -> None:
    planogram = _rows(files.planogram)
    plates = [plate["plate"] for edge in _edge(files) for plate in edge["plates"]]
    zones = [zone["zone"] for edge in _edge(files) for zone in edge.get("zones", [])]
    assert Counter(plates) == Counter({plate for row in planogram for plate in row["plates"].split()})
    assert Counter(zones) == Counter({zone for row in planogram for zone in row["zones"].split()})
    assert [edge["device"] for edge in _edge(files)] == ["bay-1", "bay-2", "bay-3"]


def test_an_installer_calibrated_each_plate_nearly_right(files: Scenario) -> None:
    errors = []
    for edge in _edge(files):
        for plate in edge["plates"]:
            cell = cell_for(edge["hardware_options"]["seed"], plate["plate"], plate["capacity_g"])
            errors.append(abs(plate["counts_per_g"] / cell.counts_per_g - 1.0))
            assert abs(plate["zero_count"] - cell.zero_count) < 3.0 * cell.counts_per_g
    assert 0.0 < max(errors) < 0.005


def test_the_wires_build_the_cells_that_were_calibrated(files: Scenario) -> None:
    for edge in _edge(files):
        options = read_options(edge["hardware_options"])
        for plate in edge["plates"]:
            assert options.capacity_of(plate["plate"]) == plate["capacity_g"]
            assert plate["rate_sps"] == options.rate_sps


def test_a_path_with_odd_signs_is_still_a_configuration(tmp_path: Path) -> None:
    odd = tmp_path / 'a "shop" \\ 店'
    files = write_corner_shop(odd, seed=1, broker_url="mqtt://b", socket_path=odd / "world.sock", data_dir=odd)
    assert _edge(files)[0]["data_dir"] == str(odd / "bay-1")


def test_the_same_seed_writes_the_same_files(tmp_path: Path) -> None:
    one, other, third = (_write(tmp_path / name, seed) for name, seed in (("1", 5), ("2", 5), ("3", 6)))
    for name in ("catalog.csv", "planogram.csv", "stock.csv", "world.json", "edge/bay-1.toml", "edge/bay-3.toml"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()
    assert one.world.read_bytes() == other.world.read_bytes() != third.world.read_bytes()


def test_a_spare_bay_waits_out_of_its_box(files: Scenario, world: WorldConfiguration) -> None:
    settings = tomllib.loads(files.spare.read_text(encoding="utf-8"))
    assert (settings["store"], settings["device"]) == ("_new", "spare-1")
    plates = {plate["plate"]: plate["counts_per_g"] for plate in settings["plates"]}
    assert set(plates) == set(spare.PLATES) <= {plate.plate for plate in world.plates}
    assert not any(set(plates) & set(position.plates) for position in world.positions)
    for plate, counts_per_g in plates.items():
        assert counts_per_g == pytest.approx(cell_for(world.seed, plate).counts_per_g, rel=0.2)
        assert counts_per_g != pytest.approx(cell_for(world.seed, plate).counts_per_g, rel=1e-4)
