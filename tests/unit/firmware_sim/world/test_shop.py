"""A whole shop on a manual clock."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.world.staff import Task
from tests.fakes.shop_day import ShopDay, corner_shop

HALF_HOUR_S = 1800.0
DEMO_S = 780.0


def test_every_unit_is_on_a_shelf_in_a_basket_sold_in_the_backroom_or_in_transit() -> None:
    @settings(max_examples=6, deadline=None)
    @given(
        seed=st.integers(0, 10_000), fails_every=st.integers(2, 9), trouble=st.sampled_from(["away", "lost", "busy"])
    )
    def check(seed: int, fails_every: int, trouble: str) -> None:
        day = ShopDay(corner_shop(seed), trouble=lambda number: "" if number % fails_every else trouble)
        for _ in range(6):
            if day.shop.open:
                day.run_for(HALF_HOUR_S / 6)
            else:
                day.open_for(HALF_HOUR_S / 6)
            assert day.shop.goods.everywhere() == day.shop.goods.made

    check()


def test_what_was_sold_reaches_the_till_once_though_the_api_fails_every_second_time() -> None:
    failures = ("away", "", "lost", "", "busy", "")
    day = ShopDay(corner_shop(3), trouble=lambda number: failures[number % len(failures)])
    day.open_for(HALF_HOUR_S).close()
    assert day.shop.goods.sold
    assert day.api.sold == day.shop.goods.sold


def test_the_books_and_the_backroom_agree_when_all_is_quiet() -> None:
    day = ShopDay(corner_shop(4, misplace=0.0)).open_for(HALF_HOUR_S).close()
    busy = {task["sku"] for task in day.api.with_state(day.api.tasks, "taken")}
    differences = {
        product.sku
        for product in day.world.products
        if day.shop.goods.backroom_units(product.sku) != day.api.backroom[product.sku]
    }
    assert differences <= busy


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_in_the_minutes_of_the_demo_refill_tasks_and_orders_open_and_close(seed: int) -> None:
    day = ShopDay(corner_shop(seed)).open_for(DEMO_S)
    assert len(day.api.with_state(day.api.tasks, "verified")) >= 3
    assert len(day.api.with_state(day.api.orders, "closed")) >= 2
    assert day.of_kind("refill")


def test_a_visitor_sees_a_pick_about_every_ten_seconds() -> None:
    day = ShopDay(corner_shop()).open_for(HALF_HOUR_S)
    assert 120 <= len(day.of_kind("pick")) <= 240


def test_the_truth_log_tells_every_quantity_from_opening_to_closing() -> None:
    day = ShopDay(corner_shop(5, misplace=0.05, put_back=0.2)).open_for(HALF_HOUR_S).close()
    quantity: Counter[tuple[str, str]] = Counter()
    for line in day.truth:
        at = line["position"], line["sku"]
        if line["kind"] == "opening":
            quantity[at] = line["quantity"]
        quantity[at] += line["change"]
        assert quantity[at] == line["quantity"], line
    assert {line["position"] for line in day.of_kind("opening")} == {p.position for p in day.world.positions}
    assert {line["position"] for line in day.of_kind("closing")} == {p.position for p in day.world.positions}
    assert {line["kind"] for line in day.truth} == {
        "opening", "pick", "put_back", "refill", "misplace", "tidy", "closing",
    }  # fmt: skip


def test_at_rest_a_plate_carries_its_goods_and_nothing_else() -> None:
    day = ShopDay(corner_shop(6)).open_for(HALF_HOUR_S).close()
    last = {plate: load_g for _, plate, load_g in day.felt}
    assert last
    for plate, load_g in last.items():
        goods_g = sum(
            standing.unit.weight_g * standing.shares[position.plates.index(plate)]
            for position in day.world.positions
            if plate in position.plates
            for standing in day.shop.goods.standing(position.position)
        )
        assert load_g == pytest.approx(goods_g, abs=0.01)


def test_the_load_of_a_plate_tells_the_true_quantity() -> None:
    day = ShopDay(corner_shop(7, misplace=0.0)).open_for(HALF_HOUR_S).close()
    mean_g = {product.sku: product.mean_g for product in day.world.products}
    alone = Counter(plate for position in day.world.positions for plate in position.plates)
    truth = {line["position"]: line["quantity"] for line in day.of_kind("closing")}
    for position in day.world.positions:
        if position.plates and alone[position.plates[0]] == 1:
            load_g = sum(day.shop.shelves.load_g(plate) for plate in position.plates)
            assert round(load_g / mean_g[position.sku]) == truth[position.position]


def test_the_tags_before_an_antenna_are_those_of_the_goods_there() -> None:
    day = ShopDay(corner_shop(8)).open_for(HALF_HOUR_S).close()
    truth = {line["position"]: line["quantity"] for line in day.of_kind("closing")}
    rail = [position for position in day.world.positions if position.zones == ("b3-s4-z1",)]
    assert len(day.seen["b3-s4-z1"]) == sum(truth[position.position] for position in rail)
    assert len(set(day.seen["b3-s4-z1"])) == len(day.seen["b3-s4-z1"])


def test_the_same_seed_gives_the_same_day() -> None:
    first, second = (ShopDay(corner_shop(9)).open_for(600.0) for _ in range(2))
    assert first.truth == second.truth
    assert first.felt == second.felt
    assert ShopDay(corner_shop(10)).open_for(600.0).truth != first.truth


def test_people_who_wait_for_one_another_leave_a_shelf_at_rest_between_two_hands() -> None:
    day = ShopDay(corner_shop(11, overlap=0.0, shoppers_per_hour=600.0)).open_for(HALF_HOUR_S)
    shelf_of = {plate.plate: plate.shelf for plate in day.world.plates}
    moved_ms: dict[str, list[int]] = defaultdict(list)
    for at_ms, plate, _ in day.felt:
        moved_ms[shelf_of[plate]].append(at_ms)
    pauses_ms = [b - a for times in moved_ms.values() for a, b in pairwise(times)]
    assert max(pause_ms for pause_ms in pauses_ms if pause_ms < 4000) < 2000
    assert sum(pause_ms >= 4000 for pause_ms in pauses_ms) > 100


def test_people_who_do_not_wait_reach_into_one_shelf_at_once_and_the_truth_still_holds() -> None:
    day = ShopDay(corner_shop(19, overlap=1.0, shoppers_per_hour=3000.0)).open_for(600.0).close()
    assert day.shop.goods.everywhere() == day.shop.goods.made
    for line in day.of_kind("closing"):
        assert line["quantity"] == day.shop.goods.units_at(line["position"])
    rest_g = {plate: day.shop.shelves.rest_g(plate) for plate in day.shop.shelves.plates}
    assert {plate: day.shop.shelves.load_g(plate) for plate in rest_g} == pytest.approx(rest_g, abs=0.01)


def test_nobody_acts_before_the_doors_open() -> None:
    day = ShopDay(corner_shop()).run_for(HALF_HOUR_S)
    assert day.felt == []
    assert {line["kind"] for line in day.truth} == {"opening"}


def test_a_shop_that_stops_finishes_the_hands_in_its_shelves_and_begins_nothing() -> None:
    day = ShopDay(corner_shop(12, shoppers_per_hour=2000.0)).open_for(300.0)
    while day.shop.shelves.at_rest:
        day.run_for(0.1)
    day.shop.stop_acting()
    day.shop.step()
    assert not day.shop.closed
    day.run_for(20.0)
    closing = len(day.truth) - len(day.world.positions)
    assert {line["kind"] for line in day.truth[closing:]} == {"closing"}
    felt = len(day.felt)
    day.run_for(HALF_HOUR_S)
    assert len(day.felt) == felt
    assert len(day.truth) == closing + len(day.world.positions)


def test_staff_who_find_the_backroom_empty_say_that_they_brought_nothing() -> None:
    world = replace(corner_shop(13, shoppers_per_hour=0.0), backroom={})
    day = ShopDay(world)
    task_id = day.api.open_task("b1-s1-p3", units=10)
    day.open_for(120.0)
    assert day.api.tasks[task_id]["done_units"] == 0
    assert day.of_kind("refill") == []


def test_staff_bring_what_the_backroom_has_in_armfuls() -> None:
    day = ShopDay(corner_shop(14, shoppers_per_hour=0.0))
    task_id = day.api.open_task("b1-s1-p3", units=11)
    day.open_for(240.0)
    refills = [line["change"] for line in day.of_kind("refill") if line["position"] == "b1-s1-p3"]
    assert refills == [8, 3]
    assert day.api.tasks[task_id]["done_units"] == 11


def test_staff_who_may_not_take_a_task_turn_to_the_next() -> None:
    day = ShopDay(corner_shop(15, shoppers_per_hour=0.0, staff=1))
    day.api.refuse = frozenset({"take"})
    day.open_for(300.0)
    takes = [errand.path for errand in day.api.asked if errand.path.endswith("/take")]
    assert len(takes) >= 3
    assert len(takes) == len(set(takes))
    assert day.of_kind("refill") == []


def test_staff_leave_a_new_task_to_others_for_a_while() -> None:
    day = ShopDay(corner_shop(14, shoppers_per_hour=0.0))
    task_id = day.api.open_task("b1-s1-p3", units=4)
    day.open_for(20.0)
    assert day.api.tasks[task_id]["state"] == "open"
    day.run_for(40.0)
    assert day.api.tasks[task_id]["assignee"].startswith("staff-")


def test_for_a_visitor_who_took_a_task_a_colleague_carries_the_goods_and_leaves_the_word_to_them() -> None:
    day = ShopDay(corner_shop(14, shoppers_per_hour=0.0))
    task_id = day.api.open_task("b1-s1-p3", units=11)
    day.api.tasks[task_id].update(state="taken", assignee="demo visitor")
    day.open_for(240.0)
    refills = [line["change"] for line in day.of_kind("refill") if line["position"] == "b1-s1-p3"]
    assert refills == [8, 3]
    assert day.api.tasks[task_id]["state"] == "taken"
    assert not [errand for errand in day.api.asked if task_id in errand.path]


@pytest.mark.parametrize(
    ("state", "done_units", "carried"), [("taken", None, True), ("done", 8, True), ("done", 0, False)]
)
def test_goods_are_carried_for_a_visitor_also_when_done_was_said_at_once_but_not_when_there_are_none(
    state: str, done_units: int | None, carried: bool
) -> None:
    row = {"task_id": "tsk_1", "kind": "refill", "position": "b1-s1-p3", "sku": "COLA-ZERO-330", "suggested_units": 8}
    task = Task.from_row({**row, "state": state, "assignee": "mei", "done_units": done_units})
    assert task.visitor is carried


def test_a_visitor_who_is_first_at_a_task_staff_saw_has_it_to_themselves() -> None:
    day = ShopDay(corner_shop(14, shoppers_per_hour=0.0))
    task_id = day.api.open_task("b1-s1-p3", units=3)
    day.open_for(15.0)
    day.api.tasks[task_id].update(state="taken", assignee="mei")
    day.run_for(120.0)
    assert [line["change"] for line in day.of_kind("refill") if line["position"] == "b1-s1-p3"] == [3]
    assert not [errand for errand in day.api.asked if task_id in errand.path]


def test_nobody_on_the_shop_floor_touches_what_is_for_loss_prevention() -> None:
    day = ShopDay(corner_shop(14, shoppers_per_hour=0.0))
    task_id = day.api.open_task("b1-s1-p3", kind="investigate", units=9)
    day.open_for(300.0)
    assert day.api.tasks[task_id]["state"] == "open"


def test_staff_asked_to_count_say_what_truly_stands_there() -> None:
    day = ShopDay(corner_shop(16, shoppers_per_hour=0.0))
    day.api.open_task("b2-s2-p1", kind="count")
    day.open_for(120.0)
    assert [(count["position"], count["units"], count["place"]) for count in day.api.counts] == [
        ("b2-s2-p1", day.shop.goods.units_at("b2-s2-p1"), "shelf")
    ]


def test_a_task_for_a_place_the_shop_does_not_have_is_left_alone() -> None:
    day = ShopDay(corner_shop(17, shoppers_per_hour=0.0))
    task_id = day.api.open_task("b1-s1-p1", sku="SOMETHING-ELSE")
    day.open_for(120.0)
    assert day.api.tasks[task_id]["state"] == "open"


def test_the_supplier_delivers_each_order_once_after_two_to_five_minutes() -> None:
    day = ShopDay(corner_shop(18, shoppers_per_hour=0.0)).open_for(HALF_HOUR_S)
    ordered = {order["order_id"]: order["units"] for order in day.api.orders.values()}
    receipts = [errand.body for errand in day.api.asked if errand.path == "/v1/receipts"]
    assert ordered
    assert {receipt["order_id"]: receipt["units"] for receipt in receipts} == ordered
    assert len(receipts) == len(ordered)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_visitor_has_half_a_minute_to_be_first_and_within_two_a_task_is_seen_through_by_staff(seed: int) -> None:
    day = ShopDay(corner_shop(seed)).open_for(0.1)
    while not day.api.tasks:
        day.run_for(1.0)
    day.run_for(20.0)
    assert not day.api.with_state(day.api.tasks, "taken", "done", "verified")
    day.run_for(100.0)
    assert day.api.with_state(day.api.tasks, "verified")
