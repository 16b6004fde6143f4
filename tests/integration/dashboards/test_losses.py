"""Loss prevention before its cases: what was swept, what it is worth, and what came of it."""

from __future__ import annotations

import re

import pytest

from cloud.access.login.model import Role
from tests.integration.cloud.shop import Shop
from tests.integration.dashboards.visitor import PATH, LogIn

pytestmark = pytest.mark.database


@pytest.fixture
def task_id(shop: Shop) -> str:
    """The case of a shelf from which 8 units left at once."""
    shop.load("p-tea", "tea", 0, kind="sweep", moved=8)
    shop.work()
    ((task_id,),) = shop.rows("SELECT task_id FROM task WHERE kind = 'investigate'")
    return str(task_id)


def _text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def _row(shop: Shop, task_id: str) -> tuple[object, ...]:
    (row,) = shop.rows(f"SELECT state, assignee, done_units FROM task WHERE task_id = '{task_id}'")
    return row


def test_a_sweep_is_a_case_with_what_is_missing_and_what_that_is_worth(log_in: LogIn, task_id: str) -> None:
    html = log_in("loss_prevention").get("losses")
    text = _text(html)
    assert "Oolong tea 8 units missing" in text
    assert "Worth €28.00" in text
    assert "There now 0 of 12" in text
    assert f'href="{PATH}/shelves/b1-s1"' in html


def test_a_swept_shelf_is_not_on_the_restock_list_until_somebody_has_looked(
    shop: Shop, log_in: LogIn, task_id: str
) -> None:  # fmt: skip
    staff, guard = log_in("staff"), log_in("loss_prevention")
    shop.work(after_s=30)
    assert "Oolong tea" not in staff.get("restock")
    answer = guard.post(f"losses/{task_id}/done", status=200, htmx=True, units="3")
    text = _text(answer.text)
    assert "<html" not in answer.text
    assert "Loss_Prevention-1 has looked into Oolong tea. Staff may refill the shelf now." in text
    assert "Nothing to look into" in text
    assert "3 found again" in text
    assert _row(shop, task_id) == ("done", "loss_prevention-1", 3)
    assert shop.places("tea")["backroom"] == 6
    shop.work()
    assert "Oolong tea" in staff.get("restock")


def test_a_case_is_closed_without_script_and_twice_without_harm(shop: Shop, log_in: LogIn, task_id: str) -> None:
    guard = log_in("loss_prevention")
    for _ in range(2):
        back = guard.post(f"losses/{task_id}/done", units="").headers["location"]
        assert "has looked into Oolong tea" in _text(guard.get(back))
    assert _row(shop, task_id) == ("done", "loss_prevention-0", 0)
    assert "None found" in _text(guard.get("losses"))


def test_what_cannot_have_been_found_is_named_and_stays_in_the_field(shop: Shop, log_in: LogIn, task_id: str) -> None:
    guard = log_in("loss_prevention")
    for units, words in (("9", "Only 8 left the shelf."), ("some", "Enter a whole number of units")):
        for htmx in (True, False):
            answer = guard.post(f"losses/{task_id}/done", status=422, htmx=htmx, units=units)
            assert words in _text(answer.text)
            assert re.search(rf'id="found-{task_id}"[^>]*value="{units}"[^>]*aria-invalid', answer.text)
    assert _row(shop, task_id)[0] == "open"


def test_a_case_nobody_looked_into_in_time_says_so(shop: Shop, log_in: LogIn, task_id: str) -> None:
    guard = log_in("loss_prevention")
    shop.work(after_s=31 * 60)
    assert "Nobody looked in time" in _text(guard.get("losses"))
    answer = guard.post(f"losses/{task_id}/done", status=200, htmx=True, units="0")
    assert "ended at" in _text(answer.text)
    assert _row(shop, task_id)[0] == "cancelled"


def test_a_case_that_never_was_is_named_in_words(shop: Shop, log_in: LogIn) -> None:
    guard = log_in("loss_prevention")
    for task_id in ("tsk_unknown", "tsk.%00", "a" * 80):
        answer = guard.post(f"losses/{task_id}/done", status=200, htmx=True)
        assert "This store has no such case." in _text(answer.text)


@pytest.mark.parametrize("role", ["staff", "installer", "developer"])
def test_cases_are_not_for_every_role(shop: Shop, log_in: LogIn, task_id: str, role: Role) -> None:
    visitor = log_in(role)
    visitor.get("losses", status=403)
    visitor.get("losses/list", status=403)
    visitor.post(f"losses/{task_id}/done", status=403, units="0")
    assert _row(shop, task_id)[0] == "open"


def test_a_form_that_is_not_ours_closes_nothing(shop: Shop, log_in: LogIn, task_id: str) -> None:
    guard = log_in("loss_prevention")
    assert guard.client.post(f"{PATH}/losses/{task_id}/done", data={"units": "0"}).status_code == 403
    assert _row(shop, task_id)[0] == "open"


def test_without_a_sweep_there_is_nothing_to_look_into(log_in: LogIn) -> None:
    assert "Nothing to look into" in _text(log_in("loss_prevention").get("losses"))
    assert "没有待查看的案件" in log_in("manager").get("losses", language="zh")
