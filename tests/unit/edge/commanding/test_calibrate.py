"""Calibrating a plate: simulated cells, the driver that clocks their bits, a desk, and hands that lay masses on."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from contract.ids import PlateId
from contract.records import WeightRecord
from edge.calibrating.session import FORGOTTEN_MS
from edge.commanding.calibrate import HOLD_MS
from firmware_sim.load_cell import LoadCell
from tests.fakes.fitting import CAPACITY_G, LEFT, RIGHT, Fitting, KeptInMemory, special

POINT_MS = 3_000
"""What a person waits for a point at 10 samples a second, once the mass lies still."""


@pytest.fixture
def fitting() -> Fitting:
    shop = Fitting()
    shop.run(4.0)
    return shop


def code_of(fitting: Fitting, op: str, **args: object) -> object:
    result = fitting.tell(op, **args)
    assert not result.ok, result
    return result.facts["code"]


def test_a_new_plate_weighs_rightly_after_two_points_and_a_third_mass(fitting: Fitting) -> None:
    sheet = fitting.calibrate(LEFT)
    assert (sheet["version"], sheet["passed"], sheet["remarks"], sheet["by"]) == (2, True, (), "Ada")
    assert [point["mass_g"] for point in sheet["points"]] == [0.0, 2_000.0]
    assert sheet["check"]["mass_g"] == 1_000.0
    cell = fitting.cells[LEFT]
    assert sheet["counts_per_g"] == pytest.approx(cell.counts_per_g, rel=0.003)
    for load_g in (0.0, 538.0, 4_000.0):
        fitting.lay(LEFT, load_g)
        fitting.run(2.0)
        assert fitting.weigh(LEFT) == pytest.approx(load_g, abs=0.001 * CAPACITY_G)


@pytest.mark.parametrize("rate_sps", [10.0, 80.0])
@pytest.mark.parametrize("before", [True, False])
def test_a_point_takes_at_most_three_seconds_whether_the_mass_is_laid_before_or_after_asking(
    rate_sps: float, before: bool
) -> None:
    fitting = Fitting(rate_sps=rate_sps)
    fitting.run(4.0)
    asked_ms = fitting.clock.mono_ms()
    fitting.facts("calibration_begin", plate=LEFT)
    assert fitting.clock.mono_ms() - asked_ms <= POINT_MS
    if before:
        fitting.lay(LEFT, 2_000.0)
        asked = fitting.ask("calibration_mass", plate=LEFT, mass_g=2_000.0)
    else:
        asked = fitting.ask("calibration_mass", plate=LEFT, mass_g=2_000.0)
        fitting.run(12.0)
        assert not asked.answers
        fitting.lay(LEFT, 2_000.0)
    laid_ms = fitting.clock.mono_ms()
    assert asked.answer().facts["counts_per_g"] == pytest.approx(fitting.cells[LEFT].counts_per_g, rel=0.003)
    assert fitting.clock.mono_ms() - laid_ms <= POINT_MS


def test_a_cell_wired_the_other_way_round_is_calibrated_all_the_same() -> None:
    fitting = Fitting({LEFT: special(LEFT, counts_per_g=-215.0)})
    fitting.run(4.0)
    sheet = fitting.calibrate(LEFT)
    assert (sheet["passed"], sheet["remarks"]) == (True, ("negative_gain",))
    fitting.lay(LEFT, 3_000.0)
    fitting.run(2.0)
    assert fitting.weigh(LEFT) == pytest.approx(3_000.0, abs=10.0)


def test_a_hand_that_rests_on_the_shelf_is_waited_for(fitting: Fitting) -> None:
    draw, force_g = random.Random(1), [300.0]

    def hand(_at_ms: float) -> float:
        force_g[0] += draw.gauss(0.0, 3.0) + 0.05 * (300.0 - force_g[0])
        return force_g[0]

    fitting.facts("calibration_begin", plate=LEFT)
    fitting.hands[LEFT] = hand
    asked = fitting.ask("calibration_mass", plate=LEFT, mass_g=2_000.0)
    fitting.lay(LEFT, 2_000.0)
    fitting.run(20.0)
    assert not asked.answers
    fitting.hands.clear()
    assert asked.answer().facts["counts_per_g"] == pytest.approx(fitting.cells[LEFT].counts_per_g, rel=0.003)


def test_a_hand_on_the_plate_beside_it_is_waited_for_too(fitting: Fitting) -> None:
    draw = random.Random(1)
    fitting.hands[RIGHT] = lambda _at_ms: 500.0 + draw.gauss(0.0, 20.0)
    asked = fitting.ask("calibration_begin", plate=LEFT)
    fitting.run(10.0)
    assert not asked.answers
    fitting.hands.clear()
    assert asked.answer().ok


def test_a_neighbour_that_is_not_plugged_in_yet_is_not_waited_for(fitting: Fitting) -> None:
    fitting.pull_plug(RIGHT)
    fitting.run(1.0)
    assert fitting.calibrate(LEFT)["passed"]


def test_a_stocked_shelf_is_fitted_without_unloading_it(fitting: Fitting) -> None:
    fitting.lay(LEFT, 6_000.0)
    sheet = fitting.calibrate(LEFT, goods_g=6_000.0)
    assert (sheet["passed"], sheet["remarks"], sheet["goods_g"]) == (True, ("stocked",), 6_000.0)
    fitting.run(5.0)
    assert fitting.weigh(LEFT) == pytest.approx(6_000.0, abs=5.0)
    fitting.lay(LEFT, 0.0)
    fitting.run(3.0)
    assert fitting.weigh(LEFT) == pytest.approx(0.0, abs=15.0)  # the cell bends by 4 g, and creeps


def test_goods_serve_as_masses_and_say_how_far_they_may_be_off(fitting: Fitting) -> None:
    fitting.facts("calibration_begin", plate=LEFT)
    fitting.lay(LEFT, 1_000.0)
    exact = fitting.facts("calibration_mass", plate=LEFT, mass_g=1_000.0)
    rough = fitting.facts("calibration_mass", plate=LEFT, mass_g=1_000.0, mass_error_g=15.0)
    assert exact["uncertainty_share"] < 0.001
    assert rough["uncertainty_share"] == pytest.approx(0.015 / 3**0.5, rel=0.01)


@pytest.mark.parametrize(("bend_g", "mass_g"), [(60.0, 5_000.0), (150.0, 2_000.0), (-150.0, 2_000.0)])
def test_a_bent_cell_does_not_pass(bend_g: float, mass_g: float) -> None:
    fitting = Fitting({LEFT: special(LEFT, non_linearity_g=bend_g)})
    fitting.run(4.0)
    sheet = fitting.calibrate(LEFT, mass_g, mass_g / 2.0)
    assert (sheet["passed"], sheet["remarks"]) == (False, ("check_failed",))
    assert abs(sheet["check"]["error_g"]) > sheet["check"]["limit_g"]


def test_without_a_third_mass_a_line_holds_but_has_not_passed(fitting: Fitting) -> None:
    fitting.facts("calibration_begin", plate=LEFT)
    fitting.lay(LEFT, 2_000.0)
    fitting.facts("calibration_mass", plate=LEFT, mass_g=2_000.0)
    sheet = fitting.facts("calibration_accept", plate=LEFT, by="Ada")["sheet"]
    assert (sheet["passed"], sheet["remarks"], sheet["check"]) == (False, ("not_checked",), None)
    assert fitting.bay.calibration(LEFT).version == 2


def test_kilograms_told_as_grams_are_refused_at_once_and_corrected_without_lifting_the_mass(fitting: Fitting) -> None:
    fitting.facts("calibration_begin", plate=LEFT)
    fitting.lay(LEFT, 2_000.0)
    refused = fitting.tell("calibration_mass", plate=LEFT, mass_g=2)
    assert (refused.facts["code"], refused.facts["field"]) == ("wrong_argument", "mass_g")
    assert "no cell of 10000 g gives" in refused.detail
    corrected = fitting.facts("calibration_mass", plate=LEFT, mass_g=2_000.0)
    assert corrected["counts_per_g"] == pytest.approx(fitting.cells[LEFT].counts_per_g, rel=0.003)


@pytest.mark.parametrize("told_g", [1_500.0, 2_000.0])
def test_a_mass_measured_again_takes_the_place_of_the_first_time(fitting: Fitting, told_g: float) -> None:
    fitting.facts("calibration_begin", plate=LEFT)
    fitting.lay(LEFT, 1_200.0)
    fitting.facts("calibration_mass", plate=LEFT, mass_g=told_g)
    fitting.lay(LEFT, 2_000.0)
    fitting.run(0.5)
    again = fitting.facts("calibration_mass", plate=LEFT, mass_g=2_000.0)
    assert again["counts_per_g"] == pytest.approx(fitting.cells[LEFT].counts_per_g, rel=0.003)


def test_another_mass_goes_into_the_line_beside_the_first(fitting: Fitting) -> None:
    fitting.facts("calibration_begin", plate=LEFT)
    fitting.lay(LEFT, 2_000.0)
    fitting.facts("calibration_mass", plate=LEFT, mass_g=2_000.0)
    asked = fitting.ask("calibration_mass", plate=LEFT, mass_g=7_000.0, another=True)
    fitting.run(4.0)
    assert not asked.answers
    fitting.lay(LEFT, 7_000.0)
    assert asked.answer().ok
    sheet = fitting.facts("calibration_accept", plate=LEFT, by="Ada")["sheet"]
    assert [point["mass_g"] for point in sheet["points"]] == [0.0, 2_000.0, 7_000.0]
    assert sheet["counts_per_g"] == pytest.approx(fitting.cells[LEFT].counts_per_g, rel=0.003)


def test_the_empty_plate_alone_moves_the_zero_and_keeps_the_gain(fitting: Fitting) -> None:
    gain = fitting.calibrate(LEFT)["counts_per_g"]
    fitting.lay(LEFT, 250.0)  # a new price rail
    fitting.run(5.0)
    sheet = fitting.facts("calibration_zero", plate=LEFT, by="Bo")["sheet"]
    assert (sheet["counts_per_g"], sheet["reason"], sheet["passed"]) == (gain, "zero", True)
    assert sheet["remarks"] == ("zero_only", "zero_moved")
    fitting.run(5.0)
    assert fitting.weigh(LEFT) == pytest.approx(0.0, abs=2.0)


def test_a_board_that_takes_another_ones_place_is_told_the_line(fitting: Fitting) -> None:
    sheet = fitting.calibrate(LEFT)
    fresh = Fitting()
    fresh.lay(LEFT, 1_500.0)
    fresh.run(4.0)
    line = {key: sheet[key] for key in ("zero_count", "counts_per_g")}
    restored = fresh.facts("calibration_restore", plate=LEFT, by="Ada", **line)["sheet"]
    assert (restored["reason"], restored["remarks"]) == ("restore", ("restored", "not_checked"))
    fresh.run(4.0)
    assert fresh.weigh(LEFT) == pytest.approx(1_500.0, abs=5.0)


def test_a_replaced_cell_gets_a_line_of_its_own_and_the_history_stays(fitting: Fitting) -> None:
    fitting.calibrate(LEFT)
    fitting.replace_cell(LEFT, special(LEFT, zero_count=-50_000.0, counts_per_g=190.0))
    fitting.run(4.0)
    assert fitting.calibrate(LEFT, reason="cell_replaced")["counts_per_g"] == pytest.approx(190.0, rel=0.003)
    sheets = fitting.facts("calibration_history", plate=LEFT)["sheets"]
    assert [(sheet["version"], sheet["reason"]) for sheet in sheets] == [(3, "cell_replaced"), (2, "new"), (1, "file")]


def test_what_was_accepted_holds_after_a_power_cut_and_what_was_not_is_gone(fitting: Fitting) -> None:
    sheet = fitting.calibrate(LEFT)
    fitting.facts("calibration_begin", plate=RIGHT)
    fitting.start()
    fitting.run(4.0)
    assert fitting.bay.calibration(LEFT).zero_count == sheet["zero_count"]
    assert fitting.bay.calibration(RIGHT).version == 1
    assert code_of(fitting, "calibration_mass", plate=RIGHT, mass_g=2_000.0) == "no_session"


def test_no_start_ever_tares(fitting: Fitting) -> None:
    fitting.calibrate(LEFT)
    for load_g in (7_000.0, 20.0):
        fitting.lay(LEFT, load_g)
        fitting.start()
        fitting.run(5.0)
        assert fitting.weigh(LEFT) == pytest.approx(load_g, abs=15.0)


def test_a_disk_that_is_full_changes_nothing_and_the_session_goes_on(fitting: Fitting) -> None:
    fitting.facts("calibration_begin", plate=LEFT)
    fitting.lay(LEFT, 2_000.0)
    fitting.facts("calibration_mass", plate=LEFT, mass_g=2_000.0)
    fitting.kept.full = True
    refused = fitting.tell("calibration_accept", plate=LEFT, by="Ada")
    assert (refused.ok, refused.facts["code"]) == (False, "refused")
    assert "No space left on device" in refused.detail
    assert fitting.bay.calibration(LEFT).version == 1
    fitting.kept.full = False
    assert fitting.facts("calibration_accept", plate=LEFT, by="Ada")["sheet"]["version"] == 2


def test_the_birth_is_told_again_with_the_new_version(fitting: Fitting) -> None:
    fitting.calibrate(LEFT)
    [plates] = fitting.births
    assert [(plate.plate, plate.calibration_version) for plate in plates] == [(LEFT, 2), (RIGHT, 1)]
    assert plates[0].counts_per_g == fitting.bay.calibration(LEFT).counts_per_g


@pytest.mark.parametrize(
    ("op", "args", "code", "field"),
    [
        ("calibration_begin", {}, "wrong_argument", "plate"),
        ("calibration_begin", {"plate": "l9"}, "unknown_plate", None),
        ("calibration_begin", {"plate": LEFT, "goods_g": -1}, "wrong_argument", "goods_g"),
        ("calibration_begin", {"plate": LEFT, "reason": "boredom"}, "wrong_argument", "reason"),
        ("calibration_mass", {"plate": LEFT, "mass_g": 2_000.0}, "no_session", None),
        ("calibration_check", {"plate": LEFT, "mass_g": 2_000.0}, "no_session", None),
        ("calibration_accept", {"plate": LEFT, "by": "Ada"}, "no_session", None),
        ("calibration_zero", {"plate": LEFT}, "wrong_argument", "by"),
        ("calibration_zero", {"plate": LEFT, "by": " "}, "wrong_argument", "by"),
        ("calibration_restore", {"plate": LEFT, "by": "Ada", "zero_count": 1.0}, "wrong_argument", "counts_per_g"),
        (
            "calibration_restore",
            {"plate": LEFT, "by": "Ada", "zero_count": 1.0, "counts_per_g": 0},
            "wrong_argument",
            "counts_per_g",
        ),
        ("calibration_history", {"plate": "l9"}, "unknown_plate", None),
    ],
)
def test_what_cannot_be_done_is_refused_and_says_why(
    fitting: Fitting, op: str, args: dict[str, object], code: str, field: str | None
) -> None:
    refused = fitting.tell(op, **args)
    assert (refused.ok, refused.facts["code"], refused.facts.get("field")) == (False, code, field)


@pytest.mark.parametrize("mass_g", [0, -5, 10_001, "2 kg", None])
def test_a_mass_no_plate_can_carry_is_refused(fitting: Fitting, mass_g: object) -> None:
    fitting.facts("calibration_begin", plate=LEFT)
    refused = fitting.tell("calibration_mass", plate=LEFT, mass_g=mass_g)
    assert (refused.facts["code"], refused.facts["field"]) == ("wrong_argument", "mass_g")


def test_the_check_wants_another_mass_than_the_line_was_made_with(fitting: Fitting) -> None:
    fitting.facts("calibration_begin", plate=LEFT)
    assert code_of(fitting, "calibration_check", plate=LEFT, mass_g=2_000.0) == "no_session"
    fitting.lay(LEFT, 2_000.0)
    fitting.facts("calibration_mass", plate=LEFT, mass_g=2_000.0)
    assert code_of(fitting, "calibration_check", plate=LEFT, mass_g=2_000) == "wrong_argument"


def test_when_nothing_is_laid_on_it_says_so_before_the_desk_gives_up(fitting: Fitting) -> None:
    fitting.facts("calibration_begin", plate=LEFT)
    assert code_of(fitting, "calibration_mass", plate=LEFT, mass_g=2_000.0) == "no_change"
    assert fitting.facts("calibration_overview")["plates"][0]["session"] is True


def test_between_the_masses_the_empty_plate_is_no_mass(fitting: Fitting) -> None:
    fitting.facts("calibration_begin", plate=LEFT)
    fitting.lay(LEFT, 2_000.0)
    fitting.facts("calibration_mass", plate=LEFT, mass_g=2_000.0)
    asked = fitting.ask("calibration_check", plate=LEFT, mass_g=1_000.0)
    fitting.run(4.0)
    fitting.lay(LEFT, 0.0)
    fitting.run(6.0)
    assert not asked.answers
    fitting.lay(LEFT, 1_000.0)
    assert asked.answer().facts["passed"]


@pytest.mark.parametrize(
    ("harm", "code"), [("plug", "no_samples"), ("overload", "saturated"), ("dead", "stuck"), ("rummage", "not_resting")]
)
def test_a_plate_that_cannot_be_measured_says_why_and_goes_on_weighing_by_its_old_line(harm: str, code: str) -> None:
    fitting = Fitting()
    draw = random.Random(1)
    match harm:
        case "plug":
            fitting.pull_plug(LEFT)
        case "overload":
            fitting.lay(LEFT, 90_000.0)
        case "dead":
            fitting.cut_the_cell_off(LEFT)
        case _:
            fitting.hands[LEFT] = lambda _at_ms: draw.gauss(400.0, 100.0)
    fitting.run(4.0)
    assert code_of(fitting, "calibration_begin", plate=LEFT) == code
    assert not fitting.facts("calibration_overview")["plates"][0]["session"]
    assert not fitting.kept.sheets[len(fitting.cells) :]
    assert fitting.bay.calibration(LEFT).version == 1


def test_whoever_asks_again_takes_the_place_of_who_waits(fitting: Fitting) -> None:
    fitting.facts("calibration_begin", plate=LEFT)
    first = fitting.ask("calibration_mass", plate=LEFT, mass_g=2_000.0)
    fitting.run(1.0)
    second = fitting.ask("calibration_mass", plate=LEFT, mass_g=1_000.0)
    assert first.answer().facts["code"] == "ended"
    fitting.lay(LEFT, 1_000.0)
    assert second.answer().ok
    third = fitting.ask("calibration_check", plate=LEFT, mass_g=500.0)
    fitting.run(1.0)
    assert fitting.tell("calibration_abandon", plate=LEFT).ok
    assert third.answer().facts["code"] == "ended"


def test_a_session_nobody_went_on_with_is_forgotten(fitting: Fitting) -> None:
    fitting.facts("calibration_begin", plate=LEFT)
    fitting.clock.advance(FORGOTTEN_MS / 1000.0)
    assert code_of(fitting, "calibration_mass", plate=LEFT, mass_g=2_000.0) == "no_session"


def test_two_plates_are_calibrated_side_by_side(fitting: Fitting) -> None:
    fitting.facts("calibration_begin", plate=LEFT)
    fitting.facts("calibration_begin", plate=RIGHT)
    for plate in (LEFT, RIGHT):
        fitting.lay(plate, 2_000.0)
        fitting.facts("calibration_mass", plate=plate, mass_g=2_000.0)
    versions = [
        fitting.facts("calibration_accept", plate=plate, by="Ada")["sheet"]["version"] for plate in (LEFT, RIGHT)
    ]
    assert versions == [2, 2]


def weights(fitting: Fitting, plate: PlateId) -> list[tuple[str, str]]:
    return [
        (record.kind, record.quality)
        for record in fitting.records
        if isinstance(record, WeightRecord) and record.plate == plate
    ]


def calibrated(*plates: PlateId) -> dict[PlateId, tuple[float, float, int]]:
    cells = {plate: special(plate) for plate in plates}
    return {plate: (cell.zero_count, cell.counts_per_g, 1) for plate, cell in cells.items()}


def test_masses_make_no_record_but_that_the_plate_is_not_to_be_believed() -> None:
    fitting = Fitting(lines=calibrated(LEFT, RIGHT))
    fitting.run(6.0)
    fitting.records.clear()
    fitting.calibrate(LEFT)
    assert weights(fitting, LEFT) == [("heartbeat", "starting")]
    assert weights(fitting, RIGHT) == []
    fitting.run(6.0)
    assert weights(fitting, LEFT)[1:] == [("heartbeat", "ok")]


def test_what_is_taken_beside_it_meanwhile_is_a_step_when_the_session_is_over() -> None:
    fitting = Fitting(lines=calibrated(LEFT, RIGHT))
    fitting.lay(RIGHT, 1_400.0)
    fitting.run(6.0)
    fitting.facts("calibration_begin", plate=LEFT)
    fitting.lay(RIGHT, 1_050.0)
    fitting.run(5.0)
    assert ("step", "ok") not in weights(fitting, RIGHT)
    fitting.tell("calibration_abandon", plate=LEFT)
    steps = [record for record in fitting.run(6.0) if isinstance(record, WeightRecord) and record.kind == "step"]
    by_plate = {step.plate: step for step in steps}
    assert by_plate[RIGHT].before_g == pytest.approx(1_400.0, abs=5.0)
    assert by_plate[RIGHT].weight_g == pytest.approx(1_050.0, abs=5.0)
    assert by_plate[LEFT].before_g is None


def test_a_session_somebody_left_open_keeps_the_shelf_silent_for_ten_minutes_and_no_longer() -> None:
    fitting = Fitting({LEFT: special(LEFT)}, lines=calibrated(LEFT))
    fitting.run(6.0)
    fitting.facts("calibration_begin", plate=LEFT)
    fitting.records.clear()
    fitting.run(HOLD_MS / 1000.0 - 5.0)
    assert not weights(fitting, LEFT)
    fitting.run(15.0)
    assert weights(fitting, LEFT) == [("heartbeat", "ok")]
    assert fitting.bay.quality(LEFT) == "ok"


def test_a_device_without_a_store_is_calibrated_before_anybody_adopts_it() -> None:
    fitting = Fitting(store="_new")
    fitting.run(4.0)
    assert fitting.calibrate(LEFT)["passed"]
    assert not fitting.records


def test_a_line_that_changed_while_the_agent_was_away_is_told_as_a_plate_that_begins_anew() -> None:
    kept = KeptInMemory()
    Fitting(kept=kept, lines=calibrated(LEFT, RIGHT)).run(5.0)
    edited = {**calibrated(LEFT, RIGHT), LEFT: (0.0, 200.0, 1)}
    fitting = Fitting(kept=kept, lines=edited)
    fitting.run(6.0)
    assert weights(fitting, LEFT)[0] == ("heartbeat", "starting")
    assert weights(fitting, RIGHT) == [("heartbeat", "ok")]


def bent(cell: LoadCell, share: float) -> LoadCell:
    return replace(cell, non_linearity_g=share * CAPACITY_G)


@pytest.mark.parametrize("share", [-0.0005, 0.0005])
def test_a_cell_as_good_as_its_data_sheet_passes(share: float) -> None:
    fitting = Fitting({LEFT: bent(special(LEFT), share)})
    fitting.run(4.0)
    for mass_g in (2_000.0, 5_000.0, 9_000.0):
        assert fitting.calibrate(LEFT, mass_g, mass_g / 2.0)["passed"]
    assert fitting.calibrate(LEFT, 1_000.0, 2_000.0)["passed"]
