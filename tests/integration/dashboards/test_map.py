"""The map of a real shop: every place is there in words, as a drawing and as a table."""

from __future__ import annotations

import pytest

from cloud.access.login.model import Role
from tests.integration.cloud.shop import Shop
from tests.integration.dashboards.visitor import PATH, LogIn, Visitor


def test_every_place_of_the_planogram_is_on_the_map_in_words(shop: Shop, site: Visitor) -> None:
    shop.load("p-tea", "tea", 7)
    page = site.get("map")
    assert "<title>Oolong tea, 7 of 12, enough, p-tea</title>" in page
    assert "<title>Chewing gum, not counted, not counted yet, p-gum</title>" in page
    assert "<title>Chewing gum, 10 of 30, no sensor, d-gum, by the books</title>" in page
    for place, shelf in (("p-tea", "b1-s1"), ("d-gum", "b1-s2")):
        assert f'href="{PATH}/shelves/{shelf}#{place}" data-part="tile:{place}"' in page


def test_a_place_says_that_it_is_low_and_that_a_refill_is_wanted(shop: Shop, site: Visitor) -> None:
    shop.load("p-tea", "tea", 2)
    shop.work()
    shop.work(after_s=60)
    assert "<title>Oolong tea, 2 of 12, low, p-tea, refill wanted</title>" in site.get("map")


def test_a_place_whose_sensor_is_in_trouble_says_that_its_count_stands_still(shop: Shop, site: Visitor) -> None:
    shop.load("p-tea", "tea", 7, frozen=True)
    page = site.get("map")
    assert "7 of 12, enough, p-tea, count stands still, sensor in trouble" in page
    assert 'fill="url(#fill-frozen)"' in page


def test_the_page_says_where_to_look_first(shop: Shop, site: Visitor) -> None:
    shop.load("p-tea", "tea", 2)
    shop.work()
    shop.work(after_s=60)
    page = site.get("map")
    assert f'<a class="first" href="{PATH}/shelves/b1-s1">' in page
    assert f'<a class="first" href="{PATH}/restock" data-part="look:task">' in page
    assert "Refill Oolong tea" in page


def test_what_just_happened_is_told_newest_first(shop: Shop, site: Visitor) -> None:
    shop.load("p-tea", "tea", 6, kind="pick", moved=2, age_s=20)
    shop.load("p-tea", "tea", 12, kind="refill", moved=6)
    page = site.get("map")
    assert page.index("6 refilled") < page.index("2 taken by a shopper")


def test_the_table_shows_the_emptiest_first_and_what_nobody_counted_last(shop: Shop, site: Visitor) -> None:
    shop.load("p-tea", "tea", 2)
    page = site.get("map?as=table")
    rows = [page.index(f'data-part="row:{place}"') for place in ("p-tea", "d-gum", "p-gum")]
    assert rows == sorted(rows)


def test_the_table_can_be_asked_for_the_low_places_only(shop: Shop, site: Visitor) -> None:
    shop.load("p-tea", "tea", 2)
    page = site.get("map?as=table&show=low")
    assert 'data-part="row:p-tea"' in page
    assert 'data-part="row:d-gum"' not in page


def test_a_choice_nobody_knows_shows_all_places(site: Visitor) -> None:
    assert 'data-part="row:p-gum"' in site.get("map?as=table&show=purple")


@pytest.mark.parametrize("role", ["staff", "installer", "manager", "developer", "loss_prevention", "admin"])
def test_every_role_sees_the_map_and_nobody_is_led_to_a_page_that_is_not_theirs(log_in: LogIn, role: Role) -> None:
    page = log_in(role).get("map")
    assert (f'href="{PATH}/restock"' in page) == (role in {"staff", "manager", "admin"})


def test_the_map_speaks_chinese(shop: Shop, site: Visitor) -> None:
    shop.load("p-tea", "tea", 7)
    page = site.get("map", language="zh-Hans")
    assert "乌龙茶" in page
    assert "门店地图" in page


def test_a_store_one_does_not_know_does_not_exist(site: Visitor) -> None:
    site.get("/stores/elsewhere/map", status=404)
