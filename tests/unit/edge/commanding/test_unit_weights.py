"""Learning what one unit weighs: add n, then add 1, on scales that were calibrated."""

from __future__ import annotations

import pytest

from contract.ids import PlateId
from firmware_sim.load_cell import cell_for
from tests.fakes.fitting import CAPACITY_G, LEFT, RIGHT, SEED, Fitting

UNIT_G = 330.0


@pytest.fixture
def fitting() -> Fitting:
    cells = {plate: cell_for(SEED, plate, CAPACITY_G) for plate in (LEFT, RIGHT)}
    shop = Fitting(lines={plate: (cell.zero_count, cell.counts_per_g, 1) for plate, cell in cells.items()})
    shop.run(4.0)
    return shop


def add(fitting: Fitting, units: int, told: int | None = None, plate: PlateId = LEFT) -> dict[str, object]:
    asked = fitting.ask("unit_weight_add", units=units if told is None else told)
    fitting.run(1.0)
    fitting.lay(plate, fitting.loads_g[plate] + units * UNIT_G)
    facts: dict[str, object] = asked.answer().facts
    return facts


def test_ten_and_then_one_teach_the_weight_of_a_unit(fitting: Fitting) -> None:
    assert fitting.facts("unit_weight_begin", plates=[LEFT])["weight_g"] == pytest.approx(0.0, abs=3.0)
    first = add(fitting, 10)
    assert (first["units"], first["unit_spread_g"], first["consistent"]) == (10, None, True)
    second = add(fitting, 1)
    assert (second["units"], second["consistent"]) == (11, True)
    learned = fitting.facts("unit_weight_end")
    assert learned["units"] == 11
    assert learned["unit_weight_g"] == pytest.approx(UNIT_G, abs=3.0 * learned["uncertainty_g"])
    assert learned["uncertainty_g"] < 0.005 * UNIT_G


def test_the_plates_of_a_product_are_summed(fitting: Fitting) -> None:
    fitting.lay(RIGHT, 500.0)
    fitting.run(2.0)
    assert fitting.facts("unit_weight_begin", plates=[LEFT, RIGHT])["weight_g"] == pytest.approx(500.0, abs=5.0)
    add(fitting, 3, plate=LEFT)
    facts = add(fitting, 3, plate=RIGHT)
    assert facts["unit_weight_g"] == pytest.approx(UNIT_G, rel=0.01)


def test_units_laid_before_asking_count_as_well_and_units_taken_off_too(fitting: Fitting) -> None:
    fitting.facts("unit_weight_begin", plates=[LEFT])
    fitting.lay(LEFT, 5 * UNIT_G)
    fitting.run(3.0)
    assert fitting.facts("unit_weight_add", units=5)["unit_weight_g"] == pytest.approx(UNIT_G, rel=0.01)
    assert add(fitting, -2)["units"] == 3


def test_a_miscount_is_said_at_once(fitting: Fitting) -> None:
    fitting.facts("unit_weight_begin", plates=[LEFT])
    add(fitting, 9, told=10)
    assert add(fitting, 1)["consistent"] is False


def test_a_neighbour_of_the_plates_is_not_weighed_with_them(fitting: Fitting) -> None:
    fitting.lay(RIGHT, 4_000.0)
    fitting.run(3.0)
    assert fitting.facts("unit_weight_begin", plates=[LEFT])["weight_g"] == pytest.approx(0.0, abs=5.0)
    fitting.lay(RIGHT, 0.0)
    assert add(fitting, 2)["unit_weight_g"] == pytest.approx(UNIT_G, rel=0.01)


@pytest.mark.parametrize("units", [0, 1.5, "two", None, 10_001])
def test_what_is_no_number_of_units_is_refused(fitting: Fitting, units: object) -> None:
    fitting.facts("unit_weight_begin", plates=[LEFT])
    refused = fitting.tell("unit_weight_add", units=units)
    assert (refused.facts["code"], refused.facts["field"]) == ("wrong_argument", "units")


def test_without_a_beginning_there_is_nothing_to_add_to_or_to_end(fitting: Fitting) -> None:
    assert fitting.tell("unit_weight_add", units=1).facts["code"] == "no_session"
    assert fitting.tell("unit_weight_end").facts["code"] == "no_session"
    fitting.facts("unit_weight_begin", plates=[LEFT])
    assert fitting.tell("unit_weight_end").facts["code"] == "refused"


def test_goods_too_light_to_sense_are_said_so(fitting: Fitting) -> None:
    fitting.facts("unit_weight_begin", plates=[LEFT])
    fitting.lay(LEFT, 0.2)
    assert fitting.tell("unit_weight_add", units=1).facts["code"] == "no_change"


def test_units_taken_where_units_were_to_be_put_are_not_counted(fitting: Fitting) -> None:
    fitting.lay(LEFT, 5 * UNIT_G)
    fitting.run(2.0)
    fitting.facts("unit_weight_begin", plates=[LEFT])
    fitting.lay(LEFT, 3 * UNIT_G)
    assert fitting.tell("unit_weight_add", units=2).facts["code"] == "no_change"


def test_a_plate_that_gets_another_line_meanwhile_ends_it(fitting: Fitting) -> None:
    fitting.facts("unit_weight_begin", plates=[LEFT])
    fitting.facts("calibration_restore", plate=LEFT, by="Ada", zero_count=0.0, counts_per_g=200.0)
    assert fitting.tell("unit_weight_add", units=1).facts["code"] == "no_session"


def test_whoever_begins_anew_ends_what_waits(fitting: Fitting) -> None:
    fitting.facts("unit_weight_begin", plates=[LEFT])
    waiting = fitting.ask("unit_weight_add", units=1)
    fitting.facts("unit_weight_begin", plates=[RIGHT])
    assert waiting.answer().facts["code"] == "ended"
