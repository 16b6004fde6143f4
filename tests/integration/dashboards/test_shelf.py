"""The page of a shelf over a real shop: its places in words, its weights as JSON, its tags, what happened."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from cloud.access.login.model import ROLES
from tests.integration.cloud.shop import PLANOGRAM, STORE, Shop
from tests.integration.dashboards.visitor import PATH, LogIn, Visitor

pytestmark = pytest.mark.database

SHELF = f"{PATH}/shelves/b1-s1"


def _weigh(shop: Shop, plate: str, *readings: tuple[float, float]) -> None:
    """Write what a gateway writes of (seconds ago, grams)."""
    with shop.connection.transaction(), shop.connection.cursor() as cursor:
        cursor.executemany(
            """INSERT INTO reading
               VALUES (%s, %s, 'bay-1', 'j', 1, 0, %s, 'heartbeat', %s, NULL, 1, 'ok', 0, true, 1)""",
            [(shop.clock.now() - timedelta(seconds=age_s), STORE, plate, grams) for age_s, grams in readings],
        )


def _weights(site: Visitor, span: str) -> dict[str, Any]:
    found: dict[str, Any] = site.ask(f"{SHELF}/weights.json?span={span}").json()
    return found


def test_each_place_says_how_many_how_sure_and_since_when(shop: Shop, site: Visitor) -> None:
    shop.load("p-tea", "tea", 7, sure=0.9)
    page = site.get(SHELF)
    assert '<strong class="place-units place-fair">7</strong>' in page
    assert "Between 6 and 8, 95 % sure" in page
    assert 'aria-label="Probability of each number of units: 7: 90 %, 6: 5 %, 8: 5 %"' in page
    assert 'id="p-tea" data-part="card:p-tea"' in page
    assert f'datetime="{shop.clock.now().isoformat(timespec="milliseconds")}"' in page
    assert "Its sensors have not counted it yet." in page, "of the gum beside it"


def test_a_place_whose_scale_is_in_trouble_says_what_is_wrong_and_that_the_number_stands(
    shop: Shop, site: Visitor
) -> None:
    shop.load("p-tea", "tea", 7, frozen=True)
    with shop.connection.transaction():
        shop.connection.execute("INSERT INTO device VALUES ('bay-1', %s, true, 'j', '{}', now())", (STORE,))
        shop.connection.execute(
            """INSERT INTO health_current (device, subject, verdict, noise_g, rejected, samples, queued, as_of)
               VALUES ('bay-1', 'plate:b1-s1-l1', 'stuck', 0, '{}', 9, 0, %s)""",
            (shop.clock.now(),),
        )
    page = site.get(SHELF)
    assert "A scale here is stuck." in page
    assert "The number stands still until that is mended." in page


def test_a_low_place_leads_those_who_work_there_to_its_task(shop: Shop, log_in: LogIn) -> None:
    shop.load("p-tea", "tea", 2)
    shop.work()
    shop.work(after_s=60)
    (task,) = shop.rows("SELECT task_id FROM task")
    page = log_in("staff").get(SHELF)
    assert f'href="{PATH}/restock#card-{task[0]}"' in page
    assert "Waits to be refilled" in page
    assert "places-work" in page
    assert "places-work" not in log_in("developer").get(SHELF), "who may not see the list gets no link to it"


def test_what_happened_is_listed_the_newest_first(shop: Shop, site: Visitor) -> None:
    shop.load("p-tea", "tea", 6, kind="pick", moved=2, age_s=60)
    shop.load("p-tea", "tea", 9, kind="refill", moved=3)
    for page in (site.get(SHELF), site.get(f"{SHELF}/fresh")):
        assert page.index("Refilled: 3 × Oolong tea") < page.index("Picked: 2 × Oolong tea")
    assert "取走：2 × 乌龙茶" in site.get(SHELF, language="zh-Hans")


def test_shelves_lead_to_their_neighbours(site: Visitor) -> None:
    first, last = site.get(SHELF), site.get(f"{PATH}/shelves/b1-s2")
    assert f'rel="next" href="{PATH}/shelves/b1-s2"' in first
    assert 'rel="prev"' not in first
    assert f'rel="prev" href="{SHELF}"' in last
    assert 'rel="next"' not in last


def test_a_shelf_of_a_display_shows_what_the_books_say_and_no_plot(site: Visitor) -> None:
    page = site.get(f"{PATH}/shelves/b1-s2")
    assert "No sensor sees this place; the books say so." in page
    assert "No scale on this shelf" in page
    assert "uPlot" not in page, "the plot's script is not fetched in vain"


def test_a_rail_lists_its_tags_by_product(shop: Shop, site: Visitor) -> None:
    shop.put_planogram(PLANOGRAM + "r-tea,tea,b2,b2-s1,,b2-s1-z1,6,2,\n")
    with shop.connection.transaction():
        shop.connection.execute(
            """INSERT INTO tag_current VALUES ('b2-s1-z1', 'AA', %(store)s, '09521234567899', true, %(at)s),
                                              ('b2-s1-z1', 'AB', %(store)s, '09521234567899', true, %(at)s),
                                              ('b2-s1-z1', 'BB', %(store)s, NULL, true, %(at)s),
                                              ('b2-s1-z1', 'CC', %(store)s, NULL, false, %(at)s)""",
            {"store": STORE, "at": shop.clock.now()},
        )
    page = site.get(f"{PATH}/shelves/b2-s1")
    assert "Its goods are seen by tags; they are listed below." in page
    assert '<td>Oolong tea</td>\n    <td class="right">2</td>' in page
    assert "Not in the catalogue: no GTIN" in page
    assert "<code>AA</code>" in page
    assert "<code>CC</code>" not in page, "gone from before the antenna"
    assert 'data-fresh="tag-count">3</span>' in site.get(f"{PATH}/shelves/b2-s1/fresh")


def test_a_shelf_that_does_not_exist_is_told_so(site: Visitor) -> None:
    for path in ("", "/weights.json", "/fresh"):
        assert "There is no such page" in site.get(f"{PATH}/shelves/b9-s9{path}", status=404)


def test_every_role_may_see_shelves(log_in: LogIn) -> None:
    for role in ROLES:
        log_in(role).get(SHELF)


def test_the_weights_of_a_span_come_scale_by_scale_with_what_happened(shop: Shop, site: Visitor) -> None:
    _weigh(shop, "b1-s1-l1", (3_600, 5_000.0), (540, 4_160.0), (60, 4_160.4), (30, 3_120.0))
    shop.load("p-tea", "tea", 6, kind="pick", moved=2, age_s=30)
    told = _weights(site, "10m")
    now_ms = round(shop.clock.now().timestamp() * 1000)
    assert (told["shelf"], told["span"], told["until_ms"], told["since_ms"]) == (
        "b1-s1", "10m", now_ms, now_ms - 600_000,
    )  # fmt: skip
    assert [one["plate"] for one in told["plates"]] == ["b1-s1-l1", "b1-s1-l2"]
    assert told["plates"][0]["points"] == [
        [now_ms - 540_000, 4_160.0],
        [now_ms - 60_000, 4_160.4],
        [now_ms - 30_000, 3_120.0],
    ]
    assert told["plates"][1]["points"] == []
    (event,) = told["events"]
    assert (event["mark"], event["text"], event["plates"]) == ("−2", "Picked: 2 × Oolong tea", ["b1-s1-l1"])
    assert event["at_ms"] == now_ms - 30_000
    assert len(_weights(site, "24h")["plates"][0]["points"]) > len(told["plates"][0]["points"])


def test_weights_are_told_with_the_product_in_the_language_of_the_page(shop: Shop, site: Visitor) -> None:
    shop.load("p-tea", "tea", 6, kind="pick", moved=2)
    (event,) = site.ask(f"{SHELF}/weights.json", language="zh-Hans").json()["events"]
    assert event["text"] == "取走：2 × 乌龙茶"


def test_a_span_nobody_offers_is_refused(site: Visitor) -> None:
    for span in ("1y", "", "10M"):
        site.ask(f"{SHELF}/weights.json?span={span}", status=422)
