"""The parts list: every plate carries its goods, and no Raspberry Pi is asked for more than it can do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveshelf.planning.goods import Stand
from liveshelf.planning.parts import CHANNELS, PINS, PLATES_MAX, SPI_BUSES, Way
from liveshelf.planning.plan import StorePlan, plan_store
from liveshelf.planning.scales import CELLS_G, cell_for, goods_room_g
from tests.unit.liveshelf.planning.planned import stand


def bay(plates: int, name: str = "b1", zones: str = "") -> list[Stand]:
    return [stand(f"{name}-p{number}", bay=name, zones=zones) for number in range(plates)]


def way(made: StorePlan, connection: str) -> Way:
    return next(one for one in made.ways if one.connection == connection)


def number(made: StorePlan | Way, part: str) -> int:
    return sum(one.count for one in made.parts if one.part == part)


@pytest.mark.parametrize(
    ("goods_g", "cell_g"), [(0.0, 3_000.0), (500.0, 3_000.0), (501.0, 5_000.0), (8_300.0, 20_000.0), (47_501.0, None)]
)
def test_the_smallest_cell_that_carries_plate_goods_and_a_hand_is_taken(goods_g: float, cell_g: float | None) -> None:
    assert cell_for(goods_g) == cell_g


@given(goods_g=st.floats(0.0, 60_000.0), more_g=st.floats(0.0, 60_000.0))
def test_more_goods_never_stand_on_a_smaller_cell(goods_g: float, more_g: float) -> None:
    cell_g, larger_g = cell_for(goods_g), cell_for(goods_g + more_g)
    assert larger_g is None or (cell_g is not None and cell_g <= larger_g)
    assert (cell_g is None) == (goods_g > goods_room_g())


@given(plates=st.lists(st.integers(0, 70), min_size=1, max_size=4))
def test_every_plate_hangs_on_one_board_and_no_board_on_more_than_it_reads(plates: list[int]) -> None:
    goods = [one for index, count in enumerate(plates) for one in bay(count, f"b{index}")]
    made = plan_store(goods)
    for one in made.ways:
        assert sorted(plate for pi in one.pis for plate in pi.plates) == sorted(scale.plate for scale in made.scales)
        assert all(pi.used <= pi.available and len(pi.plates) <= PLATES_MAX for pi in one.pis)
        assert number(one, "raspberry_pi") == len(one.pis)
    assert number(made, "plate") == sum(plates)


def test_a_full_board_has_24_plates_on_one_clock() -> None:
    (pi,) = way(plan_store(bay(24)), "hx711").pis
    assert (pi.used, pi.available) == (25, PINS)
    assert [len(pi.plates) for pi in way(plan_store(bay(25)), "hx711").pis] == [12, 13]


def test_every_eight_nau7802_take_a_multiplexer() -> None:
    made = way(plan_store(bay(CHANNELS * 2 + 1)), "nau7802")
    assert (number(made, "nau7802"), number(made, "tca9548a"), number(made, "raspberry_pi")) == (17, 3, 1)


def test_an_spi_bus_has_one_hx711() -> None:
    assert number(way(plan_store(bay(SPI_BUSES)), "hx711_spi"), "raspberry_pi") == 1
    assert number(way(plan_store(bay(SPI_BUSES + 1)), "hx711_spi"), "raspberry_pi") == 2


def test_bays_share_no_board_and_a_bay_with_tags_alone_has_one() -> None:
    rail = stand("rail", bay="b3", plates="", zones="z1")
    assert [pi.bay for pi in way(plan_store([*bay(2), *bay(2, "b2"), rail]), "nau7802").pis] == ["b1", "b2", "b3"]


def test_a_zone_is_one_antenna_whoever_stands_in_it() -> None:
    made = plan_store([stand(f"p{number}", bay="b1", plates="", zones=f"z{number % 5} z0") for number in range(20)])
    assert (number(made, "antenna"), number(made, "reader_port"), number(made, "reader")) == (5, 5, 2)


def test_two_products_on_a_plate_load_it_together_and_two_plates_share_a_product() -> None:
    shared = plan_store([stand("p1", plates="l1", capacity=10), stand("p2", plates="l1", capacity=20)])
    assert [(scale.plate, scale.goods_g) for scale in shared.scales] == [("l1", 9_000.0)]
    wide = plan_store([stand(plates="l1 l2", capacity=10)])
    assert [scale.goods_g for scale in wide.scales] == [1_500.0, 1_500.0]


def test_no_cell_is_chosen_before_everything_on_the_plate_has_a_weight() -> None:
    made = plan_store([stand("p1", plates="l1", weight_g=None), stand("p2", plates="l1")])
    assert [scale.cell_g for scale in made.scales] == [None]
    assert number(made, "load_cell_open") == 1
    assert not any(part.part.endswith("_kg") for part in made.parts)


def test_a_shop_without_sensors_needs_no_parts() -> None:
    made = plan_store([stand(plates="")])
    assert (made.parts, made.ways, made.scales) == ((), (), ())


def test_cells_are_listed_from_small_to_large() -> None:
    goods = [stand("p1", weight_g=2_000.0), stand("p2", weight_g=30.0, capacity=5), stand("p3", weight_g=400.0)]
    cells = [part.part for part in plan_store(goods).parts if part.part.startswith("load_cell")]
    assert cells == ["load_cell_3_kg", "load_cell_10_kg", "load_cell_50_kg"]
    assert sorted(CELLS_G) == list(CELLS_G)
