"""A newer planogram ends what the old one asked for."""

from __future__ import annotations

import pytest

from database.inspection import stock_differences
from tests.integration.cloud.shop import STORE, Client, Shop

pytestmark = pytest.mark.database

HEADER = "position,sku,bay,shelf,plates,zones,capacity,low_units,valid_from\n"
GUM = "p-gum,gum,b1,b1-s1,b1-s1-l2,,20,5,\n"
TEA_ELSEWHERE = "p-tea2,tea,b1,b1-s1,b1-s1-l3,,12,3,\n"
GUM_AT_TEA = "p-tea,gum,b1,b1-s1,b1-s1-l1,,20,5,\n"


def _tea_is_short(shop: Shop) -> None:
    shop.load("p-tea", "tea", 2, kind="pick", moved=6)
    shop.work()
    shop.work(after_s=20)


def _tea_is_ordered(shop: Shop, client: Client) -> str:
    count = {"store": STORE, "place": "backroom", "sku": "tea", "units": 0, "counted_by": "li"}
    client.post("/v1/counts", count, status=201)
    _tea_is_short(shop)
    (order,) = client.orders("open")
    return str(order["order_id"])


def _open_shortages(shop: Shop) -> list[str]:
    rows = shop.rows("SELECT position || ':' || sku FROM shortage WHERE closed_at IS NULL ORDER BY 1")
    return [name for (name,) in rows]


@pytest.mark.parametrize("newer", [GUM, GUM + TEA_ELSEWHERE, GUM + GUM_AT_TEA])
def test_a_shelf_the_planogram_drops_or_gives_away_is_short_no_more(shop: Shop, client: Client, newer: str) -> None:
    _tea_is_short(shop)
    shop.put_planogram(HEADER + newer)
    shop.work(after_s=1)
    assert _open_shortages(shop) == []
    (task,) = client.tasks()
    assert (task["state"], task["workable"]) == ("cancelled", False)
    assert task["reason"].endswith("; tea no longer stands at p-tea by the planogram")
    told = [one["body"]["state"] for one in client.get("/v1/changes")["changes"] if one["kind"] == "task"]
    assert told == ["open", "cancelled"]


def test_a_shelf_that_keeps_its_product_stays_short(shop: Shop, client: Client) -> None:
    _tea_is_short(shop)
    shop.put_planogram(HEADER + GUM + "p-tea,tea,b9,b9-s1,b9-s1-l1,,24,3,\n")
    shop.work(after_s=1)
    assert _open_shortages(shop) == ["p-tea:tea"]
    assert [one["state"] for one in client.tasks()] == ["open"]


def test_a_planogram_holds_from_its_time_on_and_not_before(shop: Shop, client: Client) -> None:
    _tea_is_short(shop)
    shop.put_planogram(HEADER + GUM.replace(",\n", ",2026-01-01T00:10:00Z\n"))
    shop.work(after_s=60)
    assert [one["state"] for one in client.tasks()] == ["open"]
    (before,) = shop.rows("SELECT version FROM evidence_version")
    shop.work(after_s=600)
    assert [one["state"] for one in client.tasks()] == ["cancelled"]
    (after,) = shop.rows("SELECT version FROM evidence_version")
    assert after > before, "the gateway is told when it begins to hold"


def test_an_order_for_a_product_that_stands_nowhere_any_more_is_cancelled(shop: Shop, client: Client) -> None:
    order_id = _tea_is_ordered(shop, client)
    shop.put_planogram(HEADER + GUM)
    shop.work(after_s=1)
    (order,) = client.orders()
    assert (order["order_id"], order["state"]) == (order_id, "cancelled")
    assert order["reason"].endswith("; tea no longer stands in the store by the planogram")
    assert client.get("/v1/availability/tea", store=STORE)["incoming"] == 0
    with shop.connection.transaction():
        assert list(stock_differences(shop.connection)) == []


def test_an_order_for_a_product_that_moved_is_still_awaited(shop: Shop, client: Client) -> None:
    _tea_is_ordered(shop, client)
    shop.put_planogram(HEADER + GUM + TEA_ELSEWHERE)
    shop.work(after_s=1)
    assert [one["state"] for one in client.orders()] == ["open"]


def test_a_product_that_stands_nowhere_any_more_is_not_on_the_shelf(shop: Shop, client: Client) -> None:
    shop.load("p-tea", "tea", 8)
    shop.work()
    shop.put_planogram(HEADER + GUM)
    shop.work(after_s=1)
    told = client.get("/v1/availability/tea", store=STORE)
    assert (told["on_shelf"], told["backroom"], told["sellable"]) == (0, 6, 6)


def test_a_shelf_given_to_another_product_becomes_short_of_that(shop: Shop, client: Client) -> None:
    _tea_is_short(shop)
    shop.put_planogram(HEADER + GUM_AT_TEA)
    shop.load("p-tea", "gum", 1)
    shop.work()
    assert _open_shortages(shop) == []
    shop.work(after_s=20)
    assert _open_shortages(shop) == ["p-tea:gum"]
