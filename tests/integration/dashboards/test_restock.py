"""Staff before the restock list: they take what is to be done, say what they did, and read how things stand."""

from __future__ import annotations

import re

import pytest

from cloud.access.login.model import Role
from cloud.replenishment import service as replenishment
from tests.integration.cloud.shop import Shop
from tests.integration.dashboards.visitor import PATH, LogIn, Visitor

pytestmark = pytest.mark.database


@pytest.fixture
def task_id(shop: Shop) -> str:
    """The task of a shelf that ran low: 2 of 12 left, 6 in the backroom."""
    return _run_low(shop)


def _run_low(shop: Shop) -> str:
    shop.load("p-tea", "tea", 8)
    shop.load("p-tea", "tea", 2, kind="pick", moved=6)
    shop.work()
    shop.work(after_s=30)
    ((task_id,),) = shop.rows("SELECT task_id FROM task WHERE state = 'open'")
    return str(task_id)


def _row(shop: Shop, task_id: str) -> tuple[object, ...]:
    (row,) = shop.rows(f"SELECT state, assignee, done_units FROM task WHERE task_id = '{task_id}'")
    return row


def _text(html: str) -> str:
    """What a person reads: no tags, one space between words."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_a_low_shelf_is_a_card_that_says_what_to_carry_where(log_in: LogIn, task_id: str) -> None:
    html = log_in("staff").get("restock")
    text = _text(html)
    assert "Oolong tea" in text
    assert "Low 2 left of 12" in text
    assert "Carry 6 from the backroom (6 there)" in text
    assert f'href="{PATH}/shelves/b1-s1"' in html
    assert f'action="{PATH}/tasks/{task_id}/take"' in html


def test_the_card_speaks_chinese(log_in: LogIn, task_id: str) -> None:
    text = _text(log_in("staff").get("restock", language="zh"))
    assert "乌龙茶" in text
    assert "从后仓取 6 件 （后仓有 6 件）" in text


def test_the_card_shows_the_shelf_of_now_and_not_of_when_it_was_asked(
    shop: Shop, log_in: LogIn, task_id: str
) -> None:  # fmt: skip
    shop.load("p-tea", "tea", 0, kind="pick", moved=2)
    assert "Empty 0 left of 12" in _text(log_in("staff").get("restock/list"))


def test_when_all_shelves_are_well_the_list_says_so(log_in: LogIn) -> None:
    assert "Nothing to restock All shelves are well." in _text(log_in("staff").get("restock"))


def test_taking_a_task_makes_it_ones_own(shop: Shop, log_in: LogIn, task_id: str) -> None:
    staff = log_in("staff")
    answer = staff.post(f"tasks/{task_id}/take", status=200, htmx=True)
    assert "<html" not in answer.text
    assert "How many did you put on the shelf?" in answer.text
    assert re.search(r'name="units"[^>]*value="6"', answer.text)
    assert "Oolong tea is yours." in _text(answer.text)
    assert _row(shop, task_id)[:2] == ("taken", "staff-0")


def test_without_script_a_form_leads_back_to_the_page_with_the_same_words(log_in: LogIn, task_id: str) -> None:
    staff = log_in("staff")
    back = staff.post(f"tasks/{task_id}/take", status=303).headers["location"]
    page = staff.get(back)
    assert "<html" in page
    assert "Oolong tea is yours." in _text(page)
    assert "How many did you put on the shelf?" in page


def test_a_second_tap_on_take_changes_nothing(shop: Shop, log_in: LogIn, task_id: str) -> None:
    staff = log_in("staff")
    for _ in range(2):
        answer = staff.post(f"tasks/{task_id}/take", status=200, htmx=True)
    assert "Oolong tea is yours." in _text(answer.text)
    ((count,),) = shop.rows("SELECT count(*) FROM change_outbox WHERE kind = 'task' AND body->>'state' = 'taken'")
    assert count == 1


def test_a_task_somebody_else_has_taken_says_who_and_when(shop: Shop, log_in: LogIn, task_id: str) -> None:
    first, second = log_in("staff"), log_in("manager")
    first.post(f"tasks/{task_id}/take", status=200, htmx=True)
    answer = second.post(f"tasks/{task_id}/take", status=200, htmx=True)
    assert re.search(r"Staff-0 took this task at \d\d:\d\d", _text(answer.text))
    assert "Staff-0 is on it" in _text(answer.text)
    assert _row(shop, task_id)[:2] == ("taken", "staff-0")
    answer = second.post(f"tasks/{task_id}/done", status=200, htmx=True, units="6")
    assert "Staff-0 took this task" in _text(answer.text)
    assert _row(shop, task_id)[0] == "taken"


def test_what_staff_put_there_waits_for_the_scale_and_goes_when_it_was_seen(
    shop: Shop, log_in: LogIn, task_id: str
) -> None:  # fmt: skip
    staff = log_in("staff")
    staff.post(f"tasks/{task_id}/take", status=200, htmx=True)
    for _ in range(2):
        answer = staff.post(f"tasks/{task_id}/done", status=200, htmx=True, units="6")
        text = _text(answer.text)
        assert "Waiting for the scale to see it · You put 6 there" in text
        assert "Thank you." in text
    assert _row(shop, task_id) == ("done", "staff-0", 6)
    shop.load("p-tea", "tea", 8, kind="refill", moved=6)
    shop.work()
    shop.work()
    assert _row(shop, task_id)[0] == "verified"
    text = _text(staff.get("restock/list"))
    assert "Done: the scale has seen it." in text
    assert "Nothing to restock" in text
    shop.clock.advance(60)
    assert "Done" not in _text(staff.get("restock/list"))


def test_a_task_can_be_done_at_once_by_whoever_has_a_page_that_is_old(
    shop: Shop, log_in: LogIn, task_id: str
) -> None:  # fmt: skip
    log_in("staff").post(f"tasks/{task_id}/done", status=200, htmx=True, units="6")
    assert _row(shop, task_id) == ("done", "staff-0", 6)


def test_an_empty_backroom_is_told_and_what_lacks_is_ordered(shop: Shop, log_in: LogIn, task_id: str) -> None:
    staff = log_in("staff")
    staff.post(f"tasks/{task_id}/take", status=200, htmx=True)
    answer = staff.post(f"tasks/{task_id}/done", status=200, htmx=True, units="6", nothing="yes")
    text = _text(answer.text)
    assert "The backroom has no Oolong tea. It is ordered by itself." in text
    assert "On its way" in text
    assert "12 ordered · none received yet" in text
    assert _row(shop, task_id) == ("done", "staff-0", 0)


def test_a_shelf_that_lacks_goods_nobody_has_is_told_of_apart(shop: Shop, log_in: LogIn) -> None:
    shop.load("p-gum", "gum", 15)
    shop.load("p-gum", "gum", 2, kind="pick", moved=13)
    shop.work()
    shop.work(after_s=30)
    text = _text(log_in("staff").get("restock"))
    assert "Nothing to carry now." in text
    assert "On its way" in text
    assert "18 ordered" in text
    assert "2 left of 20" in text
    (order_id,) = shop.rows("SELECT order_id FROM replenishment_order")[0]
    replenishment.receive(shop.connection, order_id, units=5, at=shop.clock.now())
    shop.connection.commit()
    assert "5 received" in _text(log_in("staff").get("restock"))


WRONG_UNITS = {
    "": "Enter how many you put on the shelf.",
    "lots": "Enter a whole number of units, such as 6.",
    "-2": "Enter a whole number of units, such as 6.",
    "0": "press “Nothing in the backroom”",
    "1000001": "That is more than a million.",
    "13": "The place holds 12. If 13 is right, press Done again.",
}


@pytest.mark.parametrize("htmx", [True, False])
def test_wrong_units_are_named_and_stay_in_the_field(shop: Shop, log_in: LogIn, task_id: str, htmx: bool) -> None:
    staff = log_in("staff")
    staff.post(f"tasks/{task_id}/take", status=200, htmx=True)
    for units, words in WRONG_UNITS.items():
        answer = staff.post(f"tasks/{task_id}/done", status=422, htmx=htmx, units=units)
        assert ("<html" in answer.text) is not htmx
        assert words in _text(answer.text)
        field = re.search(rf'<input[^>]*id="units-{task_id}"[^>]*>', answer.text)
        assert field is not None
        assert f'value="{units}"' in field[0]
        assert f'aria-describedby="error-{task_id}"' in field[0]
    assert _row(shop, task_id)[0] == "taken"


def test_more_than_the_plan_says_is_taken_when_it_is_said_twice(shop: Shop, log_in: LogIn, task_id: str) -> None:
    staff = log_in("staff")
    staff.post(f"tasks/{task_id}/take", status=200, htmx=True)
    staff.post(f"tasks/{task_id}/done", status=422, htmx=True, units="14", sure="13")
    staff.post(f"tasks/{task_id}/done", status=200, htmx=True, units="14", sure="14")
    assert _row(shop, task_id) == ("done", "staff-0", 14)


def test_steppers_work_without_script(log_in: LogIn, task_id: str) -> None:
    staff = log_in("staff")
    staff.post(f"tasks/{task_id}/take")
    page = staff.post(f"tasks/{task_id}/done", status=200, units="6", step="1").text
    assert re.search(r'name="units"[^>]*value="7"', page)
    page = staff.post(f"tasks/{task_id}/done", status=200, units="7", step="-1").text
    assert re.search(r'name="units"[^>]*value="6"', page)


def test_a_card_that_has_ended_meanwhile_says_so(shop: Shop, log_in: LogIn, task_id: str) -> None:
    staff = log_in("staff")
    shop.load("p-tea", "tea", 12, kind="refill", moved=10)
    shop.work()
    shop.work()
    assert _row(shop, task_id)[0] == "cancelled"
    for act in ("take", "done"):
        answer = staff.post(f"tasks/{task_id}/{act}", status=200, htmx=True, units="6")
        assert "there is nothing left to do for Oolong tea." in _text(answer.text)


def test_a_card_the_scale_has_verified_says_so(shop: Shop, log_in: LogIn, task_id: str) -> None:
    staff = log_in("staff")
    staff.post(f"tasks/{task_id}/take", status=200, htmx=True)
    shop.load("p-tea", "tea", 12, kind="refill", moved=10)
    shop.work()
    shop.work()
    answer = staff.post(f"tasks/{task_id}/done", status=200, htmx=True, units="6")
    assert "The scale saw Oolong tea on the shelf" in _text(answer.text)
    assert _row(shop, task_id)[0] == "verified"


def test_a_task_that_never_was_is_named_in_words(site: Visitor) -> None:
    for task_id in ("tsk_unknown", "tsk.%00", "a" * 80, "%E8%8C%B6"):
        for act in ("take", "done"):
            answer = site.post(f"tasks/{task_id}/{act}", status=200, htmx=True, units="6")
            assert "This store has no such task." in _text(answer.text)
        back = site.post(f"tasks/{task_id}/take", status=303).headers["location"]
        assert "This store has no such task." in _text(site.get(back))


def test_a_task_of_another_kind_is_not_on_this_list(shop: Shop, site: Visitor, task_id: str) -> None:
    shop.connection.execute("UPDATE task SET kind = 'investigate'")
    shop.connection.commit()
    assert f"{task_id}/take" not in site.get("restock/list")
    answer = site.post(f"tasks/{task_id}/done", status=200, htmx=True, nothing="yes")
    assert "This store has no such task." in _text(answer.text)
    assert _row(shop, task_id)[0] == "open"
    assert shop.places("tea")["backroom"] == 6


def test_a_form_that_is_not_ours_does_nothing(shop: Shop, log_in: LogIn, task_id: str) -> None:
    staff = log_in("staff")
    ours = {"units": "6", "csrf": staff.csrf}
    for act in ("take", "done"):
        path = f"{PATH}/tasks/{task_id}/{act}"
        assert staff.client.post(path, data={"units": "6"}).status_code == 403
        assert staff.client.post(path, data={"units": "6", "csrf": "0" * 64}).status_code == 403
        assert staff.client.post(path, data=ours, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert _row(shop, task_id) == ("open", None, None)


@pytest.mark.parametrize("role", ["installer", "developer", "loss_prevention"])
def test_whose_role_does_not_carry_goods_sees_and_does_nothing(
    shop: Shop, log_in: LogIn, task_id: str, role: Role
) -> None:  # fmt: skip
    visitor = log_in(role)
    visitor.get("restock", status=403)
    visitor.get("restock/list", status=403)
    visitor.post(f"tasks/{task_id}/take", status=403, htmx=True)
    visitor.post(f"tasks/{task_id}/done", status=403, htmx=True, units="6")
    assert _row(shop, task_id) == ("open", None, None)


def test_a_store_one_does_not_know_has_no_list(log_in: LogIn, task_id: str) -> None:
    staff = log_in("staff")
    staff.get("/stores/other/restock", status=404)
    staff.get("/stores/other/restock/list", status=404)
    staff.post(f"/stores/other/tasks/{task_id}/take", status=404)


def test_an_address_that_can_be_no_store_is_no_page(shop: Shop, site: Visitor) -> None:
    shop.connection.execute("UPDATE person SET stores = '{*}'")
    shop.connection.commit()
    for path in ("/stores/%00/restock", "/stores/%00/restock/list", "/stores/%00/losses", "/stores/nowhere/restock"):
        site.get(path, status=404)


def test_the_first_load_is_small(log_in: LogIn, task_id: str) -> None:
    """Goal of the issue: under 150 KB compressed, with everything the page links to."""
    staff = log_in("staff")
    page = staff.ask("restock")
    links = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text))
    assert len(links) > 5
    sizes = [_size(staff, path) for path in (f"{PATH}/restock", *sorted(links))]
    assert sum(sizes) < 150_000


def _size(visitor: Visitor, path: str) -> int:
    with visitor.client.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.status_code == 200
        return sum(len(chunk) for chunk in answer.iter_raw())
