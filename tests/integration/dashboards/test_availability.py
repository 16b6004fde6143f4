"""The availability pages over a real shop: what is found, what the answer says, and that it is the API's."""

from __future__ import annotations

import html
import json
import re

import pytest

from cloud.access.login.model import ROLES
from tests.integration.cloud.shop import STORE, Client, Shop
from tests.integration.dashboards.visitor import PATH, LogIn, Visitor

pytestmark = pytest.mark.database

LIST = f"{PATH}/availability"
TEA = f"{LIST}/tea"


def _stocked(shop: Shop) -> None:
    shop.load("p-tea", "tea", 7)
    shop.work()


def test_a_product_is_found_by_sku_name_in_either_language_and_gtin(shop: Shop, site: Visitor) -> None:
    _stocked(shop)
    for search in ("tea", "TEA", "Oolong", "乌龙", "9521234567899", " tea "):
        page = site.get(f"{LIST}?search={search}")
        assert f'href="{TEA}"' in page
        assert "Chewing gum" not in page
        assert f'value="{search.strip()}"' in page, "what was typed stays"


def test_a_search_without_a_hit_says_so_and_keeps_what_was_typed(shop: Shop, site: Visitor) -> None:
    _stocked(shop)
    page = site.get(f"{LIST}?search=100%25+<b>")
    assert "Nothing found for “100% &lt;b&gt;”" in page
    assert 'value="100% &lt;b&gt;"' in page


def test_all_products_stand_in_the_list_with_what_can_be_sold_of_them(shop: Shop, site: Visitor) -> None:
    _stocked(shop)
    page = site.get(LIST)
    assert "2 products" in page
    tea = page.split(f'href="{TEA}"')[1].split("</tr>")[0]
    assert "In stock" in tea
    assert [int(units) for units in re.findall(r">(?:<strong>)?(\d+)(?:</strong>)?</td>", tea)] == [13, 7, 6, 0]
    fragment = site.get(f"{PATH}/availability-list?search=tea")
    assert f'href="{TEA}"' in fragment
    assert "<html" not in fragment


def test_the_page_gives_the_very_answer_of_the_api(shop: Shop, site: Visitor) -> None:
    _stocked(shop)
    page = site.get(TEA)
    shown = json.loads(html.unescape(re.findall(r'id="call-json"[^>]*>(.*?)</pre>', page, re.DOTALL)[0]))
    with shop.api() as api:
        assert shown == Client(api).get("/v1/availability/tea", store=STORE)
    assert f"{shown['sellable']} can be sold now" in page
    assert "13 are there by the best estimate; 13 are there with 99 % certainty." in page


def test_the_command_beside_it_names_the_host_of_the_visitor_and_no_key(shop: Shop, site: Visitor) -> None:
    _stocked(shop)
    command = html.unescape(re.findall(r'id="call-curl"[^>]*>(.*?)</pre>', site.get(TEA), re.DOTALL)[0])
    assert command.endswith(f"'http://testserver/v1/availability/tea?store={STORE}'")
    assert "$KEY" in command
    assert "lsk_" not in site.get(TEA)


def test_the_answer_leads_to_the_places_of_the_product(shop: Shop, site: Visitor) -> None:
    _stocked(shop)
    for page in (site.get(TEA), site.get(f"{PATH}/availability-answer/tea")):
        assert f'href="{PATH}/shelves/b1-s1#p-tea"' in page
        assert "7 of 12" in page
    assert f'href="{PATH}/shelves/b1-s2#d-gum"' in site.get(f"{LIST}/gum")


def test_nothing_left_is_said_in_words_in_both_languages(shop: Shop, site: Visitor) -> None:
    shop.load("p-tea", "tea", 0)
    shop.work()
    with shop.connection.transaction():
        shop.connection.execute("UPDATE stock SET on_hand = 0 WHERE sku = 'tea'")
    page = site.get(TEA)
    assert "None can be sold now" in page
    assert "Out of stock" in page
    assert "现在无可售" in site.get(TEA, language="zh-Hans")


def test_a_product_the_store_does_not_sell_is_told_so(site: Visitor) -> None:
    for path in ("availability/coffee", "availability-answer/coffee", "availability/a%00b"):
        assert "There is no such page" in site.get(path, status=404)


def test_roles_that_see_availability_have_its_tab(shop: Shop, log_in: LogIn) -> None:
    _stocked(shop)
    for role in ROLES:
        assert f'href="{LIST}" aria-current="page"' in log_in(role).get(LIST)
