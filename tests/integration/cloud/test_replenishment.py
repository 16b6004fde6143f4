"""From the rows a gateway writes to tasks and orders, and their end by the scale."""

from __future__ import annotations

import pytest

from database.inspection import stock_differences
from tests.integration.cloud.shop import STORE, Client, Shop

pytestmark = pytest.mark.database


def _tea_runs_low(shop: Shop, units: int = 2) -> None:
    shop.load("p-tea", "tea", units, kind="pick", moved=8 - units)
    shop.work()
    shop.work(after_s=20)


def _taken_refill(shop: Shop, client: Client) -> str:
    _tea_runs_low(shop)
    (task,) = client.tasks("open")
    client.post(f"/v1/tasks/{task['task_id']}/take", {"assignee": "mei"})
    shop.clock.advance(30)
    return str(task["task_id"])


def test_a_low_shelf_with_goods_in_the_backroom_becomes_a_refill_task(shop: Shop, client: Client) -> None:
    _tea_runs_low(shop)
    (task,) = client.tasks()
    assert (task["state"], task["position"], task["suggested_units"]) == ("open", "p-tea", 6)
    assert task["reason"] == "2 left of 12, low at 3; 6 in the backroom"
    assert task["workable"] is True
    assert client.orders() == []


def test_nobody_is_told_of_a_shelf_that_was_low_for_a_moment(shop: Shop, client: Client) -> None:
    shop.load("p-tea", "tea", 3, kind="pick", moved=5)
    shop.work()
    shop.clock.advance(10)
    shop.load("p-tea", "tea", 8, kind="put_back", moved=5)
    shop.work()
    shop.work(after_s=60)
    assert client.tasks() == []


def test_a_frozen_sensor_raises_no_task(shop: Shop, client: Client) -> None:
    shop.load("p-tea", "tea", 0, frozen=True)
    shop.work()
    shop.work(after_s=60)
    assert client.tasks() == []


def test_a_backlog_raises_no_task_before_fresh_data_confirms_it(shop: Shop, client: Client) -> None:
    shop.load("p-tea", "tea", 2, kind="pick", moved=6, age_s=3600)
    shop.work()
    shop.work(after_s=60)
    assert client.tasks() == []
    shop.confirm("p-tea")
    shop.work(after_s=20)
    assert [one["state"] for one in client.tasks()] == ["open"]


def test_tags_that_say_nothing_new_are_fresh_while_their_reader_is_well(shop: Shop, client: Client) -> None:
    shop.put_planogram(
        "position,sku,bay,shelf,plates,zones,capacity,low_units\n"
        "p-tea,tea,b1,b1-s1,,z1 z2,12,3\np-gum,gum,b1,b1-s1,b1-s1-l2,z1,20,5\n"
    )
    shop.load("p-tea", "tea", 2, age_s=3600)
    shop.load("p-gum", "gum", 2, age_s=3600)
    shop.reader_is_well("z1")
    shop.work()
    shop.work(after_s=60)
    assert client.tasks() == [], "nothing was heard of the other zone"
    for zone in ("z1", "z2"):
        shop.reader_is_well(zone)
    shop.work(after_s=20)
    assert [one["sku"] for one in client.tasks()] == ["tea"], "a scale speaks for itself"


def test_a_late_refill_that_empties_the_backroom_orders_nothing_until_the_shelf_is_heard(
    shop: Shop, client: Client
) -> None:
    client.post(
        "/v1/counts", {"store": STORE, "place": "backroom", "sku": "tea", "units": 1, "counted_by": "li"}, status=201
    )
    task_id = _taken_refill(shop, client)
    shop.clock.advance(900)
    shop.load("p-tea", "tea", 3, kind="refill", moved=1, age_s=890)
    shop.work()
    assert client.post(f"/v1/tasks/{task_id}/done", {"units": 1})["state"] == "verified"
    shop.work(after_s=60)
    assert client.orders() == []
    shop.confirm("p-tea")
    shop.work()
    assert [one["state"] for one in client.orders()] == ["open"]


def test_the_scale_closes_the_task_when_it_sees_the_refill(shop: Shop, client: Client) -> None:
    task_id = _taken_refill(shop, client)
    shop.load("p-tea", "tea", 8, kind="put_back", moved=6)
    shop.work()
    (task,) = client.tasks()
    assert (task["task_id"], task["state"]) == (task_id, "verified")
    assert shop.places("tea") == {"basket": 6, "shelf": 8}
    assert shop.rows("SELECT closed_units FROM shortage WHERE closed_at IS NOT NULL") == [(8,)]
    assert client.post(f"/v1/tasks/{task_id}/done", {"units": 6})["state"] == "verified"


def test_a_refill_too_small_to_end_the_shortage_is_verified_and_the_rest_is_ordered(shop: Shop, client: Client) -> None:
    client.post(
        "/v1/counts", {"store": STORE, "place": "backroom", "sku": "tea", "units": 1, "counted_by": "li"}, status=201
    )
    task_id = _taken_refill(shop, client)
    shop.load("p-tea", "tea", 3, kind="refill", moved=1)
    shop.work()
    assert client.post(f"/v1/tasks/{task_id}/done", {"units": 1})["state"] == "verified"
    (order,) = client.orders()
    assert (order["state"], order["units"]) == ("open", 12), "9 lack, cases hold 6"
    assert order["reason"] == "p-tea: 3 left of 12, low at 3; none in the backroom; 2 cases of 6"


def test_staff_who_find_the_backroom_empty_correct_the_books_and_an_order_opens(shop: Shop, client: Client) -> None:
    task_id = _taken_refill(shop, client)
    assert client.post(f"/v1/tasks/{task_id}/done", {"units": 0})["state"] == "done"
    assert "backroom" not in shop.places("tea")
    (order,) = client.orders()
    assert (order["sku"], order["units"]) == ("tea", 12)
    assert client.get("/v1/availability/tea", store=STORE)["incoming"] == 12


def test_a_task_nobody_took_becomes_an_order_when_the_backroom_turns_out_empty(shop: Shop, client: Client) -> None:
    _tea_runs_low(shop)
    count = {"store": STORE, "place": "backroom", "sku": "tea", "units": 0, "counted_by": "li"}
    client.post("/v1/counts", count, status=201)
    assert [one["state"] for one in client.tasks()] == ["cancelled"]
    assert [one["state"] for one in client.orders()] == ["open"]


def test_received_goods_become_a_refill_and_the_scale_closes_the_order(shop: Shop, client: Client) -> None:
    client.post(
        "/v1/counts", {"store": STORE, "place": "backroom", "sku": "tea", "units": 0, "counted_by": "li"}, status=201
    )
    _tea_runs_low(shop)
    (order,) = client.orders("open")
    assert client.tasks() == []
    shop.clock.advance(180)
    received = client.post("/v1/receipts", {"order_id": order["order_id"], "units": order["units"]}, status=201)
    assert received["state"] == "received"
    (task,) = client.tasks("open")
    client.post(f"/v1/tasks/{task['task_id']}/take", {"assignee": "mei"})
    shop.clock.advance(30)
    shop.load("p-tea", "tea", 12, kind="refill", moved=10)
    shop.work()
    assert [one["state"] for one in client.orders()] == ["closed"]
    assert [one["state"] for one in client.tasks()] == ["verified"]
    assert shop.places("tea") == {"backroom": 2, "basket": 6, "shelf": 12}


def test_a_shelf_that_stays_low_has_one_order_however_long_it_waits(shop: Shop, client: Client) -> None:
    _tea_runs_low(shop)
    (task,) = client.tasks("open")
    client.post(f"/v1/tasks/{task['task_id']}/done", {"units": 0})
    for units in (1, 0, 1):
        shop.load("p-tea", "tea", units, kind="pick", moved=1)
        shop.work(after_s=600)
    assert len(client.orders()) == 1


def test_a_part_delivery_keeps_the_order_open_and_is_refilled_at_once(shop: Shop, client: Client) -> None:
    _tea_runs_low(shop)
    (task,) = client.tasks("open")
    client.post(f"/v1/tasks/{task['task_id']}/done", {"units": 0})
    (order,) = client.orders()
    part = client.post("/v1/receipts", {"order_id": order["order_id"], "units": 5}, status=201)
    assert (part["state"], part["received_units"]) == ("open", 5)
    assert [one["suggested_units"] for one in client.tasks("open")] == [5]
    assert client.get("/v1/availability/tea", store=STORE)["incoming"] == 7


def test_goods_refilled_before_their_receipt_is_posted_are_counted_once(shop: Shop, client: Client) -> None:
    _tea_runs_low(shop)
    (task,) = client.tasks("open")
    client.post(f"/v1/tasks/{task['task_id']}/done", {"units": 0})
    (order,) = client.orders()
    shop.clock.advance(60)
    shop.load("p-tea", "tea", 10, kind="refill", moved=8)
    shop.work()
    client.post("/v1/receipts", {"order_id": order["order_id"], "units": 5}, status=201)
    assert "backroom" not in shop.places("tea"), "5 of the 8 on the shelf are these"
    client.post("/v1/receipts", {"order_id": order["order_id"], "units": 7}, status=201)
    told = client.get("/v1/availability/tea", store=STORE)
    assert (told["on_shelf"], told["backroom"], told["incoming"], told["sellable"]) == (10, 4, 0, 14)
    with shop.connection.transaction():
        assert list(stock_differences(shop.connection)) == []


def test_goods_found_before_an_order_was_sent_are_not_part_of_its_delivery(shop: Shop, client: Client) -> None:
    _tea_runs_low(shop, units=1)
    shop.load("p-tea", "tea", 2, kind="refill", moved=1)
    shop.clock.advance(1)
    count = {"store": STORE, "place": "backroom", "sku": "tea", "units": 0, "counted_by": "li"}
    client.post("/v1/counts", count, status=201)
    shop.work(after_s=60)
    assert shop.rows("SELECT kind, units FROM stock_ledger WHERE kind LIKE 'refill%'") == [("refill_unknown", 1)]
    (order,) = client.orders()
    client.post("/v1/receipts", {"order_id": order["order_id"], "units": 12}, status=201)
    assert shop.places("tea")["backroom"] == 12


def test_a_second_receipt_of_a_received_order_answers_with_the_order_as_it_stands(shop: Shop, client: Client) -> None:
    _tea_runs_low(shop)
    (task,) = client.tasks("open")
    client.post(f"/v1/tasks/{task['task_id']}/done", {"units": 0})
    (order,) = client.orders()
    client.post("/v1/receipts", {"order_id": order["order_id"], "units": 12}, status=201)
    problem = client.post("/v1/receipts", {"order_id": order["order_id"], "units": 12}, status=409)
    assert (problem["code"], problem["current"]["state"]) == ("stale_state", "received")


def test_a_task_somebody_else_took_answers_with_the_task_as_it_stands(shop: Shop, client: Client) -> None:
    task_id = _taken_refill(shop, client)
    assert client.post(f"/v1/tasks/{task_id}/take", {"assignee": "mei"})["state"] == "taken"
    problem = client.post(f"/v1/tasks/{task_id}/take", {"assignee": "li"}, status=409)
    assert (problem["code"], problem["current"]["assignee"]) == ("stale_state", "mei")


def test_a_refill_the_scale_never_saw_is_asked_for_again(shop: Shop, client: Client) -> None:
    task_id = _taken_refill(shop, client)
    client.post(f"/v1/tasks/{task_id}/done", {"units": 6})
    shop.work(after_s=60)
    assert [one["state"] for one in client.tasks()] == ["done"]
    shop.work(after_s=600)
    assert [one["state"] for one in client.tasks()] == ["cancelled", "open"]


def test_lists_come_in_pages(shop: Shop, client: Client) -> None:
    shop.load("p-gum", "gum", 1)
    _tea_runs_low(shop)
    client.post(
        "/v1/counts", {"store": STORE, "place": "backroom", "sku": "gum", "units": 9, "counted_by": "li"}, status=201
    )
    first = client.get("/v1/tasks", store=STORE, limit="1")
    second = client.get("/v1/tasks", store=STORE, limit="1", cursor=first["next_cursor"])
    assert second["next_cursor"] is None
    assert {one["sku"] for one in first["tasks"] + second["tasks"]} == {"tea", "gum"}


def test_places_rebuilt_from_the_ledger_are_the_places(shop: Shop, client: Client) -> None:
    test_received_goods_become_a_refill_and_the_scale_closes_the_order(shop, client)
    with shop.connection.transaction():
        assert list(stock_differences(shop.connection)) == []
        shop.connection.execute("UPDATE stock_place SET units = units + 1 WHERE sku = 'tea' AND place = 'shelf'")
        (found,) = stock_differences(shop.connection)
    assert (found.sku, found.place, found.projected, found.by_ledger) == ("tea", "shelf", 13, 12)
