"""The agent's wires simulate the very cells the installer of the scenario calibrated."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from firmware_sim.bay_options import read_options
from firmware_sim.load_cell import cell_for
from firmware_sim.scenario.corner_shop import write_corner_shop


def test_every_plate_of_the_corner_shop_is_calibrated_for_the_cell_under_it(tmp_path: Path) -> None:
    scenario = write_corner_shop(
        tmp_path, seed=7, broker_url="mqtt://127.0.0.1:1883", socket_path=tmp_path / "world.sock", data_dir=tmp_path
    )
    capacities_g = set()
    for path in scenario.edge.values():
        edge = tomllib.loads(path.read_text(encoding="utf-8"))
        options = read_options(edge["hardware_options"])
        for plate in edge["plates"]:
            cell = cell_for(options.seed, plate["plate"], options.capacity_of(plate["plate"]))
            capacities_g.add(cell.capacity_g)
            assert plate["counts_per_g"] == pytest.approx(cell.counts_per_g, rel=0.01)
            assert plate["zero_count"] == pytest.approx(cell.zero_count, abs=5.0 * cell.counts_per_g)
    assert len(capacities_g) > 1, "plates of several capacities, or this test shows nothing"
