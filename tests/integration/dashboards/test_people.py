"""Accounts: one's own password, and everybody's for administrators."""

from __future__ import annotations

import re

import pytest
from httpx2 import Response

from cloud.access.login import service as logins
from cloud.access.login.model import Role
from cloud.access.login.service import LoginRefused
from dashboards.web.visit import SESSION_COOKIE, wall_now
from tests.integration.cloud.shop import STORE, Shop
from tests.integration.dashboards.visitor import PASSWORD, LogIn, Visitor

pytestmark = pytest.mark.database

NEW_PASSWORD = "warm tea, low shelves"


def _text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def _enters(shop: Shop, login: str, password: str) -> bool:
    try:
        logins.log_in(shop.connection, login, password, address="10.0.0.1", wall_at=wall_now())
    except LoginRefused:
        return False
    return True


def _sessions(shop: Shop) -> int:
    ((count,),) = shop.rows("SELECT count(*) FROM session")
    return int(count)


def _add(visitor: Visitor, *, status: int, **fields: str) -> Response:
    """Send the form of a new person; `stores` are the stores that are ticked."""
    ticked = {f"store:{store}": "yes" for store in fields.pop("stores", "").split()}
    answer = visitor.client.post("/people/new", data={"csrf": visitor.csrf, **fields, **ticked})
    assert answer.status_code == status, answer.text
    return answer


def _ended(visitor: Visitor) -> bool:
    return visitor.client.get("/account").status_code == 303


def test_everybody_finds_the_own_account_in_the_menu(log_in: LogIn) -> None:
    staff = log_in("staff")
    menu = staff.get("restock")
    assert 'href="/account"' in menu
    assert 'href="/people"' not in menu
    text = _text(staff.get("/account"))
    assert "Name Staff-0 Log-in name staff-0 Role Store staff Stores corner" in text
    assert "我的账号" in staff.get("/account", language="zh")


def test_a_new_password_holds_and_ends_the_other_sessions(shop: Shop, log_in: LogIn) -> None:
    here = log_in("staff")
    other = logins.log_in(shop.connection, "staff-0", PASSWORD, address="10.0.0.2", wall_at=wall_now())
    back = here.post("/account/password", current=PASSWORD, new=NEW_PASSWORD, again=NEW_PASSWORD).headers["location"]
    assert "Your password is changed." in _text(here.get(back))
    assert logins.session_of(shop.connection, other, wall_at=wall_now()) is None
    assert _sessions(shop) == 1
    assert _enters(shop, "staff-0", NEW_PASSWORD)
    assert not _enters(shop, "staff-0", PASSWORD)


def test_every_wrong_field_of_a_new_password_is_named(shop: Shop, log_in: LogIn) -> None:
    staff = log_in("staff")
    wrong = {
        ("", "", ""): ("Enter the password you have now.", "at least 8 characters"),
        ("not it at all", "short", "other"): (
            "This is not your password.", "at least 8 characters", "This is not the same as the new password.",
        ),
        (PASSWORD, "password1", "password1"): ("This is among the first that are guessed.",),
        (PASSWORD, NEW_PASSWORD, PASSWORD): ("This is not the same as the new password.",),
        (PASSWORD, "a" * 257, "a" * 257): ("at most 256 characters",),
    }  # fmt: skip
    for (current, new, again), words in wrong.items():
        answer = staff.post("/account/password", status=422, current=current, new=new, again=again)
        for part in words:
            assert part in _text(answer.text)
        assert answer.text.count('aria-invalid="true"') == len(words)
        assert NEW_PASSWORD not in answer.text
    assert _enters(shop, "staff-0", PASSWORD)
    assert _sessions(shop) == 2, "what was begun to check the password has ended"


def test_guessing_the_own_password_is_slowed_down_as_at_the_log_in(log_in: LogIn) -> None:
    staff = log_in("staff")
    for _ in range(6):
        answer = staff.post("/account/password", status=422, current="guess", new=NEW_PASSWORD, again=NEW_PASSWORD)
    assert re.search(r"Too many wrong tries. Wait \d+ second", _text(answer.text))


def test_a_form_that_is_not_ours_changes_no_password(shop: Shop, log_in: LogIn) -> None:
    staff = log_in("staff")
    fields = {"current": PASSWORD, "new": NEW_PASSWORD, "again": NEW_PASSWORD}
    assert staff.client.post("/account/password", data=fields).status_code == 403
    assert _enters(shop, "staff-0", PASSWORD)


def test_whoever_is_logged_out_has_no_account_page(site: Visitor) -> None:
    site.client.cookies.clear()
    assert site.client.get("/account").headers["location"] == "/login?next=%2Faccount"
    assert site.client.get("/people").headers["location"] == "/login?next=%2Fpeople"


@pytest.mark.parametrize("role", ["staff", "manager", "loss_prevention"])
def test_only_administrators_see_and_change_people(shop: Shop, log_in: LogIn, role: Role) -> None:
    visitor = log_in(role)
    for path in ("/people", "/people/new", "/people/1"):
        visitor.get(path, status=403)
    for path in ("/people/new", "/people/1/password", "/people/1/disable", "/people/1/enable"):
        visitor.post(path, status=403, password=NEW_PASSWORD)
    assert _enters(shop, f"{role}-0", PASSWORD)


def test_an_administrator_adds_a_person_who_can_log_in(shop: Shop, site: Visitor) -> None:
    assert "Add a person" in site.get("/people")
    answer = _add(site, status=303, login="Mei ", name="Mei Lin", role="staff", stores=STORE, password=NEW_PASSWORD)
    back = answer.headers["location"]
    assert "Mei Lin can log in now." in _text(site.get(back))
    assert "Mei Lin mei" in _text(site.get("/people"))
    (mei,) = [one for one in logins.people(shop.connection) if one.login == "mei"]
    assert (mei.role, mei.stores) == ("staff", frozenset({STORE}))
    assert _enters(shop, "mei", NEW_PASSWORD)


def test_every_wrong_field_of_a_new_person_is_named_and_what_was_typed_stays(shop: Shop, site: Visitor) -> None:
    answer = _add(site, status=422, name="", login=" ", role="boss", password="short")
    text = _text(answer.text)
    for words in (
        "Enter what the person is called.", "Enter a log-in name.", "Choose a role.", "Choose at least one store.",
        "A password has at least 8 characters.",
    ):  # fmt: skip
        assert words in text
    typed = {"login": "ADMIN-0", "name": 'Mei "M" Lin', "role": "manager", "stores": STORE}
    answer = _add(site, status=422, **typed, password=NEW_PASSWORD)
    assert "Somebody has this log-in name already." in _text(answer.text)
    assert 'value="ADMIN-0"' in answer.text
    assert 'value="Mei &#34;M&#34; Lin"' in answer.text
    assert '<option value="manager" selected>' in answer.text
    assert re.search(rf'name="store:{STORE}" value="yes" checked', answer.text)
    assert NEW_PASSWORD not in answer.text
    answer = _add(site, status=422, stores="elsewhere")
    assert "Choose at least one store." in _text(answer.text)
    assert len(logins.people(shop.connection)) == 1


def test_whom_an_administrator_shuts_out_is_logged_out_until_let_in_again(
    shop: Shop, log_in: LogIn, site: Visitor
) -> None:  # fmt: skip
    staff = log_in("staff")
    (person,) = [one for one in logins.people(shop.connection) if one.role == "staff"]
    page = f"/people/{person.person_id}"
    back = site.post(f"{page}/disable").headers["location"]
    assert "cannot log in." in _text(site.get(back))
    assert _ended(staff)
    assert not _enters(shop, person.login, PASSWORD)
    back = site.post(f"{page}/enable").headers["location"]
    assert "can log in again" in _text(site.get(back))
    assert _enters(shop, person.login, PASSWORD)


def test_nobody_shuts_themselves_out(shop: Shop, site: Visitor) -> None:
    (admin,) = logins.people(shop.connection)
    answer = site.post(f"/people/{admin.person_id}/disable", status=422)
    assert "You cannot shut yourself out." in _text(answer.text)
    assert "Add a person" in site.get("/people")


def test_an_administrator_gives_another_password(shop: Shop, log_in: LogIn, site: Visitor) -> None:
    staff = log_in("staff")
    (person,) = [one for one in logins.people(shop.connection) if one.role == "staff"]
    answer = site.post(f"/people/{person.person_id}/password", status=422, password="short")
    assert "A password has at least 8 characters." in _text(answer.text)
    back = site.post(f"/people/{person.person_id}/password", password=NEW_PASSWORD).headers["location"]
    assert "The password is changed" in _text(site.get(back))
    assert _ended(staff)
    assert _enters(shop, person.login, NEW_PASSWORD)


def test_giving_oneself_another_password_does_not_log_one_out(shop: Shop, site: Visitor) -> None:
    (admin,) = logins.people(shop.connection)
    site.post(f"/people/{admin.person_id}/password", password=NEW_PASSWORD)
    assert site.client.cookies.get(SESSION_COOKIE)
    assert not _ended(site)


def test_somebody_who_never_was_has_no_page(site: Visitor) -> None:
    site.get("/people/999999999999999999999", status=404)
    site.post("/people/4711/disable", status=404)
