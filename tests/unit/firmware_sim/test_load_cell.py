"""Cells are drawn from what their makers allow, the same in every process."""

from __future__ import annotations

import statistics

import pytest

from firmware_sim.hx711 import CODE_MAX
from firmware_sim.load_cell import cell_for

CELLS = [cell_for(7, f"b{bay}-s{shelf}-l{lane}") for bay in range(10) for shelf in range(5) for lane in range(6)]


def test_a_plate_has_the_same_cell_in_every_process() -> None:
    cell = cell_for(7, "b1-s1-l1", 10_000.0)
    assert cell == cell_for(7, "b1-s1-l1", 10_000.0)
    assert (round(cell.zero_count), round(cell.counts_per_g, 3)) == (30_973, 217.116)


@pytest.mark.parametrize(("seed", "plate"), [(8, "b1-s1-l1"), (7, "b1-s1-l2")])
def test_another_seed_or_plate_is_another_cell(seed: int, plate: str) -> None:
    assert cell_for(seed, plate).zero_count != cell_for(7, "b1-s1-l1").zero_count


def test_gain_lies_within_the_tolerance_of_the_rated_output() -> None:
    gains = [cell.counts_per_g for cell in CELLS]
    assert 182.5 <= min(gains) < 190.0
    assert 240.0 < max(gains) <= 247.0
    assert statistics.mean(gains) == pytest.approx(214.75, rel=0.02)


def test_zero_lies_within_the_zero_balance_of_the_data_sheet() -> None:
    zeros = [cell.zero_count for cell in CELLS]
    assert max(map(abs, zeros)) <= 214_749
    assert min(zeros) < -190_000
    assert max(zeros) > 190_000


def test_no_cell_saturates_its_converter_at_its_capacity() -> None:
    assert all(cell.zero_count + 1.5 * cell.capacity_g * cell.counts_per_g < CODE_MAX for cell in CELLS)


@pytest.mark.parametrize("capacity_g", [500.0, 10_000.0, 50_000.0])
def test_faults_scale_with_the_capacity(capacity_g: float) -> None:
    cells = [cell_for(7, f"p{number}", capacity_g) for number in range(100)]
    assert all(abs(cell.non_linearity_g) <= 0.0005 * capacity_g for cell in cells)
    assert all(0.00002 * capacity_g <= abs(cell.zero_g_per_c) <= 0.00005 * capacity_g for cell in cells)
    assert {cell.zero_g_per_c > 0.0 for cell in cells} == {True, False}


@pytest.mark.parametrize("name", ["creep_share", "span_share_per_c", "non_linearity_g"])
def test_what_a_limit_allows_is_drawn_on_both_sides(name: str) -> None:
    values = [getattr(cell, name) for cell in CELLS]
    assert min(values) < 0.0 < max(values)


def test_a_plate_without_capacity_is_refused() -> None:
    with pytest.raises(ValueError, match=r"capacity_g of plate p: found 0\.0, expected more than 0"):
        cell_for(7, "p", 0.0)
