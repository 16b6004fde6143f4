"""What a frame brings is what the page would show: the same macros draw both."""

from __future__ import annotations

import re
from typing import cast

import pytest

from cloud.parts import Parts
from cloud.shelves.model import Heads
from dashboards.web.app import Site
from dashboards.web.language import Language
from dashboards.web.live.delta import Delta
from dashboards.web.live.reading import Reading
from dashboards.web.live.rendering import Templates
from tests.integration.cloud.shop import STORE, Shop
from tests.integration.dashboards.visitor import Visitor

pytestmark = pytest.mark.database

PAGES = ("map", "map?as=table", "shelves/b1-s1", "shelves/b1-s2", "restock")
KEY = re.compile(r'data-part="([^"]+)"')


@pytest.fixture
def busy(shop: Shop) -> Shop:
    """The shop with a place that is low, a task and an order for it, and things that happened."""
    shop.load("p-tea", "tea", 2, kind="pick", moved=6)
    shop.load("p-gum", "gum", 0, kind="pick", moved=3)
    shop.work()
    shop.work(after_s=20)
    return shop


def _parts(site: Visitor) -> Parts:
    return cast("Parts", cast("Site", site.client.app).pages.state.parts)


def _delta(site: Visitor, *, load_id: int = 0, change: int = 0) -> Delta:
    """Return what changed since these heads."""
    reading = Reading(_parts(site))
    heads = reading.look(STORE, (), conditions=False).heads
    since = Heads(epoch=heads.epoch, load_id=load_id, change=change)
    return reading.look(STORE, {since}, conditions=False).deltas[since]


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
def test_every_live_part_of_every_page_comes_in_frames_and_looks_the_same(
    busy: Shop, site: Visitor, language: Language
) -> None:
    drawn = Templates().draw(STORE, language, _delta(site))
    for page in PAGES:
        shown = site.get(page, language=language)
        keys = set(KEY.findall(shown))
        assert keys, page
        assert keys <= drawn.parts.keys()
        assert [key for key in keys if drawn.parts[key].strip() not in shown] == []


def test_what_happened_looks_as_on_the_page_and_the_newest_comes_last(busy: Shop, site: Visitor) -> None:
    drawn = Templates().draw(STORE, "en", _delta(site))
    shown = site.get("map")
    places = [shown.index(item.strip()) for item in drawn.now]
    assert len(places) >= 4
    assert places == sorted(places, reverse=True)


def test_a_page_that_is_up_to_date_is_told_nothing(busy: Shop, site: Visitor) -> None:
    heads = Reading(_parts(site)).look(STORE, (), conditions=False).heads
    assert _delta(site, load_id=heads.load_id, change=heads.change) == Delta()


def test_only_what_changed_is_told(busy: Shop, site: Visitor) -> None:
    heads = Reading(_parts(site)).look(STORE, (), conditions=False).heads
    busy.load("p-tea", "tea", 1, kind="pick", moved=1)
    delta = _delta(site, load_id=heads.load_id, change=heads.change)
    assert [one.position for one in delta.positions] == ["p-tea"]
    assert [one.kind for one in delta.happenings] == ["pick"]
    assert delta.topics == frozenset()
    busy.work()
    assert {"stock", "stock:tea"} <= _delta(site, load_id=heads.load_id, change=heads.change).topics


def test_a_page_that_missed_more_than_a_frame_should_hold_gets_none(
    busy: Shop, site: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboards.web.live.reading.POSITIONS_MAX", 1)
    reading = Reading(_parts(site))
    heads = reading.look(STORE, (), conditions=False).heads
    since = Heads(epoch=heads.epoch, load_id=0, change=0)
    assert reading.look(STORE, {since, heads}, conditions=False).deltas == {heads: Delta()}


def test_what_is_down_is_said_in_the_language_of_the_page(site: Visitor) -> None:
    conditions = Reading(_parts(site)).look(STORE, (), conditions=True).conditions
    assert conditions is not None
    said = {language: Templates().down(STORE, language, conditions) for language in ("en", "zh-Hans")}
    assert said["en"] in site.get("map")
    assert said["zh-Hans"] in site.get("map", language="zh-Hans")
    assert said["en"] != said["zh-Hans"]


@pytest.mark.parametrize(("language", "words"), [("en", "The database does not answer"), ("zh-Hans", "数据库没有响应")])
def test_a_database_that_is_away_is_said_without_asking_it(language: Language, words: str) -> None:
    assert words in Templates().database_away(language)
