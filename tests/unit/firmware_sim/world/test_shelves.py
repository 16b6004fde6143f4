"""What plates and antennas feel."""

from __future__ import annotations

from random import Random

import pytest

from firmware_sim.world.behaviour import Behaviour
from firmware_sim.world.configuration import PlateFacts, PositionFacts, ProductFacts, WorldConfiguration
from firmware_sim.world.goods import Goods
from firmware_sim.world.shelves import Shelves


def _position(name: str, sku: str, *plates: str, zones: tuple[str, ...] = ()) -> PositionFacts:
    return PositionFacts(position=name, sku=sku, shelf="s1", plates=plates, zones=zones, capacity=10, units=4)


def _world() -> WorldConfiguration:
    products = [
        ProductFacts(sku=sku, gtin="9520001000010", mean_g=mean_g, spread_g=0.0, tagged=tagged, demand=1.0)
        for sku, mean_g, tagged in (("A", 100.0, False), ("B", 300.0, False), ("C", 1000.0, False), ("D", 50.0, True))
    ]
    return WorldConfiguration(
        store="shop",
        seed=1,
        socket="world.sock",
        devices=("bay-1",),
        products=tuple(products),
        plates=tuple(PlateFacts(plate=plate, shelf="s1", capacity_g=10_000.0) for plate in ("l1", "l2", "l3", "l4")),
        positions=(
            _position("p1", "A", "l1"),
            _position("p2", "B", "l1"),
            _position("p3", "C", "l2", "l3"),
            _position("p4", "D", "l4", zones=("z1",)),
        ),
        backroom={},
        behaviour=Behaviour(),
    )


@pytest.fixture
def goods() -> Goods:
    return Goods(_world(), Random(1))


@pytest.fixture
def shelves(goods: Goods) -> Shelves:
    return Shelves(_world(), goods)


def test_two_products_on_one_plate_weigh_together(shelves: Shelves) -> None:
    assert shelves.load_g("l1") == pytest.approx(4 * 100.0 + 4 * 300.0)


def test_a_product_over_two_plates_loads_both(shelves: Shelves) -> None:
    left_g, right_g = shelves.load_g("l2"), shelves.load_g("l3")
    assert left_g + right_g == pytest.approx(4000.0, abs=0.02)
    assert min(left_g, right_g) > 800.0


def test_neighbours_take_a_share_of_a_push_and_the_shelf_as_a_whole_feels_all_of_it(shelves: Shelves) -> None:
    before_g = {plate: shelves.load_g(plate) for plate in shelves.plates}
    hand = shelves.reach("p3", crosstalk=0.02)
    shelves.press(hand, 200.0)
    added_g = {plate: shelves.load_g(plate) - before_g[plate] for plate in shelves.plates}
    assert added_g["l1"] == pytest.approx(2.0, abs=0.02)
    assert added_g["l4"] == pytest.approx(2.0, abs=0.02)
    assert sum(added_g.values()) == pytest.approx(200.0, abs=0.05)


def test_goods_lifted_by_a_hand_tug_at_the_neighbours_until_the_hand_has_left(shelves: Shelves, goods: Goods) -> None:
    hand = shelves.reach("p2", crosstalk=0.03)
    neighbour_g = shelves.load_g("l2")
    assert goods.lift("p2", "B", "shopper") is not None
    shelves.press(hand, 0.0)
    assert shelves.load_g("l2") == pytest.approx(neighbour_g - 9.0, abs=0.02)
    shelves.leave(hand)
    assert shelves.load_g("l2") == neighbour_g
    assert shelves.load_g("l1") == pytest.approx(4 * 100.0 + 3 * 300.0)


def test_only_what_a_hand_could_change_is_told(shelves: Shelves) -> None:
    assert not shelves.changes()
    shelves.press(shelves.reach("p1", crosstalk=0.02), 50.0)
    assert set(shelves.changes().loads) == {"l1", "l2"}
    assert not shelves.changes()


def test_a_picked_tag_is_gone_from_its_zone(shelves: Shelves, goods: Goods) -> None:
    unit = goods.lift("p4", "D", "shopper")
    assert unit is not None
    assert len(shelves.tags_in("z1")) == 3
    assert unit.epc not in shelves.tags_in("z1")


def test_a_snapshot_leaves_out_plates_the_shop_does_not_have(shelves: Shelves) -> None:
    snapshot = shelves.snapshot(["l1", "l9"], ["z1", "z9"])
    assert set(snapshot.loads) == {"l1"}
    assert set(snapshot.tags) == {"z1"}
