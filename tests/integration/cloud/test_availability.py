"""The answer a shop's program gets, and the ways it is told no."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.integration.cloud.shop import STORE, Client, Shop

pytestmark = pytest.mark.database


def test_an_answer_says_how_many_where_and_how_sure(shop: Shop, client: Client) -> None:
    shop.load("p-tea", "tea", 8)
    shop.work()
    shop.clock.advance(12)
    answer = client.api.get("/v1/availability/tea", params={"store": STORE})
    told = answer.json()
    assert answer.headers["age"] == "12"
    assert told["change"] > 0
    assert {key: told[key] for key in ("on_shelf", "unsensed", "backroom", "incoming", "reserved", "sellable")} == {
        "on_shelf": 8, "unsensed": 0, "backroom": 6, "incoming": 0, "reserved": 0, "sellable": 14,
    }  # fmt: skip
    assert (told["status"], told["confidence"], told["basis"]) == ("in_stock", 0.99, ["ledger", "weight"])


def _as_of(client: Client, sku: str) -> str:
    return str(client.get(f"/v1/availability/{sku}", store=STORE)["as_of"])


def test_figures_not_yet_projected_do_not_make_an_answer_look_fresh(shop: Shop, client: Client) -> None:
    shop.load("p-tea", "tea", 8)
    shop.work()
    old = _as_of(client, "tea")
    shop.clock.advance(60)
    shop.load("p-tea", "tea", 5, kind="pick", moved=3)
    told = client.get("/v1/availability/tea", store=STORE)
    assert (told["on_shelf"], told["as_of"]) == (8, old), "the worker has not seen the pick"
    shop.work()
    told = client.get("/v1/availability/tea", store=STORE)
    assert (told["on_shelf"], told["as_of"]) == (5, "2026-01-01T00:01:00Z")


def test_a_heartbeat_keeps_an_unchanged_answer_young(shop: Shop, client: Client) -> None:
    shop.load("p-tea", "tea", 8)
    shop.work()
    shop.clock.advance(60)
    shop.confirm("p-tea")
    assert _as_of(client, "tea") == "2026-01-01T00:01:00Z"


def test_the_slowest_of_two_shelves_decides_how_old_the_answer_is(shop: Shop, client: Client) -> None:
    two = "position,sku,bay,shelf,plates,zones,capacity\np-tea,tea,b1,b1-s1,l1,,12\np-tea2,tea,b1,b1-s2,l2,,12\n"
    shop.put_planogram(two)
    shop.load("p-tea", "tea", 8)
    shop.clock.advance(60)
    shop.load("p-tea2", "tea", 3)
    shop.work()
    assert _as_of(client, "tea") == "2026-01-01T00:00:00Z"
    shop.clock.advance(60)
    shop.confirm("p-tea")
    assert _as_of(client, "tea") == "2026-01-01T00:01:00Z"


def test_a_promise_is_lower_than_the_best_guess_when_the_scale_is_unsure(shop: Shop, client: Client) -> None:
    shop.load("p-tea", "tea", 8, sure=0.9)
    shop.work()
    told = client.get("/v1/availability/tea", store=STORE)
    assert (told["on_shelf"], told["sellable"]) == (8, 13), "5 % for 7 units is more than 1 %"


def test_an_answer_not_changed_is_not_sent_again(shop: Shop, client: Client) -> None:
    shop.load("p-tea", "tea", 8)
    shop.work()
    tag = client.api.get("/v1/availability/tea", params={"store": STORE}).headers["etag"]
    again = client.api.get("/v1/availability/tea", params={"store": STORE}, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    shop.load("p-tea", "tea", 7, kind="pick", moved=1)
    shop.work()
    changed = client.api.get("/v1/availability/tea", params={"store": STORE}, headers={"If-None-Match": tag})
    assert changed.status_code == 200


def test_many_pairs_are_answered_in_the_order_asked(shop: Shop, client: Client) -> None:
    shop.load("p-tea", "tea", 8)
    shop.work()
    pairs = [
        {"sku": sku, "store": store} for sku, store in (("gum", STORE), ("cola", STORE), ("tea", STORE), ("tea", "x"))
    ]
    told = client.api.post("/v1/availability/query", json={"pairs": pairs}).json()
    assert [one["sku"] for one in told["answers"]] == ["gum", "tea"]
    assert told["unknown"] == [{"sku": "cola", "store": STORE}, {"sku": "tea", "store": "x"}]
    assert told["change"] == told["answers"][0]["change"]


def test_too_many_pairs_are_refused_with_the_limit(client: Client) -> None:
    pairs = [{"sku": f"s{number}", "store": STORE} for number in range(501)]
    answer = client.api.post("/v1/availability/query", json={"pairs": pairs})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert "500" in answer.json()["detail"]


def test_a_shelf_that_holds_less_than_is_promised_is_believed(shop: Shop, client: Client) -> None:
    shop.load("p-tea", "tea", 8)
    shop.work()
    with shop.connection.transaction():
        shop.connection.execute("UPDATE stock SET reserved = 14 WHERE sku = 'tea'")
    shop.load("p-tea", "tea", 5, kind="pick", moved=3)
    shop.work()
    assert client.get("/v1/availability/tea", store=STORE)["sellable"] == 0
    assert shop.rows("SELECT on_hand, reserved, short FROM stock WHERE sku = 'tea'") == [(11, 14, 3)]


def test_an_episode_that_changes_no_answer_makes_no_change(shop: Shop) -> None:
    shop.load("p-tea", "tea", 8)
    shop.work()
    before = shop.rows("SELECT number FROM change_head")
    shop.load("p-tea", "tea", 8)
    shop.work()
    assert shop.rows("SELECT number FROM change_head") == before


def test_changes_are_numbered_without_holes_and_told_in_order(shop: Shop, client: Client) -> None:
    shop.load("p-tea", "tea", 2, kind="pick", moved=6)
    shop.work()
    shop.work(after_s=20)
    told = client.get("/v1/changes")
    numbers = [one["number"] for one in told["changes"]]
    assert numbers == list(range(1, told["head"] + 1))
    assert {"availability", "task"} == {one["kind"] for one in told["changes"]}
    assert client.get("/v1/changes", after=str(told["last"]))["changes"] == []
    assert shop.rows("SELECT count(*) FROM change_outbox") == [(0,)]


def test_a_till_sale_empties_baskets_then_displays_and_counts_once(shop: Shop, client: Client) -> None:
    shop.load("p-gum", "gum", 15, kind="pick", moved=2)
    shop.work()
    sale = {
        "store": STORE, "sale_id": "s1", "sold_at": "2026-01-01T00:00:00Z",
        "lines": [{"sku": "gum", "units": 3}, {"sku": "gum", "units": 1}],
    }  # fmt: skip
    assert client.post("/v1/till-sales", sale, status=201)["known"] is False
    assert client.post("/v1/till-sales", sale, status=201)["known"] is True
    assert shop.places("gum") == {"display": 8, "shelf": -2}
    assert client.get("/v1/availability/gum", store=STORE)["unsensed"] == 8


def test_a_count_of_a_shelf_is_evidence_for_the_gateway(shop: Shop, client: Client) -> None:
    before = shop.rows("SELECT version FROM evidence_version")[0][0]
    count = {"store": STORE, "place": "shelf", "position": "p-tea", "sku": "tea", "units": 9, "counted_by": "li"}
    assert client.post("/v1/counts", count, status=201)["correction"] == 1
    assert shop.rows("SELECT version FROM evidence_version")[0][0] == before + 1
    assert client.post("/v1/counts", count | {"position": "p-gum"}, status=404)["code"] == "unknown_position"


@pytest.mark.parametrize("key", ["", "lsk_nonsense", "lsk_000000000000_" + "A" * 43])
def test_a_wrong_key_is_rejected(shop: Shop, client: Client, key: str) -> None:
    answer = client.api.get("/v1/tasks", params={"store": STORE}, headers={"Authorization": f"Bearer {key}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "key_rejected")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_no_key_at_all_is_rejected(client: Client) -> None:
    del client.api.headers["Authorization"]
    assert client.api.get("/v1/availability/tea", params={"store": STORE}).status_code == 401


def test_a_key_reaches_no_further_than_its_scopes_and_stores(shop: Shop) -> None:
    with shop.api(shop.new_key(scopes=("tasks:read",))) as api:
        refused = api.get("/v1/availability/tea", params={"store": STORE})
        assert (refused.status_code, refused.json()["scope"]) == (403, "availability:read")
    with shop.api(shop.new_key(stores=("elsewhere",))) as api:
        assert api.get("/v1/availability/tea", params={"store": STORE}).json()["code"] == "unknown_store"
        assert api.get("/v1/tasks", params={"store": STORE}).status_code == 404
        assert api.get("/v1/changes").json()["changes"] == []


def test_a_write_is_carried_out_once_and_told_again(shop: Shop, client: Client) -> None:
    count = {"store": STORE, "place": "backroom", "sku": "tea", "units": 4, "counted_by": "li"}
    first = client.api.post("/v1/counts", json=count, headers={"Idempotency-Key": "a"})
    again = client.api.post("/v1/counts", json=count, headers={"Idempotency-Key": "a"})
    assert (again.json(), again.headers["idempotent-replayed"]) == (first.json(), "true")
    assert "idempotent-replayed" not in first.headers
    assert client.post("/v1/counts", count | {"units": 5}, key="a", status=422)["code"] == "idempotency_key_reused"
    missing = client.api.post("/v1/counts", json=count)
    assert (missing.status_code, missing.json()["code"]) == (400, "idempotency_key_missing")
    assert shop.rows("SELECT count(*) FROM manual_count WHERE units = 4") == [(1,)]


def test_a_refused_write_may_be_tried_again_under_its_key(client: Client) -> None:
    count = {"store": STORE, "place": "shelf", "position": "nowhere", "sku": "tea", "units": 4, "counted_by": "li"}
    client.post("/v1/counts", count, key="b", status=404)
    client.post("/v1/counts", count | {"position": "p-tea"}, key="b", status=201)


def test_a_write_whose_twin_is_under_way_is_told_to_wait(shop: Shop, client: Client) -> None:
    prefix = shop.key.split("_")[1]
    count = {"store": STORE, "place": "backroom", "sku": "tea", "units": 4, "counted_by": "li"}
    with shop.connection.transaction():
        shop.connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('idempotency:' || %s || ':' || %s, 0))", (prefix, "c")
        )
        problem = client.post("/v1/counts", count, key="c", status=409)
    assert problem["code"] == "request_in_progress"
    client.post("/v1/counts", count, key="c", status=201)


def test_of_many_twins_at_once_one_is_carried_out(shop: Shop, client: Client) -> None:
    count = {"store": STORE, "place": "backroom", "sku": "tea", "units": 4, "counted_by": "li"}

    def send(_: int) -> int:
        return client.api.post("/v1/counts", json=count, headers={"Idempotency-Key": "d"}).status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = set(threads.map(send, range(24)))
    assert statuses <= {201, 409}
    assert 201 in statuses
    assert shop.rows("SELECT count(*) FROM manual_count WHERE units = 4") == [(1,)]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "no_such_path"),
        ("DELETE", "/v1/tasks", 405, "method_not_allowed"),
        ("GET", "/v1/tasks", 422, "invalid_request"),
        ("GET", "/v1/tasks?store=corner&state=sleeping", 422, "invalid_request"),
        ("GET", "/v1/availability/cola?store=corner", 404, "unknown_sku"),
    ],
)
def test_every_error_is_a_problem_with_a_code(client: Client, method: str, path: str, status: int, code: str) -> None:
    answer = client.api.request(method, path, headers={"X-Request-Id": "shop-42-abc"})
    assert (answer.status_code, answer.json()["code"], answer.json()["status"]) == (status, code, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"] == "shop-42-abc"


def test_a_database_without_tables_is_a_problem_and_not_ready(shop: Shop, client: Client) -> None:
    shop.connection.execute("ALTER TABLE change_head RENAME TO change_tail")
    shop.connection.commit()
    broken = client.api.get("/v1/availability/tea", params={"store": STORE})
    assert (broken.status_code, broken.json()["code"]) == (500, "internal_error")
    assert "change_head" not in json.dumps(broken.json())
    assert client.api.get("/livez").status_code == 200
    assert client.api.get("/readyz").status_code == 500


def test_health_and_figures_are_open_to_all(shop: Shop, client: Client) -> None:
    del client.api.headers["Authorization"]
    assert client.api.get("/readyz").json() == {"status": "ok"}
    text = client.api.get("/metrics").text
    assert 'liveshelf_api_requests_total{method="GET",route="/readyz",status="200"} 1.0' in text
