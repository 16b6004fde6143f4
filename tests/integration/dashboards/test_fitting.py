"""The wizard of a place against the desk of an agent: every step, every wrong field, and going on elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from cloud.access.login.model import Role
from tests.fakes.devices_link import new_device
from tests.integration.cloud.shop import STORE, Shop
from tests.integration.dashboards.fitting_shop import LEFT, PLACE, RIGHT, FittingShop, fitting_shop, report
from tests.integration.dashboards.visitor import PATH, Visitor

pytestmark = pytest.mark.database


@pytest.fixture
def fitting(shop: Shop) -> Iterator[FittingShop]:
    with fitting_shop(shop) as fitting:
        yield fitting


def test_a_place_is_fitted_from_the_press_of_a_hand_to_its_sheet(fitting: FittingShop) -> None:
    page = fitting.visitor.get(f"fitting/{PLACE}")
    assert "Press on the plate that belongs here" in page
    fitting.calibrate()
    screen = fitting.say("goods", sku="tea", capacity="10", low="")
    assert "Take the masses off" in screen
    assert fitting.positions()[PLACE] == ("tea", [LEFT], 10, 2)
    fitting.lay(0.0)
    fitting.look_until("Put one on")
    fitting.lay(521.0)
    fitting.look_until("Put 4 more on")
    fitting.lay(5 * 521.0)
    screen = fitting.look_until("Fitted, and it weighs well")
    assert f"/fitting/{PLACE.replace('p7', 'p8')}" in screen
    ((weight_g,),) = fitting.shop.rows("SELECT unit_weight_g FROM product WHERE sku = 'tea'")
    assert weight_g == pytest.approx(521.0, abs=3.0)


def test_the_sheet_of_a_calibration_is_kept_with_who_made_it_and_can_be_printed(fitting: FittingShop) -> None:
    fitting.calibrate()
    screen = fitting.say("goods", sku="tea", capacity="10", then="sheet")
    link = re.search(r'href="/stores/corner/(devices/[^"]+/sheets/[^"]+)"', screen)
    assert link is not None
    page = fitting.visitor.get(link[1])
    for words in ("Calibration sheet: new-l1", "Passed", "First calibration", "2000.0 g", "1000.0 g", "data-print"):
        assert words in page
    fitting.visitor.get(f"{link[1]}9", status=404)
    ops = [op for (op,) in fitting.shop.rows("SELECT op FROM device_command ORDER BY asked_at")]
    assert ops == ["calibration_accept"], "who changed something on a device stays on record"


def test_another_phone_goes_on_where_the_first_one_stopped(fitting: FittingShop) -> None:
    fitting.press()
    fitting.look_until("Is the plate empty?")
    other = fitting.log_in("admin")
    assert "Is the plate empty?" in other.get(f"fitting/{PLACE}")
    assert f"/fitting/{PLACE}" in other.get("fitting")


def test_a_stocked_shelf_is_fitted_in_one_form(fitting: FittingShop) -> None:
    fitting.lay(9 * 520.0)
    fitting.press()
    fitting.look_until("Is the plate empty?")
    fitting.say("stocked", sku="tea", units="9", capacity="12")
    fitting.look_until("Lay 2 kg on it, beside the goods")
    fitting.lay(9 * 520.0 + 2_000.0)
    fitting.look_until("Now only 1 kg")
    fitting.lay(9 * 520.0 + 1_000.0)
    screen = fitting.look_until("Fitted, and it weighs well")
    assert "Goods stood on it" in screen
    assert fitting.positions()[PLACE] == ("tea", [LEFT], 12, 3)
    assert fitting.positions()["p-gum"][0] == "gum", "the rest of the planogram stays"


@pytest.mark.parametrize(
    ("act", "fields", "wrong"),
    [
        ("goods", {"sku": "", "capacity": "10"}, {"sku"}),
        ("goods", {"sku": "nothing", "capacity": "ten", "low": "x"}, {"sku", "capacity", "low"}),
        ("goods", {"sku": "tea", "capacity": "4", "low": "4"}, {"low"}),
        ("goods", {"sku": "tea", "capacity": "0"}, {"capacity"}),
    ],
)
def test_what_is_wrong_with_the_goods_is_told_beside_its_field(
    fitting: FittingShop, act: str, fields: dict[str, str], wrong: set[str]
) -> None:
    fitting.calibrate()
    screen = fitting.say(act, status=422, **fields)
    assert set(re.findall(r'id="error-(\w+)"', screen)) == wrong
    for name in ("capacity", "low"):
        if fields.get(name):
            assert f'value="{fields[name]}"' in screen, "what was typed stays"
    assert PLACE not in fitting.positions()


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"sku": "tea", "units": "", "capacity": "10"}, {"units"}),
        ({"sku": "tea", "units": "30", "capacity": "10"}, {"units"}),
        ({"sku": "", "units": "3", "capacity": ""}, {"sku", "capacity"}),
    ],
)
def test_what_is_wrong_with_goods_that_stand_there_is_told(
    fitting: FittingShop, fields: dict[str, str], wrong: set[str]
) -> None:
    fitting.press()
    fitting.look_until("Is the plate empty?")
    screen = fitting.say("stocked", status=422, **fields)
    assert set(re.findall(r'id="error-(\w+)"', screen)) == wrong


def test_another_mass_is_chosen_by_a_button_or_typed(fitting: FittingShop) -> None:
    fitting.press()
    fitting.look_until("Is the plate empty?")
    fitting.say("empty")
    fitting.look_until("Lay 2 kg on it")
    assert "Lay 5 kg on it" in fitting.say("masses", mass="5000.0")
    assert "Lay 750 g on it" in fitting.say("masses", other="0,75 kg")
    assert "Put 3 units on it: 1560 g" in fitting.say("masses", goods="yes", sku="tea", units="3").replace(
        "1.56 kg", "1560 g"
    )
    assert "Enter a weight in grams" in fitting.say("masses", status=422, other="heavy")
    assert "The plate carries 10000 g at most." in fitting.say("masses", status=422, other="11 kg")


def test_the_masses_used_last_are_offered_at_the_next_place(fitting: FittingShop) -> None:
    fitting.press()
    fitting.look_until("Is the plate empty?")
    fitting.say("empty")
    fitting.look_until("Lay 2 kg on it")
    fitting.say("masses", mass="1000.0")
    fitting.lay(1_000.0)
    fitting.look_until("Now only 500 g")
    fitting.lay(500.0)
    fitting.look_until("What belongs here?")
    fitting.say("goods", sku="tea", capacity="10", then="sheet")
    fitting.lay(0.0)
    report(fitting.shop, fitting.bay)
    fitting.look("b1-s1-p8")
    fitting.bay.hands[RIGHT] = lambda _ms: 1_500.0
    fitting.bay.run(1.0)
    fitting.look("b1-s1-p8")
    fitting.bay.hands.clear()
    fitting.bay.run(1.0)
    fitting.look_until("Is the plate empty?", "b1-s1-p8")
    fitting.say("empty", "b1-s1-p8")
    fitting.look_until("Lay 1 kg on it", "b1-s1-p8")


def test_a_device_that_is_silent_and_a_broker_that_is_away_are_told_and_passed(fitting: FittingShop) -> None:
    fitting.press()
    fitting.look_until("Is the plate empty?")
    fitting.say("empty")
    fitting.look_until("Lay 2 kg on it")
    fitting.link.away = "silent"
    fitting.look_until("The device does not answer.")
    fitting.link.away = "link"
    fitting.look_until("The message broker cannot be reached.")
    assert "The message broker cannot be reached." in fitting.visitor.get(f"fitting/{PLACE}")
    fitting.link.away = ""
    fitting.lay(2_000.0)
    fitting.look_until("Now only 1 kg")


def test_a_session_the_device_forgot_begins_again_with_all_choices_kept(fitting: FittingShop) -> None:
    fitting.press()
    fitting.look_until("Is the plate empty?")
    fitting.say("stocked", sku="gum", units="20", capacity="40")
    fitting.look_until("Lay 2 kg on it")
    fitting.bay.start()
    fitting.bay.run(5.0)
    fitting.lay(2_600.0)
    screen = fitting.look_until("The device no longer knows of this calibration")
    assert 'value="20"' in screen
    assert 'value="40"' in screen


def test_a_plate_that_carries_something_is_only_taken_when_it_is_said_that_both_share_it(fitting: FittingShop) -> None:
    fitting.calibrate()
    fitting.say("goods", sku="tea", capacity="10", then="sheet")
    report(fitting.shop, fitting.bay)
    other = "b1-s1-p8"
    screen = fitting.say("choose", other, status=422, plate=f"bay-1/{LEFT}")
    assert "Another product stands on this plate." in screen
    screen = fitting.say("choose", other, plate=f"bay-1/{LEFT}", shared="yes")
    assert "What belongs here?" in screen
    fitting.say("goods", other, sku="gum", capacity="10", then="sheet")
    assert fitting.positions()[other][1] == [LEFT]


def test_two_plates_under_one_product(fitting: FittingShop) -> None:
    fitting.calibrate()
    fitting.say("goods", sku="tea", capacity="10", then="sheet")
    report(fitting.shop, fitting.bay)
    fitting.lay(0.0)
    fitting.say("another")
    fitting.press(RIGHT)
    fitting.look_until("Is the plate empty?")
    fitting.say("empty")
    fitting.look_until("Lay 2 kg on it")
    fitting.lay(2_000.0, RIGHT)
    fitting.look_until("Now only 1 kg")
    fitting.lay(1_000.0, RIGHT)
    fitting.look_until("Fitted, and it weighs well")
    assert sorted(fitting.positions()[PLACE][1]) == [LEFT, RIGHT]


def test_a_plate_is_calibrated_again_and_its_product_stays(fitting: FittingShop) -> None:
    fitting.calibrate()
    fitting.say("goods", sku="tea", capacity="10", then="sheet")
    report(fitting.shop, fitting.bay)
    before = fitting.positions()
    fitting.lay(0.0)
    assert "Is the plate empty?" in fitting.say("recheck", plate=f"bay-1/{LEFT}", reason="cell_replaced")
    fitting.say("empty")
    fitting.look_until("Lay 2 kg on it")
    fitting.lay(2_000.0)
    fitting.look_until("Now only 1 kg")
    fitting.lay(1_000.0)
    fitting.look_until("Fitted, and it weighs well")
    assert fitting.positions() == before
    assert fitting.bay.book.sheets(LEFT)[0].reason == "cell_replaced"


def test_while_one_page_measures_the_other_looks_on(fitting: FittingShop) -> None:
    fitting.look()
    with fitting.shop.connection.transaction():
        fitting.shop.connection.execute("UPDATE commissioning SET busy_until = now() + interval '1 minute'")
    asked = len(fitting.link.asked)
    assert "Press on the plate" in fitting.look()
    assert len(fitting.link.asked) == asked
    with fitting.shop.connection.transaction():
        fitting.shop.connection.execute("UPDATE commissioning SET busy_until = now() - interval '1 second'")
    fitting.look()
    assert len(fitting.link.asked) > asked, "a page that was closed while it measured holds nobody up"


def test_a_screen_that_stays_gets_what_the_plate_reads_and_nothing_else(fitting: FittingShop) -> None:
    fitting.press()
    fitting.look_until("Is the plate empty?")
    fitting.say("empty")
    screen = fitting.look_until("Lay 2 kg on it")
    mark = re.search(r'name="seen" value="([^"]+)"', screen)
    assert mark is not None
    live = fitting.look(seen=mark[1])
    assert "readings a second" in live
    assert "fit-title" not in live


def test_without_script_every_form_leads_back_to_the_page(fitting: FittingShop) -> None:
    answer = fitting.visitor.post(f"fitting/{PLACE}/look")
    assert answer.headers["location"] == f"{PATH}/fitting/{PLACE}"
    answer = fitting.visitor.post(f"fitting/{PLACE}/choose", plate=f"bay-1/{LEFT}")
    assert answer.headers["location"] == f"{PATH}/fitting/{PLACE}"
    assert "Press on the plate" in fitting.visitor.get(f"fitting/{PLACE}")
    answer = fitting.visitor.post(f"fitting/{PLACE}/choose", status=422, plate="none")
    assert "Choose a plate." in answer.text
    assert "<html" in answer.text


def test_products_are_found_by_name_sku_and_the_number_under_the_barcode(fitting: FittingShop) -> None:
    for search in ("oolong", "TEA", "乌龙", "9521234567899"):
        assert "Oolong tea" in fitting.visitor.get(f"fitting/{PLACE}/products?search={search}")
    assert "checked" in fitting.visitor.get(f"fitting/{PLACE}/products?search=9521234567899"), "a scanner chooses it"
    assert "Nothing found" in fitting.visitor.get(f"fitting/{PLACE}/products?search=%25")


def test_a_place_is_found_by_its_numbers_or_its_name(site: Visitor) -> None:
    for query in ("bay=4&shelf=1&place=2", "bay=b4-s1-p2&shelf=&place="):
        assert site.ask(f"fitting-to?{query}", status=303).headers["location"] == f"{PATH}/fitting/b4-s1-p2"
    page = site.get("fitting-to?bay=a+b&shelf=x&place=", status=422)
    assert set(re.findall(r'id="error-(\w+)"', page)) == {"bay", "shelf", "place"}
    assert 'value="a b"' in page


def test_a_place_nobody_knows_is_asked_for_once(site: Visitor) -> None:
    page = site.get("fitting/cooler", status=404)
    assert "The planogram does not know this place. Where is it?" in page
    assert "Press on the plate" in site.get("fitting/cooler?bay=b7&shelf=b7-s1")
    assert "Press on the plate" in site.get("fitting/p-tea"), "the planogram knows where"


def test_a_new_device_is_shown_with_the_number_of_its_board_and_adopted(fitting: FittingShop) -> None:
    fitting.link.new = (new_device("box-1", fitting.shop.clock.now()),)
    page = fitting.visitor.get("fitting")
    assert "A new device: box-1" in page
    assert "10000000a1b2c3d4" in page
    answer = fitting.visitor.post("new-devices/box-1/identify")
    assert "box-1 blinks now." in fitting.visitor.get(answer.headers["location"])
    answer = fitting.visitor.post("new-devices/box-1/adopt")
    assert "box-1 belongs to this store now." in fitting.visitor.get(answer.headers["location"])
    assert fitting.link.asked[-1] == ("_new", "box-1", "adopt", {"store": STORE})


def test_a_new_device_that_does_not_answer_is_told(fitting: FittingShop) -> None:
    for away, words in (("silent", "box-1 does not answer."), ("link", "nobody can ask box-1")):
        fitting.link.away = away
        answer = fitting.visitor.post("new-devices/box-1/adopt")
        assert words in fitting.visitor.get(answer.headers["location"])
    fitting.visitor.post("new-devices/box-1/explode", status=404)


def test_nobody_fits_without_the_right_to(fitting: FittingShop) -> None:
    roles: tuple[Role, ...] = ("staff", "manager")
    for role in roles:
        visitor = fitting.log_in(role)
        visitor.get(f"fitting/{PLACE}", status=403)
        visitor.post(f"fitting/{PLACE}/look", status=403)
        visitor.post("new-devices/box-1/adopt", status=403)
    assert fitting.shop.rows("SELECT count(*) FROM commissioning") == [(0,)]


def test_outside_of_a_demo_nothing_is_laid_on_by_a_button(fitting: FittingShop) -> None:
    fitting.visitor.post(f"fitting/{PLACE}/demo", status=404, plate=LEFT, mass="1000")
    assert "Let the demo do it" not in fitting.visitor.get(f"fitting/{PLACE}")
