"""`liveshelf plan` as an installer calls it: the corner shop's own files in, a plan one can buy and build from out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from firmware_sim.scenario.corner_shop import Scenario, write_corner_shop
from firmware_sim.world.configuration import read_configuration
from tests.integration.liveshelf.running import PREFIX, liveshelf


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    folder = tmp_path_factory.mktemp("corner-shop")
    return write_corner_shop(
        folder, seed=7, broker_url="mqtt://127.0.0.1", socket_path=folder / "world.sock", data_dir=folder
    )


@pytest.fixture(scope="module")
def planned(shop: Scenario) -> dict[str, Any]:
    told = liveshelf("plan", shop.planogram, "--catalog", shop.catalog, "--json")
    assert (told.returncode, told.stderr) == (0, "")
    (line,) = told.stdout.splitlines()
    made: dict[str, Any] = json.loads(line)
    return made


def count(made: Mapping[str, Any]) -> dict[str, int]:
    return {part["part"]: part["count"] for part in made["parts"]}


def test_the_corner_shop_gets_a_cell_under_each_of_its_66_plates(planned: dict[str, Any]) -> None:
    parts = count(planned)
    assert parts["plate"] == len(planned["scales"]) == 66
    assert sum(number for part, number in parts.items() if part.startswith("load_cell")) == 66
    assert (parts["antenna"], parts["reader"]) == (2, 1)


def test_its_planned_cells_carry_what_the_world_puts_on_them(planned: dict[str, Any], shop: Scenario) -> None:
    world = read_configuration(shop.world)
    mean_g = {product.sku: product.mean_g for product in world.products}
    full_g: Counter[str] = Counter()
    for position in world.positions:
        for plate in position.plates:
            full_g[plate] += round(position.capacity * mean_g[position.sku] / len(position.plates))
    for scale in planned["scales"]:
        assert full_g[scale["plate"]] + 2_000.0 < scale["cell_g"]


def test_its_three_bays_are_read_by_a_few_boards_however_they_are_connected(planned: dict[str, Any]) -> None:
    ways = {way["connection"]: way for way in planned["ways"]}
    assert list(ways) == ["hx711", "nau7802", "hx711_spi"]
    for way in ways.values():
        assert {pi["bay"] for pi in way["pis"]} == {"b1", "b2", "b3"}
        assert sum(len(pi["plates"]) for pi in way["pis"]) == 66
    # Bay 1 has 25 plates, one more than a Raspberry Pi is promised to read.
    assert count(ways["hx711"])["raspberry_pi"] == count(ways["nau7802"])["raspberry_pi"] == 4
    assert count(ways["hx711"])["hx711"] == 66


def test_its_hard_cases_are_warned_of_and_what_was_built_to_be_told_apart_is_not(planned: dict[str, Any]) -> None:
    found = {(finding["kind"], *finding["positions"]) for finding in planned["findings"]}
    assert ("unsensed", "front-d1-p1") in found
    assert ("tie", "b1-s2-p3", "b1-s2-p4") in found
    assert not any("b2-s2-p1" in places and "b2-s2-p2" in places for _, *places in found)
    assert not any(kind in {"too_light", "overload", "blind", "no_weight"} for kind, *_ in found)
    assert len(found) < 30


def test_people_get_tables_and_sentences_with_what_to_do(shop: Scenario) -> None:
    told = liveshelf("plan", shop.planogram, "--catalog", shop.catalog)
    assert (told.returncode, told.stderr) == (0, "")
    assert "73 positions, 66 plates" in told.stdout
    assert "TCA9548A multiplexer board, 8 channels" in told.stdout
    assert "  - front-d1-p1 (CHOC-GIFT-200) has neither plate nor zone: people must count it" in told.stdout


def test_a_day_between_two_picks_is_harder_on_the_scales(shop: Scenario) -> None:
    def lightest(hours: str) -> int:
        told = liveshelf("plan", shop.planogram, "--catalog", shop.catalog, "--json", "--hours", hours)
        return sum(finding["kind"] == "shaky" for finding in json.loads(told.stdout)["findings"])

    assert lightest("24") >= lightest("0")


@pytest.mark.parametrize("hours", ["nan", "inf", "-1"])
def test_hours_that_are_none_are_refused(shop: Scenario, hours: str) -> None:
    told = liveshelf("plan", shop.planogram, "--catalog", shop.catalog, "--hours", hours)
    assert (told.returncode, told.stdout) == (2, "")
    assert "--hours" in told.stderr


def test_a_wrong_file_ends_with_2_and_names_file_line_column_and_what_was_expected(
    shop: Scenario, tmp_path: Path
) -> None:
    wrong = tmp_path / "planogram.csv"
    wrong.write_text(shop.planogram.read_text(encoding="utf-8").replace(",COLA-330,", ",COLA-33,", 1), encoding="utf-8")
    told = liveshelf("plan", wrong, "--catalog", shop.catalog)
    assert (told.returncode, told.stdout) == (2, "")
    said = "column sku: found 'COLA-33', expected a SKU of the catalogue; did you mean COLA-330?"
    assert told.stderr == f"{PREFIX}{wrong}:2: {said}\n"


def test_a_missing_file_is_one_sentence(shop: Scenario, tmp_path: Path) -> None:
    told = liveshelf("plan", tmp_path / "none.csv", "--catalog", shop.catalog)
    assert told.returncode == 2
    assert told.stderr == f"{PREFIX}{tmp_path}/none.csv: found no such file or directory, expected a file to read\n"
