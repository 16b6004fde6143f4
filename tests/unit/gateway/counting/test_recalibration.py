"""A plate that gets another line: what its agent says then is no pick, no put-back, no sweep and no loss of stock.

Bits of simulated cells come in, and the real counting hears what the real agent says of them.
"""

from __future__ import annotations

import pytest

from contract.records import WeightRecord
from firmware_sim.load_cell import cell_for
from tests.fakes.fitting import CAPACITY_G, LEFT, RIGHT, SEED, Fitting
from tests.unit.gateway.counting.shop import Shop, place

COLA, BUN = place("cola", LEFT, weight_g=500.0, spread_g=3.0), place("bun", RIGHT, weight_g=350.0, spread_g=3.0)
COLAS, BUNS = 12, 9


class CountedFitting:
    """A bay whose lines may be wrong, stocked, and the counting that hears it."""

    def __init__(self, *, gain: float = 1.0, zero_g: float = 0.0, right_gain: float = 1.0) -> None:
        cells = {plate: cell_for(SEED, plate, CAPACITY_G) for plate in (LEFT, RIGHT)}
        wrong = {LEFT: (gain, zero_g), RIGHT: (right_gain, 0.0)}
        lines = {
            plate: (cell.zero_count + wrong[plate][1] * cell.counts_per_g, cell.counts_per_g * wrong[plate][0], 1)
            for plate, cell in cells.items()
        }
        self.fitting = Fitting(lines=lines)
        self.shop = Shop.of(COLA, BUN)
        self.stock(COLAS, BUNS)
        self.run(40.0)

    def stock(self, colas: int, buns: int) -> None:
        self.fitting.lay(LEFT, 500.0 * colas)
        self.fitting.lay(RIGHT, 350.0 * buns)

    def run(self, seconds: float) -> None:
        self.fitting.run(seconds)
        self.hear()

    def hear(self) -> None:
        for record in self.fitting.records:
            if isinstance(record, WeightRecord):
                self.shop.hear([record])
        self.fitting.records.clear()


@pytest.mark.parametrize(("gain", "zero_g"), [(1.05, 0.0), (0.95, 0.0), (1.0, 700.0), (1.0, -700.0), (1.1, 4_000.0)])
def test_a_stocked_plate_that_is_calibrated_loses_and_gains_nothing(gain: float, zero_g: float) -> None:
    counted = CountedFitting(gain=gain, zero_g=zero_g)
    before = counted.fitting.weigh(LEFT)
    counted.fitting.calibrate(LEFT, goods_g=500.0 * COLAS)
    counted.run(40.0)
    assert abs(counted.fitting.weigh(LEFT) - before) > 200.0  # it weighs otherwise indeed
    assert counted.shop.events == []
    assert (counted.shop.units("cola"), counted.shop.units("bun")) == (COLAS, BUNS)
    assert not counted.shop.quantities["cola"].frozen


def test_picks_are_counted_again_as_soon_as_it_is_over() -> None:
    counted = CountedFitting(gain=1.05)
    counted.fitting.calibrate(LEFT, goods_g=500.0 * COLAS)
    counted.run(40.0)
    counted.stock(COLAS - 2, BUNS)
    counted.run(6.0)
    assert counted.shop.what_happened() == [("cola", "pick", 2)]
    assert counted.shop.units("cola") == COLAS - 2


def test_meanwhile_the_quantity_stands_still_and_is_known_to() -> None:
    counted = CountedFitting()
    counted.fitting.facts("calibration_begin", plate=LEFT, goods_g=500.0 * COLAS)
    counted.hear()
    assert counted.shop.quantities["cola"].frozen
    assert counted.shop.units("cola") == COLAS


def test_the_plate_is_emptied_for_it_and_filled_again_without_a_sweep_or_a_refill() -> None:
    counted = CountedFitting(gain=1.05)
    counted.fitting.facts("calibration_begin", plate=LEFT, goods_g=500.0 * COLAS)
    counted.stock(0, BUNS)
    counted.run(5.0)
    counted.fitting.calibrate(LEFT)
    counted.stock(COLAS, BUNS)
    counted.run(40.0)
    assert counted.shop.events == []
    assert counted.shop.units("cola") == COLAS


def test_a_pick_beside_it_is_counted_when_it_is_over() -> None:
    counted = CountedFitting()
    counted.fitting.facts("calibration_begin", plate=LEFT, goods_g=500.0 * COLAS)
    counted.stock(COLAS, BUNS - 1)
    counted.run(5.0)
    counted.fitting.tell("calibration_abandon", plate=LEFT)
    counted.run(40.0)
    assert counted.shop.what_happened() == [("bun", "pick", 1)]
    assert (counted.shop.units("cola"), counted.shop.units("bun")) == (COLAS, BUNS - 1)


def test_an_agent_that_is_cut_off_in_the_middle_of_it_makes_nothing_move_either() -> None:
    counted = CountedFitting(gain=1.05)
    counted.fitting.calibrate(LEFT, goods_g=500.0 * COLAS)
    counted.hear()
    counted.fitting.start()
    counted.run(40.0)
    assert counted.shop.events == []
    assert counted.shop.units("cola") == COLAS


def test_a_count_that_was_wrong_for_a_wrong_line_is_put_right_without_an_event() -> None:
    counted = CountedFitting(zero_g=2_000.0)
    assert counted.shop.units("cola") == COLAS - 4
    counted.fitting.calibrate(LEFT, goods_g=500.0 * COLAS)
    counted.run(40.0)
    assert counted.shop.events == []
    assert counted.shop.units("cola") == COLAS


def test_where_the_weight_leaves_a_choice_the_old_count_decides() -> None:
    light = place("gum", "l1", weight_g=10.0, spread_g=0.5, capacity=200)
    shop = Shop.of(light)
    shop.noise_g = 1.0
    shop.open(l1=1_000.0)
    shop.change(l1=-10.0)
    shop.weights_g["l1"] = 994.0  # of a hundred sticks less one, by a line that is off by half a stick
    held = shop.units("gum")
    shop.beat(quality={"l1": "starting"})
    shop.beat()
    assert shop.units("gum") == held
    assert shop.what_happened() == [("gum", "pick", 1)]


def test_what_was_unplugged_before_it_got_its_line_is_not_compared_either() -> None:
    shop = Shop.of(place("cola", "l1", weight_g=500.0))
    shop.open(l1=6_000.0)
    shop.beat(quality={"l1": "starting"})
    shop.beat(quality={"l1": "unplugged"})
    shop.weights_g["l1"] = 5_000.0
    shop.beat()
    assert shop.events == []
    assert shop.units("cola") == 10


def test_what_was_only_unplugged_is_compared_with_before() -> None:
    shop = Shop.of(place("cola", "l1", weight_g=500.0))
    shop.open(l1=6_000.0)
    shop.beat(quality={"l1": "unplugged"})
    shop.weights_g["l1"] = 5_000.0
    shop.beat()
    assert shop.what_happened() == [("cola", "pick", 2)]
