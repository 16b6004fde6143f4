"""Names and SKUs are other people's words: whatever they hold, they stay words on every page and in every frame."""

from __future__ import annotations

import csv
import io
import json
from html.parser import HTMLParser
from typing import Any, cast

import msgspec
import pytest

from cloud.access.login import service as logins
from cloud.catalog.service import import_catalog, import_planogram, import_stock
from cloud.parts import Parts
from cloud.shelves import service as shelves
from cloud.shelves.model import Heads
from dashboards.web.app import Site
from dashboards.web.live.frame import Frame, encode
from dashboards.web.live.reading import Reading
from dashboards.web.live.rendering import Templates
from dashboards.web.visit import SESSION_COOKIE, wall_now
from tests.integration.cloud.shop import STORE, Shop
from tests.integration.dashboards.visitor import PASSWORD, PATH, LogIn, Visitor

pytestmark = pytest.mark.database

BREAKERS = "'\"`></title></script><x-evil onerror=alert(1)>&lt;&amp;{{7*7}}%(n)s%s\u202e\u2066"
"""Ends an attribute, an element, a title, a script; begins an element; is a template, a format; turns the writing."""

NAME = f"tea {BREAKERS} \u2028tea"
SKU = "a'\"/?#%&<x-evil>,every 1ms;+ b"
LONG = "W" * 200

CATALOG = "sku,gtin,name,name_zh,unit,unit_weight_g,unit_spread_g,price,currency,case_gtin,case_units"
PLANOGRAM = "position,sku,bay,shelf,plates,zones,capacity,low_units,valid_from"


def _table(header: str, *rows: tuple[str, ...]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows([tuple(header.split(",")), *rows])
    return written.getvalue()


@pytest.fixture
def odd(shop: Shop) -> Shop:
    """The shop, with a product of such a SKU and such a name that has a place, a task, an order and a loss."""
    weighed = ("each", "520", "3", "3.50", "EUR", "", "6")
    files = {
        "catalog": _table(
            CATALOG, (SKU, "", NAME, f"茶{BREAKERS}", *weighed), ("tea", "9521234567899", NAME, "", *weighed),
            ("gum", "", LONG, "泡" * 200, *weighed),
        ),
        "planogram": _table(
            PLANOGRAM, ("p-odd", SKU, "b1", "b1-s1", "b1-s1-l1", "", "12", "3", ""),
            ("p-tea", "tea", "b1", "b1-s1", "b1-s1-l2", "", "12", "3", ""),
            ("p-gum", "gum", "b1", "b1-s1", "b1-s1-l3", "", "20", "", ""),
        ),
        "stock": _table("place,position,sku,units", ("shelf", "p-odd", SKU, "9"), ("backroom", "", SKU, "6")),
    }  # fmt: skip
    at = shop.clock.now()
    for name, text in files.items():
        (shop._folder / f"{name}.csv").write_text(text, encoding="utf-8")
    import_catalog(shop.connection, shop._folder / "catalog.csv", store=STORE, at=at)
    import_planogram(shop.connection, STORE, shop._folder / "planogram.csv", at=at)
    import_stock(shop.connection, STORE, shop._folder / "stock.csv", at=at)
    with shop.connection.transaction():
        shop.connection.execute("UPDATE store SET name = %s", [BREAKERS])
    shop.load("p-odd", SKU, 2, kind="pick", moved=1)
    shop.load("p-gum", "gum", 0, kind="pick", moved=1)
    shop.work()
    shop.work(after_s=20)
    shop.load("p-tea", "tea", 1, kind="sweep", moved=10)
    shop.work(after_s=20)
    return shop


@pytest.fixture
def evil(odd: Shop, log_in: LogIn) -> Visitor:
    """Somebody with such a name and such a log-in, who has taken a task."""
    visitor = log_in("admin")
    name, login = "<x-evil>'\"&\u202e\u200f" + "N" * 150, "a'\"<x-evil>&%(n)s"
    logins.create_person(
        odd.connection, login=login, name=name, role="admin", stores=[STORE], password=PASSWORD, at=odd.clock.now()
    )
    token = logins.log_in(odd.connection, login, PASSWORD, address="127.0.0.1", wall_at=wall_now())
    session = logins.session_of(odd.connection, token, wall_at=wall_now())
    assert session is not None
    visitor.client.cookies.set(SESSION_COOKIE, token)
    visitor.csrf = session.csrf
    return visitor


class Structure(HTMLParser):
    """What a page is made of besides words."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.words += "".join(f" {value}" for _, value in attrs)

    def handle_data(self, data: str) -> None:
        self.words += data


def _check(page: str, *, where: str) -> Structure:
    found = Structure(page)
    assert "<x-evil" not in page, where
    assert "x-evil" not in found.tags, where
    assert not {name for name in found.attributes if not name.replace("-", "").replace(":", "").isalnum()}, where
    assert "onerror" not in found.attributes, where
    return found


@pytest.mark.parametrize("language", ["en", "zh"])
def test_odd_names_stay_words_on_every_page(odd: Shop, evil: Visitor, language: str) -> None:
    tasks = [str(task_id) for (task_id,) in odd.rows("SELECT task_id FROM task")]
    sku = "".join(f"%{byte:02X}" for byte in SKU.encode())
    pages = ["map", "map?as=table", "restock", "restock/list", "losses", "losses/list", "system", "system/list"]
    pages += [
        "availability",
        "availability?search=%3Cx-evil%3E%22'",
        f"availability/{sku}",
        f"availability-answer/{sku}",
    ]
    pages += ["shelves/b1-s1", "shelves/b1-s1/fresh", "/people", "/people/new", "/people/1", "/people/2", "/account"]
    pages += ["labels", "labels?bay=b1", "labels?bay=b9"]
    pages += [f"restock?about={task}" for task in tasks] + [f"losses?about={task}" for task in tasks]
    named = {page for page in pages if "<x-evil" in _check(evil.get(page, language=language), where=page).words}
    assert named >= {"map", "restock", "losses", "availability", f"availability/{sku}", "shelves/b1-s1", "/people"}


def test_odd_names_stay_words_in_what_forms_are_answered(odd: Shop, evil: Visitor) -> None:
    for task_id, kind in odd.rows("SELECT task_id, kind FROM task WHERE state = 'open'"):
        acts = ("tasks/{}/take", "tasks/{}/done") if kind == "refill" else ("losses/{}/done",)
        for act in acts:
            for units in ("<x-evil>", "'\"><x-evil>", "2"):
                answer = evil.client.post(
                    f"{PATH}/{act.format(task_id)}", data={"csrf": evil.csrf, "units": units},
                    headers={"HX-Request": "true"},
                )  # fmt: skip
                _check(answer.text, where=act)
    fields = {
        "csrf": evil.csrf,
        "name": "'\"><x-evil>",
        "login": "<x-evil>",
        "role": "<x-evil>",
        "store:<x-evil>": "yes",
    }
    _check(evil.client.post("/people/new", data=fields).text, where="people")
    evil.client.cookies.clear()
    token = evil.client.get("/login").text.partition('name="csrf" value="')[2].partition('"')[0]
    fields = {"csrf": token, "login": "'\"><x-evil>", "next": "/'\"><x-evil>", "pin": "'\"><x-evil>"}
    for path in ("/login", "/login/pin"):
        _check(evil.client.post(path, data=fields).text, where=path)


def test_odd_names_break_no_frame(odd: Shop, evil: Visitor) -> None:
    parts = cast("Parts", cast("Site", evil.client.app).pages.state.parts)
    reading = Reading(parts)
    heads = reading.look(STORE, (), conditions=False).heads
    since = Heads(epoch=heads.epoch, load_id=0, change=0)
    delta = reading.look(STORE, {since}, conditions=False).deltas[since]
    for language in ("en", "zh-Hans"):
        drawn = Templates().draw(STORE, language, delta)
        frame = encode(
            Frame(parts=dict(drawn.parts), now=drawn.now, touched=tuple(sorted(delta.topics))), heads.to_id()
        )
        lines = frame.split(b"\n")
        assert [line.partition(b":")[0] for line in lines] == [b"id", b"event", b"data", b"", b""]
        assert b"\r" not in frame
        told: dict[str, Any] = json.loads(lines[2].partition(b" ")[2])
        for key, html in (*told["parts"].items(), *(("now", item) for item in told["now"])):
            _check(html, where=key)
        assert f"stock:{SKU}" in told["touched"]


def test_odd_names_break_no_json(odd: Shop, evil: Visitor) -> None:
    answer = evil.ask("shelves/b1-s1/weights.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "<x-evil" in json.dumps(msgspec.json.decode(answer.content))
    with odd.connection.transaction():
        assert shelves.stock_line(odd.connection, STORE, SKU, at=odd.clock.now()) is not None
