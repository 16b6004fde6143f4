"""A place is fitted look by look, by an agent's own bay on simulated wires: what is laid on is seen by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from msgspec import structs

from cloud.commissioning.asking import Offer
from cloud.commissioning.course import Course, Standing, UnitWeight, fresh_calibration
from cloud.commissioning.story import Bench, Looked, choose, look
from cloud.errors import DeviceSilent, LinkAway, Problem
from contract.records import CommandResult
from tests.fakes.fitting import CAPACITY_G, LEFT, RIGHT, Fitting, special

PLACE = Course(position="b1-s1-p1", bay="b1", shelf="b1-s1")
TOLERANCE_G = 15.0
"""0.1 % of 10 kg for the line, and what temperature and creep add within these minutes."""


class Installer:
    """Somebody before the fake bay who fits a place, and a page that looks."""

    def __init__(self, bay: Fitting | None = None) -> None:
        self.bay = bay or Fitting()
        self.course = PLACE
        self.looked: Looked | None = None
        self.away: type[Problem] | None = None
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.offers = [
            Offer(
                device="bay-1", plate=plate, bay="b1", shelf="b1-s1", capacity_g=CAPACITY_G, rate_sps=10.0, online=True
            )
            for plate in self.bay.cells
        ]

    async def ask(self, device: str, op: str, args: Mapping[str, Any], *, timeout_s: float) -> CommandResult:
        assert timeout_s > 0
        self.asked.append((op, args))
        if self.away is not None:
            raise self.away("away")
        assert device == "bay-1"
        return self.bay.tell(op, **args)

    def look(self) -> Looked:
        bench = Bench(ask=self.ask, offers=self.offers, by="Ada")
        self.looked = asyncio.run(look(self.course, bench))
        self.course = self.looked.course
        return self.looked

    def look_until(self, step: str, *, looks: int = 12) -> Looked:
        for _ in range(looks):
            looked = self.look()
            if self.course.step == step:
                return looked
        raise AssertionError(f"{self.course} after {looks} looks")

    def press(self, plate: str, press_g: float = 1_500.0) -> None:
        self.look()
        self.bay.hands[plate] = lambda _ms: press_g  # type: ignore[index]
        self.bay.run(1.0)
        self.look()
        self.bay.hands.clear()
        self.bay.run(1.0)

    def wish(self, **changes: Any) -> None:
        self.course = structs.replace(self.course, **changes)

    def lay(self, load_g: float) -> None:
        self.bay.lay(LEFT, load_g)
        self.bay.run(1.0)

    def found(self) -> None:
        """Press on the left plate, and see it through to where the calibration begins."""
        self.press(LEFT)
        self.look_until("load")


@pytest.fixture
def installer() -> Installer:
    return Installer()


def test_a_plate_is_found_by_the_hand_that_presses_on_it(installer: Installer) -> None:
    installer.press(RIGHT)
    assert (installer.course.device, installer.course.plate, installer.course.step) == ("bay-1", RIGHT, "wiring")
    installer.look_until("load")
    assert installer.course.pressed is not None
    assert installer.course.pressed > 0


def test_nothing_is_found_while_nobody_presses(installer: Installer) -> None:
    for _ in range(5):
        looked = installer.look()
    assert installer.course.step == "plate"
    assert set(looked.readings) == {f"bay-1/{LEFT}", f"bay-1/{RIGHT}"}


def test_a_plate_goes_on_only_when_the_hand_has_left(installer: Installer) -> None:
    installer.look()
    installer.bay.hands[LEFT] = lambda _ms: 1_500.0
    installer.bay.run(1.0)
    for _ in range(4):
        installer.look()
    assert installer.course.step == "wiring"
    assert not installer.course.released


def test_a_plate_under_another_product_is_not_watched(installer: Installer) -> None:
    installer.offers[0] = structs_free(installer.offers[0], position="b1-s1-p9")
    installer.press(LEFT)
    assert installer.course.step == "plate"


def structs_free(offer: Offer, **changes: Any) -> Offer:
    from dataclasses import replace  # noqa: PLC0415

    return replace(offer, **changes)


def test_without_a_free_plate_it_says_so_and_goes_on_when_there_is_one(installer: Installer) -> None:
    offers, installer.offers = installer.offers, []
    assert installer.look().course.trouble is not None
    assert installer.course.trouble is not None
    assert installer.course.trouble.code == "no_free_plate"
    installer.offers = offers
    assert installer.look().course.trouble is None


def test_an_empty_plate_is_calibrated_without_a_button_between_the_masses(installer: Installer) -> None:
    installer.found()
    installer.wish(wish="begin")
    installer.look_until("mass", looks=1)
    for _ in range(3):
        installer.look()
    assert installer.course.step == "mass", "nothing was laid on yet"
    installer.lay(2_000.0)
    installer.look_until("check", looks=2)
    installer.lay(0.0)
    assert installer.look().course.step == "check", "the mass is off, the next one not on yet"
    installer.lay(1_000.0)
    installer.look_until("goods", looks=3)
    assert installer.bay.book.sheets(LEFT)[0].by == "Ada"
    assert installer.course.passed
    assert installer.bay.weigh(LEFT) == pytest.approx(1_000.0, abs=TOLERANCE_G)
    assert [op for op, _ in installer.asked].count("calibration_mass") == 1


def test_a_stocked_shelf_is_fitted_without_unloading_it(installer: Installer) -> None:
    installer.lay(9 * 520.0)
    installer.found()
    installer.wish(standing=Standing(sku="tea", units=9, unit_weight_g=520.0), sku="tea", wish="begin")
    installer.look_until("mass", looks=1)
    installer.lay(9 * 520.0 + 2_000.0)
    installer.look_until("check", looks=2)
    installer.lay(9 * 520.0 + 1_000.0)
    installer.look_until("sheet", looks=3)
    assert installer.course.passed
    installer.lay(9 * 520.0)
    assert installer.bay.weigh(LEFT) == pytest.approx(9 * 520.0, abs=TOLERANCE_G)
    assert "stocked" in installer.course.remarks


def test_a_third_mass_that_is_off_waits_for_a_person(installer: Installer) -> None:
    installer = Installer(Fitting({LEFT: special(LEFT, non_linearity_g=120.0), RIGHT: special(RIGHT)}))
    installer.found()
    installer.wish(wish="begin", mass_g=5_000.0, check_g=1_000.0)
    installer.look_until("mass", looks=1)
    installer.lay(5_000.0)
    installer.look_until("check", looks=2)
    installer.lay(1_000.0)
    installer.look()
    assert installer.course.check is not None
    assert not installer.course.check.passed
    assert not installer.course.watches
    installer.wish(wish="accept")
    installer.look_until("goods", looks=1)
    assert installer.course.passed is False
    assert "check_failed" in installer.course.remarks


def test_a_mass_told_in_kilograms_is_refused_once_and_asked_again_when_something_changes(installer: Installer) -> None:
    installer.found()
    installer.wish(wish="begin", mass_g=2.0, check_g=1.0)
    installer.look_until("mass", looks=1)
    installer.lay(2_000.0)
    for _ in range(4):
        installer.look()
    assert installer.course.trouble is not None
    assert (installer.course.trouble.code, installer.course.trouble.field) == ("wrong_argument", "mass_g")
    assert [op for op, _ in installer.asked].count("calibration_mass") == 1
    installer.wish(mass_g=2_000.0, check_g=1_000.0, refused_count=None, trouble=None)
    installer.look_until("check", looks=2)


def test_another_mass_than_the_third_is_seen_but_not_measured(installer: Installer) -> None:
    installer.found()
    installer.wish(wish="begin")
    installer.look_until("mass", looks=1)
    installer.lay(2_000.0)
    installer.look_until("check", looks=2)
    installer.lay(500.0)
    for _ in range(3):
        looked = installer.look()
    assert installer.course.check is None
    assert installer.course.line is not None
    [reading] = looked.readings.values()
    assert reading.count is not None
    assert installer.course.line.grams(reading.count) == pytest.approx(500.0, abs=TOLERANCE_G)


def test_an_agent_that_forgot_the_session_leads_back_to_its_beginning(installer: Installer) -> None:
    installer.found()
    installer.wish(wish="begin")
    installer.look_until("mass", looks=1)
    installer.bay.start()
    installer.bay.run(5.0)
    installer.lay(2_000.0)
    installer.look()
    assert installer.course.step == "load"
    assert installer.course.trouble is not None
    assert installer.course.trouble.code == "no_session"


def test_a_sheet_that_was_accepted_while_the_answer_got_lost_is_found_again(installer: Installer) -> None:
    installer.found()
    installer.wish(wish="begin")
    installer.look_until("mass", looks=1)
    installer.lay(2_000.0)
    installer.look_until("check", looks=2)
    installer.lay(1_000.0)
    installer.look()
    assert installer.course.wish == "accept"
    installer.bay.facts("calibration_accept", plate=LEFT, by="Ada")
    installer.look()
    assert installer.course.step == "goods"
    assert installer.course.version == installer.bay.book.sheets(LEFT)[0].version


@pytest.mark.parametrize("away", [DeviceSilent, LinkAway])
def test_a_device_that_does_not_answer_is_told_and_nothing_is_lost(installer: Installer, away: type[Problem]) -> None:
    installer.found()
    installer.wish(wish="begin")
    installer.look_until("mass", looks=1)
    installer.away = away
    for _ in range(3):
        installer.look()
    assert installer.course.trouble is not None
    assert (installer.course.trouble.code, installer.course.trouble.times) == (away.code, 3)
    assert installer.course.step == "mass"
    installer.away = None
    installer.lay(2_000.0)
    installer.look_until("check", looks=2)


def test_a_plate_whose_cell_is_off_says_so_until_it_is_plugged_in(installer: Installer) -> None:
    installer.press(LEFT)
    installer.bay.pull_plug(LEFT)
    installer.bay.run(3.0)
    for _ in range(2):
        looked = installer.look()
    assert "no_samples" in looked.findings or installer.course.trouble is not None
    assert installer.course.step == "wiring"
    installer.bay.put_plug_back(LEFT)
    installer.bay.run(2.0)
    installer.look_until("load")


def test_the_weight_of_one_is_learned_from_one_and_four_more(installer: Installer) -> None:
    _calibrated(installer)
    installer.wish(step="units", sku="tea")
    installer.lay(1_000.0)
    assert installer.look().course.start_g is None, "the masses are still on"
    installer.lay(0.0)
    installer.look()
    installer.look()
    assert installer.course.start_g == pytest.approx(0.0, abs=TOLERANCE_G)
    installer.lay(520.0)
    installer.look()
    assert installer.course.added == 1
    installer.lay(3 * 521.0)
    installer.look()
    assert installer.course.added == 1, "two of the four are still missing"
    installer.lay(5 * 521.0)
    looked = installer.look_until("sheet", looks=2)
    assert looked.learned is not None
    assert looked.learned.unit_weight_g == pytest.approx(521.0, abs=3.0)


def test_a_weight_that_is_not_that_of_the_catalogue_is_asked_about(installer: Installer) -> None:
    _calibrated(installer)
    installer.wish(step="units", sku="tea", known_unit_g=400.0)
    installer.lay(0.0)
    installer.look()
    installer.look()
    installer.lay(520.0)
    installer.look()
    installer.lay(5 * 520.0)
    looked = installer.look()
    assert looked.learned is None
    assert installer.course.step == "units"
    assert not installer.course.watches


def test_a_plate_chosen_by_hand_still_has_to_be_pressed(installer: Installer) -> None:
    installer.course = choose(installer.course, installer.offers[0])
    installer.look()
    assert installer.course.step == "wiring"
    installer.press(LEFT)
    installer.look_until("load")


def test_a_second_product_on_a_plate_needs_no_calibration(installer: Installer) -> None:
    offer = structs_free(installer.offers[0], position="b1-s1-p9", calibrated=True)
    assert choose(PLACE, offer, shared=True).step == "goods"
    assert choose(PLACE, structs_free(offer, calibrated=False), shared=True).step == "wiring"


def test_a_wild_answer_is_no_reading(installer: Installer) -> None:
    async def wild(device: str, op: str, args: Mapping[str, Any], *, timeout_s: float) -> CommandResult:
        del device, op, args, timeout_s
        return CommandResult(id="x", ok=True, facts={"plates": {"b1-s1-l1": {"count": "many"}}})

    bench = Bench(ask=wild, offers=installer.offers, by="Ada")
    looked = asyncio.run(look(PLACE, bench))
    assert looked.course.trouble is not None
    assert looked.course.trouble.code == "unreadable_answer"


def test_a_calibration_that_begins_anew_forgets_what_was_measured() -> None:
    unit = UnitWeight(units=5, unit_weight_g=1.0, uncertainty_g=0.1)
    course = structs.replace(PLACE, step="sheet", version=3, passed=True, unit=unit, added=5, sku="tea")
    anew = fresh_calibration(course, reason="cell_replaced")
    assert (anew.step, anew.version, anew.unit, anew.added, anew.sku) == ("load", None, None, 0, "tea")
    assert anew.reason == "cell_replaced"


def _calibrated(installer: Installer) -> None:
    installer.found()
    installer.wish(wish="begin")
    installer.look_until("mass", looks=1)
    installer.lay(2_000.0)
    installer.look_until("check", looks=2)
    installer.lay(1_000.0)
    installer.look_until("goods", looks=3)
