"""Every door of the pages: who may pass, with which token, and what every answer carries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from httpx2 import Response

from cloud.access.login import service as logins
from cloud.access.login.model import ROLES, Role
from cloud.catalog.service import import_planogram
from cloud.settings import CloudSettings
from contract.clock import ManualClock
from contract.ids import StoreId
from dashboards.settings import WebSettings
from dashboards.web.app import make_site
from dashboards.web.security import HEADERS
from dashboards.web.visit import wall_now
from tests.integration.cloud.shop import PLANOGRAM, STORE, Shop
from tests.integration.dashboards.visitor import LogIn, Visitor, opened

pytestmark = pytest.mark.database

ALL = frozenset(ROLES)
WORKERS: frozenset[Role] = frozenset({"staff", "manager", "admin"})
GUARDS: frozenset[Role] = frozenset({"manager", "loss_prevention", "admin"})
KEEPERS: frozenset[Role] = frozenset({"installer", "manager", "admin"})
FITTERS: frozenset[Role] = frozenset({"installer", "admin"})
ADMINS: frozenset[Role] = frozenset({"admin"})

OPEN = frozenset(
    {
        "GET /login", "POST /login", "GET /login/pin", "POST /login/pin", "POST /language", "GET /favicon.ico",
        "GET /static/{version}/{path:path}",
    }
)  # fmt: skip
"""What answers whoever is not logged in."""

MAY: dict[str, frozenset[Role]] = {
    "GET /": ALL,
    "POST /logout": ALL,
    "GET /account": ALL,
    "POST /account/password": ALL,
    "GET /people": ADMINS,
    "GET /people/new": ADMINS,
    "POST /people/new": ADMINS,
    "GET /people/{person_id}": ADMINS,
    "POST /people/{person_id}/password": ADMINS,
    "POST /people/{person_id}/disable": ADMINS,
    "POST /people/{person_id}/enable": ADMINS,
    "GET /stores/{store}/live": ALL,
    "GET /stores/{store}/map": ALL,
    "GET /stores/{store}/shelves/{shelf}": ALL,
    "GET /stores/{store}/shelves/{shelf}/fresh": ALL,
    "GET /stores/{store}/shelves/{shelf}/weights.json": ALL,
    "GET /stores/{store}/availability": ALL,
    "GET /stores/{store}/availability-list": ALL,
    "GET /stores/{store}/availability/{sku:path}": ALL,
    "GET /stores/{store}/availability-answer/{sku:path}": ALL,
    "GET /stores/{store}/restock": WORKERS,
    "GET /stores/{store}/restock/list": WORKERS,
    "POST /stores/{store}/tasks/{task_id}/take": WORKERS,
    "POST /stores/{store}/tasks/{task_id}/done": WORKERS,
    "GET /stores/{store}/losses": GUARDS,
    "GET /stores/{store}/losses/list": GUARDS,
    "POST /stores/{store}/losses/{task_id}/done": GUARDS,
    "GET /stores/{store}/system": KEEPERS,
    "GET /stores/{store}/system/list": KEEPERS,
    "GET /stores/{store}/labels": FITTERS,
    "GET /stores/{store}/devices": KEEPERS,
    "GET /stores/{store}/devices-list": KEEPERS,
    "GET /stores/{store}/devices/{device}": KEEPERS,
    "GET /stores/{store}/devices/{device}/parts": KEEPERS,
    "GET /stores/{store}/fitting": FITTERS,
    "GET /stores/{store}/fitting-list": FITTERS,
    "GET /stores/{store}/fitting-to": FITTERS,
    "POST /stores/{store}/new-devices/{device}/{deed}": FITTERS,
    "GET /stores/{store}/fitting/{position}": FITTERS,
    "GET /stores/{store}/fitting/{position}/products": FITTERS,
    "POST /stores/{store}/fitting/{position}/look": FITTERS,
    "POST /stores/{store}/fitting/{position}/demo": FITTERS,
    "POST /stores/{store}/fitting/{position}/unit-weight": FITTERS,
    "POST /stores/{store}/fitting/{position}/forget": FITTERS,
    "POST /stores/{store}/fitting/{position}/{act}": FITTERS,
    "GET /stores/{store}/devices/{device}/sheets/{plate}/{version}": FITTERS,
    "POST /demo/{action}": ALL,
    "GET /demo/said": ALL,
}
"""Which roles pass which door: a new door needs a line here."""

OTHER_STORE = StoreId("harbour")
WELCOME = frozenset({200, 204, 303, 422})
BEHIND_NOTHING = frozenset(
    {
        "GET /stores/{store}/devices/{device}", "GET /stores/{store}/devices/{device}/parts",
        "GET /stores/{store}/devices/{device}/sheets/{plate}/{version}", "POST /stores/{store}/fitting/{position}/demo",
        "POST /stores/{store}/fitting/{position}/{act}",
    }
)  # fmt: skip
"""Whoever may pass these is told that there is nothing: no such device, sheet or deed in this shop."""


@dataclass(frozen=True)
class Door:
    """One method of one path."""

    method: str
    path: str

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    def address(self, *, store: str = STORE, person: int = 0) -> str:
        """Return an address that leads here."""
        names = {
            "store": store, "shelf": "b1-s1", "sku": "tea", "task_id": "none", "person_id": str(person),
            "action": "sweep", "version": "0", "path": "icon.svg", "device": "bay-1", "deed": "identify", "plate": "l1",
            "position": "p-tea", "act": "nothing",
        }  # fmt: skip
        filled = re.sub(r"\{(\w+)(?::path)?\}", lambda match: names[match[1]], self.path)
        return filled + ("?probe=1" if filled.endswith("/live") else "")


def _doors() -> Iterator[Door]:
    site = make_site(CloudSettings(database_url="postgresql:///none"), WebSettings(), ManualClock())

    def walk(router: APIRouter | FastAPI) -> Iterator[Door]:
        for route in router.routes:
            if isinstance(route, APIRoute):
                yield from (Door(method, route.path) for method in sorted(route.methods or ()))
            else:
                yield from walk(route.original_router)  # type: ignore[attr-defined]  # how FastAPI keeps included ones

    yield from walk(site.pages)


DOORS = {door.name: door for door in _doors()}
INSIDE = [door for name, door in DOORS.items() if name not in OPEN]
POSTS = [door for door in DOORS.values() if door.method == "POST"]


@pytest.fixture
def demo(shop: Shop) -> Iterator[LogIn]:
    """The site of a demo whose command has ended: its buttons answer that."""
    with opened(shop, demo_control="/nonexistent/liveshelf") as log_in:
        yield log_in


def _knock(visitor: Visitor, door: Door, *, csrf: str | None, address: str = "", **headers: str) -> Response:
    fields = {} if csrf is None else {"csrf": csrf}
    if door.method == "GET":
        return visitor.client.get(address or door.address(), headers=headers)
    return visitor.client.post(address or door.address(), data=fields, headers=headers)


def test_every_door_has_a_line_in_the_table() -> None:
    assert set(DOORS) == OPEN | set(MAY)


def test_whoever_is_not_logged_in_is_led_to_the_log_in(demo: LogIn) -> None:
    visitor = demo("admin")
    visitor.client.cookies.clear()
    for door in INSIDE:
        answer = _knock(visitor, door, csrf=None)
        assert answer.status_code == 303, door.name
        assert answer.headers["location"].startswith("/login"), door.name
        by_script = _knock(visitor, door, csrf=None, **{"HX-Request": "true"})
        assert (by_script.status_code, by_script.text) == (401, ""), door.name
        assert by_script.headers["hx-redirect"].startswith("/login"), door.name


def _outside_token(visitor: Visitor) -> str:
    return visitor.client.get("/login").text.partition('name="csrf" value="')[2].partition('"')[0]


@pytest.mark.parametrize("role", ROLES)
def test_each_role_passes_its_doors_and_no_other(shop: Shop, demo: LogIn, role: Role) -> None:
    visitor, other = demo(role), _person(shop)
    doors = sorted(INSIDE, key=lambda door: door.path == "/logout")
    found = {}
    for door in doors:
        status = _knock(visitor, door, csrf=visitor.csrf, address=door.address(person=other)).status_code
        welcome = {404} if door.name in BEHIND_NOTHING else WELCOME
        assert status in welcome | {403}, f"{door.name}: {status}"
        found[door.name] = status != 403
    assert found == {door.name: role in MAY[door.name] for door in doors}


def _person(shop: Shop) -> int:
    person = logins.create_person(
        shop.connection, login="somebody", name="Somebody", role="staff", stores=[STORE], password="not to be guessed",
        at=shop.clock.now(),
    )  # fmt: skip
    return person.person_id


def test_a_form_without_our_token_is_refused_everywhere(demo: LogIn) -> None:
    visitor = demo("admin")
    for door in POSTS:
        for token in (None, "", "0" * 64, visitor.csrf.upper(), "é"):
            answer = _knock(visitor, door, csrf=token)
            assert answer.status_code == 403, f"{door.name} {token}"
            assert "This page is older than your log-in" in answer.text
            assert "set-cookie" not in answer.headers


def test_a_form_that_another_site_sent_is_refused_everywhere(demo: LogIn) -> None:
    visitor = demo("admin")
    for door in POSTS:
        for site in ("cross-site", "same-site"):
            answer = _knock(visitor, door, csrf=visitor.csrf, **{"Sec-Fetch-Site": site})
            assert answer.status_code == 403, door.name


def test_pages_of_a_store_one_does_not_belong_to_do_not_exist(shop: Shop, demo: LogIn) -> None:
    _open_other_store(shop)
    visitor = demo("admin")
    for store in (OTHER_STORE, "no-such-store", "*", "%2A", "..", "corner%00", "CORNER", "corner%20"):
        for door in INSIDE:
            if "{store}" in door.path:
                answer = _knock(visitor, door, csrf=visitor.csrf, address=door.address(store=store))
                assert answer.status_code == 404, f"{door.name} of {store!r}"
                assert "harbour" not in answer.text


def test_who_may_see_all_stores_still_finds_only_stores_there_are(shop: Shop, demo: LogIn) -> None:
    visitor = demo("admin")
    with shop.connection.transaction():
        shop.connection.execute("UPDATE person SET stores = '{*}'")
    for page in ("live?probe=1", "live", "map", "restock", "losses", "system", "availability"):
        visitor.get(f"/stores/no-such-store/{page}", status=404)
    visitor.get("live?probe=1", status=204)


def _open_other_store(shop: Shop) -> None:
    folder = shop._folder
    (folder / "other.csv").write_text(PLANOGRAM.replace("p-tea", "h-tea"), encoding="utf-8")
    import_planogram(shop.connection, OTHER_STORE, folder / "other.csv", at=shop.clock.now())


def test_a_task_of_another_store_cannot_be_acted_on(shop: Shop, demo: LogIn) -> None:
    visitor = demo("admin")
    shop.load("p-tea", "tea", 1)
    shop.work(after_s=60)
    shop.work(after_s=60)
    ((task,),) = shop.rows("SELECT task_id FROM task WHERE state = 'open'")
    _open_other_store(shop)
    with shop.connection.transaction():
        shop.connection.execute("UPDATE person SET stores = %s", [[OTHER_STORE]])
    for act in ("take", "done"):
        answer = visitor.post(f"/stores/{OTHER_STORE}/tasks/{task}/{act}", units="5", htmx=True, status=200)
        assert "This store has no such task." in answer.text
        visitor.post(f"/stores/{OTHER_STORE}/losses/{task}/done", units="0", htmx=True, status=200)
    assert shop.rows("SELECT state FROM task") == [("open",)]


def test_every_answer_says_what_a_browser_may_do_with_it(demo: LogIn) -> None:
    visitor = demo("admin")
    answers = {door.name: _knock(visitor, door, csrf=None) for door in DOORS.values() if door.path != "/logout"}
    answers["an unknown page"] = visitor.client.get("/no/such/page")
    answers["a method nobody knows"] = visitor.client.request("PUT", "/login")
    for name, answer in answers.items():
        for header, value in HEADERS.items():
            assert answer.headers[header] == value, name
        if "/static/" not in name:
            assert answer.headers["cache-control"] == "no-store", name


def test_also_a_page_that_broke_says_it(demo: LogIn, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = demo("admin")
    monkeypatch.setattr("dashboards.web.home.routes.FIRST_PAGE", {})
    with pytest.raises(KeyError):  # what the server logs
        visitor.client.get("/")
    visitor.client._transport.raise_server_exceptions = False  # type: ignore[attr-defined]
    answer = visitor.client.get("/")
    assert answer.status_code == 500
    assert "Something went wrong here" in answer.text
    assert "KeyError" not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("told", "back"),
    [
        ("http://testserver/stores/corner/map?as=table", "/login?next=%2Fstores%2Fcorner%2Fmap%3Fas%3Dtable"),
        ("http://elsewhere.example/stores/corner/map", "/login"), ("http://testserver//elsewhere.example", "/login"),
        ("http://[", "/login"), ("", "/login"), ("javascript:alert(1)", "/login"), ("http://testserver", "/login"),
    ],
)  # fmt: skip
def test_the_log_in_leads_back_to_the_page_a_form_or_a_piece_of_a_page_was_on(
    demo: LogIn, told: str, back: str
) -> None:
    visitor = demo("staff")
    visitor.client.cookies.clear()
    by_script = {"HX-Request": "true", "HX-Current-URL": told}
    piece = visitor.client.get("/stores/corner/restock/list", headers=by_script)
    assert piece.headers["hx-redirect"] == back
    assert visitor.client.post("/stores/corner/tasks/x/take", headers=by_script).headers["hx-redirect"] == back
    assert visitor.client.post("/people/new", headers={"Referer": told}).headers["location"] == back


def test_no_error_page_is_put_into_a_page(demo: LogIn) -> None:
    visitor = demo("staff")
    script = {"HX-Request": "true"}
    form = visitor.client.post("/stores/corner/tasks/x/take", data={"csrf": "of before"}, headers=script)
    assert (form.status_code, form.headers["hx-refresh"]) == (403, "true"), "the page is old and loads anew"
    piece = visitor.client.get("/stores/corner/shelves/b9-s9/fresh", headers=script)
    assert (piece.status_code, piece.headers["hx-reswap"]) == (404, "none")
    assert "hx-refresh" not in piece.headers, "or it would load anew for ever"


def test_a_door_that_only_takes_forms_says_so(site: Visitor) -> None:
    answer = site.client.get("/logout")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("end", ["log out", "disable", "too old", "unused", "other password"])
def test_a_session_that_is_over_opens_no_door(shop: Shop, demo: LogIn, end: str) -> None:
    visitor = demo("admin")
    _end(shop, visitor, end)
    for door in INSIDE:
        answer = _knock(visitor, door, csrf=visitor.csrf)
        assert answer.status_code == 303, door.name
        assert answer.headers["location"].startswith("/login"), door.name
        assert "set-cookie" not in answer.headers or "liveshelf_session=" not in answer.headers["set-cookie"]


def _end(shop: Shop, visitor: Visitor, end: str) -> None:
    statements = {
        "too old": "UPDATE session SET made_at = made_at - interval '31 days'",
        "unused": "UPDATE session SET seen_at = seen_at - interval '13 hours'",
    }
    if end == "log out":
        kept = dict(visitor.client.cookies)
        visitor.post("/logout")
        visitor.client.cookies.update(kept)
    elif end == "disable":
        logins.disable_person(shop.connection, "admin-0", at=shop.clock.now())
    elif end == "other password":
        logins.set_password(shop.connection, "admin-0", "another one entirely")
    else:
        with shop.connection.transaction():
            shop.connection.execute(statements[end].encode())


def test_whoever_logs_in_anew_leaves_no_session_behind(shop: Shop, demo: LogIn) -> None:
    visitor = demo("staff")
    before = visitor.client.cookies["liveshelf_session"]
    visitor.post("/login", login="staff-0", password="tall shelves, cold tea")
    assert logins.session_of(shop.connection, before, wall_at=wall_now()) is None
    assert shop.rows("SELECT count(*) FROM session") == [(1,)]


def test_logging_in_never_takes_over_a_session_that_was_planted(shop: Shop, demo: LogIn) -> None:
    visitor = demo("staff")
    planted = "A" * 43
    visitor.client.cookies.set("liveshelf_session", planted)
    page = visitor.client.get("/login")
    assert page.status_code == 200, "an unknown token is nobody's"
    password = "tall shelves, cold tea"
    fields = {"csrf": _outside_token(visitor), "login": "staff-0", "password": password, "next": "/account"}
    answer = visitor.client.post("/login", data=fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    given = answer.headers["set-cookie"]
    assert "liveshelf_session=" in given
    assert planted not in given
    assert logins.session_of(shop.connection, planted, wall_at=wall_now()) is None
