"""A sweep goes to loss prevention at once, and never to the restock list before somebody has looked, or time is up."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.cloud.shop import Client, Shop

pytestmark = pytest.mark.database


def _sweep(shop: Shop, *, left: int = 1) -> None:
    shop.load("p-tea", "tea", left, kind="sweep", moved=8 - left)
    shop.work()


def _of_kind(client: Client, kind: str, state: str | None = None) -> list[dict[str, Any]]:
    return [task for task in client.tasks(state) if task["kind"] == kind]


def test_a_sweep_is_a_task_for_loss_prevention_at_once(shop: Shop, client: Client) -> None:
    _sweep(shop)
    (task,) = client.tasks()
    assert (task["kind"], task["state"], task["position"]) == ("investigate", "open", "p-tea")
    assert (task["reason"], task["suggested_units"], task["workable"]) == ("7 taken at once", 7, True)
    assert shop.places("tea") == {"backroom": 6, "basket": 7, "shelf": 1}


def test_what_was_swept_is_off_the_restock_list_until_somebody_has_looked(shop: Shop, client: Client) -> None:
    _sweep(shop)
    shop.work(after_s=60)
    assert _of_kind(client, "refill") == []
    assert client.orders() == []
    assert shop.rows("SELECT position FROM shortage WHERE closed_at IS NULL") == [("p-tea",)], (
        "it is short all the same"
    )
    (task,) = _of_kind(client, "investigate")
    assert client.post(f"/v1/tasks/{task['task_id']}/take", {"assignee": "lou"})["state"] == "taken"
    done = client.post(f"/v1/tasks/{task['task_id']}/done", {"units": 0})
    assert (done["state"], done["closed_at"] is not None) == ("done", True)
    assert shop.places("tea")["backroom"] == 6, "nothing found says nothing of the backroom"
    (refill,) = _of_kind(client, "refill", "open")
    assert refill["position"] == "p-tea"


def test_after_half_an_hour_the_normal_path_goes_on(shop: Shop, client: Client) -> None:
    _sweep(shop)
    shop.work(after_s=60)
    shop.work(after_s=29 * 60 - 30)
    shop.confirm("p-tea")
    assert [task["kind"] for task in client.tasks("open")] == ["investigate"]
    shop.work(after_s=60)
    assert [task["state"] for task in _of_kind(client, "investigate")] == ["cancelled"]
    assert [task["state"] for task in _of_kind(client, "refill")] == ["open"]


def test_a_case_somebody_took_stays_theirs_but_holds_the_shelf_no_longer_than_others(
    shop: Shop, client: Client
) -> None:
    _sweep(shop)
    shop.work(after_s=60)
    (task,) = client.tasks()
    client.post(f"/v1/tasks/{task['task_id']}/take", {"assignee": "lou"})
    shop.work(after_s=31 * 60)
    assert [task["state"] for task in _of_kind(client, "investigate")] == ["taken"]
    assert [task["state"] for task in _of_kind(client, "refill")] == ["open"]
    assert client.post(f"/v1/tasks/{task['task_id']}/done", {"units": 3})["state"] == "done"


def test_a_refill_nobody_took_is_taken_off_the_list_when_its_place_is_swept(shop: Shop, client: Client) -> None:
    shop.put_planogram("position,sku,bay,shelf,plates,zones,capacity,low_units\np-tea,tea,b1,b1-s1,b1-s1-l1,,40,9\n")
    shop.load("p-tea", "tea", 8, kind="pick", moved=1)
    shop.work()
    shop.work(after_s=20)
    (refill,) = client.tasks("open")
    _sweep(shop)
    # Both were opened in one instant of the hand-moved clock: which is told first says nothing.
    assert {(task["kind"], task["state"]) for task in client.tasks()} == {
        ("refill", "cancelled"),
        ("investigate", "open"),
    }
    assert len(client.tasks()) == 2
    problem = client.post(f"/v1/tasks/{refill['task_id']}/take", {"assignee": "mei"}, status=409)
    assert problem["current"]["reason"].endswith("; the place was swept")


def test_two_sweeps_of_one_place_are_one_case_and_one_after_it_is_closed_another(shop: Shop, client: Client) -> None:
    _sweep(shop, left=4)
    _sweep(shop, left=0)
    (task,) = client.tasks()
    client.post(f"/v1/tasks/{task['task_id']}/done", {"units": 0})
    shop.clock.advance(60)
    shop.load("p-tea", "tea", 12, kind="refill", moved=12)
    _sweep(shop)
    assert [task["state"] for task in _of_kind(client, "investigate")] == ["done", "open"]


def test_other_places_are_restocked_as_ever(shop: Shop, client: Client) -> None:
    count = {"store": "corner", "place": "backroom", "sku": "gum", "units": 9, "counted_by": "li"}
    client.post("/v1/counts", count, status=201)
    _sweep(shop)
    shop.load("p-gum", "gum", 1, kind="pick", moved=2)
    shop.work()
    shop.work(after_s=20)
    assert [task["sku"] for task in _of_kind(client, "refill")] == ["gum"]


def test_what_was_swept_and_brought_back_is_no_shortage(shop: Shop, client: Client) -> None:
    _sweep(shop)
    shop.work(after_s=60)
    shop.load("p-tea", "tea", 8, kind="refill", moved=7)
    shop.work()
    shop.work(after_s=40 * 60)
    assert _of_kind(client, "refill") == []


def test_a_sweep_of_an_hour_ago_is_history(shop: Shop, client: Client) -> None:
    shop.load("p-tea", "tea", 1, kind="sweep", moved=7, age_s=3600)
    shop.work()
    assert client.tasks() == []


@pytest.mark.parametrize(("seen", "ends"), [(0, "cancelled"), (1, "verified")])
def test_a_refill_somebody_took_and_forgot_is_asked_for_again(shop: Shop, client: Client, seen: int, ends: str) -> None:
    shop.load("p-tea", "tea", 2, kind="pick", moved=6)
    shop.work()
    shop.work(after_s=20)
    (task,) = client.tasks()
    client.post(f"/v1/tasks/{task['task_id']}/take", {"assignee": "visitor"})
    shop.clock.advance(30)
    if seen:
        shop.load("p-tea", "tea", 3, kind="refill", moved=1)
    shop.work(after_s=29 * 60)
    assert [one["state"] for one in client.tasks()] == ["taken"]
    shop.work(after_s=60)
    assert [one["state"] for one in client.tasks()] == [ends, "open"]
