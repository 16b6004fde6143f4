"""What is kept for a while, and how a reader is told that it came too late."""

from __future__ import annotations

import pytest

from tests.integration.cloud.shop import STORE, Client, Shop

pytestmark = pytest.mark.database

DAY_S = 86_400.0
COUNT = {"store": STORE, "place": "backroom", "sku": "tea", "units": 4, "counted_by": "li"}


def _after(shop: Shop, days: float) -> None:
    shop.work(after_s=days * DAY_S)


def _rows_of(shop: Shop, table: str) -> int:
    return int(shop.rows(f"SELECT count(*) FROM {table}")[0][0])


def test_an_answer_is_kept_for_a_week_under_its_key(shop: Shop, client: Client) -> None:
    client.post("/v1/counts", COUNT, key="a", status=201)
    _after(shop, 4)
    client.post("/v1/counts", COUNT, key="b", status=201)
    _after(shop, 2.9)
    assert client.post("/v1/counts", COUNT, key="a", status=201)["correction"] == -2, "told again"
    _after(shop, 0.2)
    assert shop.rows("SELECT idempotency_key FROM idempotency_key") == [("b",)]
    assert client.post("/v1/counts", COUNT, key="a", status=201)["correction"] == 0, "carried out anew"


def test_a_reader_of_pruned_changes_is_told_where_to_begin(shop: Shop, client: Client) -> None:
    shop.work()
    pruned = _rows_of(shop, "change")
    shop.clock.advance(20 * DAY_S)
    shop.load("p-tea", "tea", 7)
    shop.work()
    shop.load("p-tea", "tea", 6)
    shop.work()
    assert client.get("/v1/changes")["changes"][0]["number"] == 1
    _after(shop, 11)
    refused = client.api.get("/v1/changes", params={"after": str(pruned - 1)})
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["oldest"]) == (410, "changes_pruned", pruned + 1)
    told = client.get("/v1/changes", after=str(problem["oldest"] - 1))
    assert [one["number"] for one in told["changes"]] == [pruned + 1, pruned + 2]
    assert client.get("/v1/changes", after=str(told["last"]))["changes"] == []


def test_a_store_at_rest_for_long_forgets_all_changes_but_not_their_number(shop: Shop, client: Client) -> None:
    shop.work()
    head = _rows_of(shop, "change")
    _after(shop, 31)
    assert _rows_of(shop, "change") == 0
    problem = client.api.get("/v1/changes").json()
    assert (problem["code"], problem["oldest"]) == ("changes_pruned", head + 1)
    assert client.get("/v1/changes", after=str(head)) == {"changes": [], "last": head, "head": head}
    shop.load("p-tea", "tea", 7)
    shop.work()
    assert [one["number"] for one in client.get("/v1/changes", after=str(head))["changes"]] == [head + 1]


def test_a_new_shop_has_pruned_nothing(client: Client) -> None:
    assert client.get("/v1/changes") == {"changes": [], "last": 0, "head": 0}
