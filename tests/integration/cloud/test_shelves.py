"""What screens read of a small shop, on the real database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from cloud.replenishment import service as replenishment
from cloud.shelves import service as shelves
from cloud.shelves.model import Happening, Heads, PositionView
from cloud.shelves.repository import Link
from database.connection import connect
from database.presence import GATEWAY, announce
from tests.integration.cloud.shop import PLANOGRAM, STORE, Client, Shop

pytestmark = pytest.mark.database


@contextmanager
def _reading(shop: Shop) -> Iterator[Link]:
    with shop.connection.transaction():
        yield shop.connection


def _position(shop: Shop, name: str) -> PositionView:
    with _reading(shop) as link:
        found = shelves.position(link, STORE, name, at=shop.clock.now())
    assert found is not None
    return found


def _names(shop: Shop, **asked: object) -> list[str]:
    with _reading(shop) as link:
        return [one.position for one in shelves.positions(link, STORE, at=shop.clock.now(), **asked)]  # type: ignore[arg-type]


def _heads(shop: Shop) -> Heads:
    with _reading(shop) as link:
        return shelves.heads(link, STORE)


def _happenings(shop: Shop, after: Heads | None = None) -> list[Happening]:
    with _reading(shop) as link:
        return shelves.happenings(link, STORE, after)


def _low(shop: Shop) -> None:
    shop.load("p-tea", "tea", 1, kind="pick", moved=7)
    shop.work()
    shop.work(after_s=30)


def test_a_place_not_counted_yet_and_a_display_are_shown_for_what_they_are(shop: Shop) -> None:
    shop.work()
    tea, display = _position(shop, "p-tea"), _position(shop, "d-gum")
    assert (tea.level, tea.units, tea.at_least, tea.sensed) == ("uncounted", None, None, True)
    assert (tea.name, tea.name_zh, tea.backroom, tea.low_units) == ("Oolong tea", "乌龙茶", 6, 3)
    assert (display.level, display.units, display.basis, display.sensed) == ("unsensed", 10, ("ledger",), False)
    assert _names(shop) == ["p-gum", "p-tea", "d-gum"], "bay by bay, shelf by shelf"


def test_a_counted_place_tells_units_with_their_band_and_its_age(shop: Shop) -> None:
    shop.load("p-tea", "tea", 8, sure=0.9)
    shop.load("p-gum", "gum", 0, frozen=True)
    tea, gum = _position(shop, "p-tea"), _position(shop, "p-gum")
    assert (tea.units, tea.level, tea.at_least, tea.at_most, tea.probability) == (8, "fair", 7, 9, 0.9)
    assert (tea.as_of, tea.basis) == (shop.clock.now(), ("weight",))
    assert (gum.level, gum.trouble, tea.trouble) == ("empty", True, False)


def test_what_a_load_changed_is_told_and_no_more(shop: Shop) -> None:
    first = shop.load("p-tea", "tea", 8)
    shop.load("p-gum", "gum", 9)
    assert _names(shop, after_load=first) == ["p-gum"]
    assert _names(shop, after_load=_heads(shop).load_id) == []
    assert _names(shop, only=frozenset({"d-gum"}), after_load=first) == ["p-gum", "d-gum"]
    assert _names(shop, skus={"tea"}) == ["p-tea"]
    assert _names(shop, only=frozenset()) == []
    assert _names(shop, shelf="b1-s2") == ["d-gum"]


def test_a_task_shows_on_its_place_and_changes_are_told_with_their_topics(shop: Shop) -> None:
    shop.work()
    before = _heads(shop)
    _low(shop)
    tea = _position(shop, "p-tea")
    assert (tea.level, tea.task_state, tea.order_state) == ("low", "open", None)
    with _reading(shop) as link:
        touched = shelves.touched_since(link, STORE, before.change)
        assert tea.task_id is not None
        replenishment.take(link, tea.task_id, assignee="Mei", at=shop.clock.now())
    assert touched.topics == frozenset({"tasks", "stock", "stock:tea"})
    assert (touched.positions, touched.skus, touched.everything) == (frozenset({"p-tea"}), frozenset({"tea"}), False)
    assert (_position(shop, "p-tea").task_state, _position(shop, "p-tea").assignee) == ("taken", "Mei")


def test_changes_no_longer_kept_may_be_of_anything(shop: Shop) -> None:
    _low(shop)
    with _reading(shop) as link:
        assert not shelves.touched_since(link, STORE, _heads(shop).change).topics
        assert shelves.touched_since(link, STORE, _heads(shop).change + 1).everything, "of another database"
        link.execute("DELETE FROM change WHERE number < (SELECT number FROM change_head)")
        assert shelves.touched_since(link, STORE, 0).everything
        assert not shelves.touched_since(link, STORE, _heads(shop).change - 1).everything


def test_what_happened_is_told_newest_first_and_each_once(shop: Shop) -> None:
    _low(shop)
    before = _heads(shop)
    shop.clock.advance(5)
    task = _position(shop, "p-tea").task_id
    assert task is not None
    with _reading(shop) as link:
        replenishment.take(link, task, assignee="Mei", at=shop.clock.now())
    shop.clock.advance(5)
    shop.load("p-tea", "tea", 7, kind="refill", moved=6)
    shop.clock.advance(1)
    with _reading(shop) as link:
        replenishment.done(link, task, units=6, at=shop.clock.now())
    shop.work(after_s=5)
    told = _happenings(shop)
    assert [one.kind for one in told] == ["task_verified", "task_done", "refill", "task_taken", "task_opened", "pick"]
    assert len({one.key for one in told}) == len(told)
    assert [one.by for one in told if one.kind == "task_taken"] == ["Mei"]
    assert {(one.position, one.bay, one.shelf, one.name_zh) for one in told} == {("p-tea", "b1", "b1-s1", "乌龙茶")}
    assert _happenings(shop, before) == told[:4], "the same again, with the same keys"
    assert _happenings(shop, _heads(shop)) == []


def test_a_sweep_is_told_as_a_loss_to_look_into_and_not_as_a_task_to_carry_goods(shop: Shop) -> None:
    shop.load("p-tea", "tea", 8)
    shop.work()
    shop.load("p-tea", "tea", 0, kind="sweep", moved=8)
    shop.work(after_s=60)
    told = _happenings(shop)
    assert [one.kind for one in told] == ["loss_opened", "sweep"]
    assert [one.units for one in told] == [8, 8]


def test_a_sweep_is_told(shop: Shop) -> None:
    shop.load("p-tea", "tea", 0, kind="sweep", moved=8)
    assert [(one.kind, one.units) for one in _happenings(shop)] == [("sweep", 8)]


def test_an_order_and_each_part_of_its_goods_are_told(shop: Shop) -> None:
    shop.load("p-gum", "gum", 2, kind="pick", moved=9)
    shop.work()
    shop.work(after_s=30)
    with _reading(shop) as link:
        order = shelves.orders_on_page(link, STORE, at=shop.clock.now())[0]
        replenishment.receive(link, order.order_id, units=1, at=shop.clock.now() + timedelta(seconds=1))
        replenishment.receive(link, order.order_id, units=order.units - 1, at=shop.clock.now() + timedelta(seconds=2))
    shop.work(after_s=5)
    told = [(one.kind, one.units, one.position) for one in _happenings(shop) if one.kind.startswith("order")]
    assert told == [("order_received", order.units, ""), ("order_received", 1, ""), ("order_opened", order.units, "")]
    assert (order.on_shelf, order.capacity, order.positions, order.name) == (2, 20, ("p-gum",), "Chewing gum")
    assert _position(shop, "p-gum").order_state == "received"


def test_what_follows_from_another_thing_of_the_same_moment_is_told_as_the_newer(shop: Shop) -> None:
    shop.load("p-gum", "gum", 2)
    shop.work()
    shop.work(after_s=30)
    with _reading(shop) as link:
        order = shelves.orders_on_page(link, STORE, at=shop.clock.now())[0]
        replenishment.receive(link, order.order_id, units=order.units, at=shop.clock.now() + timedelta(seconds=1))
    shop.work(after_s=1)
    assert [one.kind for one in _happenings(shop)] == ["task_opened", "order_received", "order_opened"]


def test_nothing_is_lost_between_heads_and_the_rows_read_after_them(shop: Shop) -> None:
    before = _heads(shop)
    load_id = shop.load("p-tea", "tea", 5)
    assert _heads(shop) == Heads(epoch=before.epoch, load_id=load_id, change=before.change)
    assert _names(shop, after_load=before.load_id) == ["p-tea"]
    with _reading(shop) as link:
        shelves.one_snapshot(link)
        old = shelves.heads(link, STORE)
        with connect(shop.url) as other:
            other.execute("INSERT INTO load VALUES (%s, %s, %s, 1, 0)", (load_id + 1, STORE, shop.clock.now()))
        assert shelves.heads(link, STORE) == old
    assert _heads(shop).load_id == load_id + 1


def test_the_first_task_is_the_most_urgent_one_and_a_closed_one_is_shown_while_asked_for(shop: Shop) -> None:
    _low(shop)
    shop.load("p-gum", "gum", 4)
    shop.work()
    shop.work(after_s=30)
    with _reading(shop) as link:
        task = shelves.tasks_on_page(link, STORE, at=shop.clock.now())[0]
    assert (task.name_zh, task.units, task.capacity, task.low_units, task.backroom) == ("乌龙茶", 1, 12, 3, 6)
    assert (task.bay, task.shelf, task.workable, task.state, task.share) == ("b1", "b1-s1", True, "open", 1 / 12)
    shop.load("p-tea", "tea", 12)
    shop.work(after_s=5)
    with _reading(shop) as link:
        at = shop.clock.now()
        assert shelves.tasks_on_page(link, STORE, at=at) == []
        assert [one.state for one in shelves.tasks_on_page(link, STORE, at=at, closed_since=at)] == ["cancelled"]
        stale = shelves.task_on_page(link, STORE, task.task_id, at=at)
        assert stale is not None
        assert (stale.state, stale.units) == ("cancelled", 12)
        assert shelves.task_on_page(link, "another", task.task_id, at=at) is None


def test_products_are_found_by_either_name_their_sku_or_their_gtin(shop: Shop) -> None:
    shop.load("p-tea", "tea", 8)
    shop.work()
    with _reading(shop) as link:
        at = shop.clock.now()
        found = {
            text: [line.sku for line in shelves.stock_list(link, STORE, text, at=at)]
            for text in ("", "OOLONG", "乌龙", "gum", "234567899", " tea ", "100%", "_")
        }
        line = shelves.stock_line(link, STORE, "tea", at=at)
        assert shelves.stock_line(link, STORE, "te", at=at) is None
    assert found == {"": ["gum", "tea"], "OOLONG": ["tea"], "乌龙": ["tea"], "gum": ["gum"], "234567899": ["tea"],
                     " tea ": ["tea"], "100%": [], "_": []}  # fmt: skip
    assert line is not None
    assert (line.positions, line.gtins, line.answer.status) == (("p-tea",), ("09521234567899",), "in_stock")
    assert (line.answer.on_shelf, line.answer.backroom, line.answer.store) == (8, 6, STORE)


def test_every_screen_gives_the_answer_every_channel_gets(shop: Shop, client: Client) -> None:
    shop.load("p-tea", "tea", 8, sure=0.9)
    shop.work()
    with _reading(shop) as link:
        line = shelves.stock_line(link, STORE, "tea", at=shop.clock.now())
    assert line is not None
    told = client.get("/v1/availability/tea", store=STORE)
    for name in ("on_shelf", "backroom", "sellable", "status", "confidence"):
        assert told[name] == getattr(line.answer, name), name


def test_what_is_not_well_is_named(shop: Shop) -> None:
    with shop.connection.transaction():
        shop.connection.execute(
            """INSERT INTO device VALUES ('bay-1', %(store)s, true, 'j', %(birth)s, %(at)s),
                                         ('bay-2', %(store)s, false, 'j', '{}', %(at)s),
                                         ('far-1', 'another', false, 'j', '{}', %(at)s)""",
            {"store": STORE, "at": shop.clock.now(), "birth": '{"plates": [{"bay": "b1"}, {"bay": "b2"}]}'},
        )
        shop.connection.execute(
            """INSERT INTO health_current (device, subject, verdict, noise_g, rejected, samples, queued, as_of)
               VALUES ('bay-1', 'plate:b1-s1-l1', 'unplugged', 0, '{}', 0, 0, %(at)s),
                      ('bay-1', 'plate:b1-s1-l2', 'ok', 0, '{}', 9, 0, %(at)s),
                      ('bay-2', 'agent', 'queue_full', 0, '{}', 0, 0, %(at)s),
                      ('far-1', 'agent', 'queue_full', 0, '{}', 0, 0, %(at)s)""",
            {"at": shop.clock.now()},
        )
        shop.connection.execute(
            "INSERT INTO journal_watermark VALUES ('bay-1', 'j', 9, %s)", (shop.clock.now() + timedelta(seconds=5),)
        )
        shop.connection.execute("INSERT INTO gateway_link VALUES (%s, false, %s)", (STORE, shop.clock.now()))
    with _reading(shop) as link:
        alone = shelves.conditions(link, STORE, at=shop.clock.now())
        announce(link, GATEWAY, store=STORE)
        seen = shelves.conditions(link, STORE, at=shop.clock.now())
    assert (alone.programs, alone.broker) == ({"gateway": False, "worker": False}, None), "nobody there to tell"
    assert (seen.programs, seen.broker) == ({"gateway": True, "worker": False}, False)
    assert [(one.device, one.online, one.bays) for one in seen.devices] == [
        ("bay-1", True, ("b1", "b2")), ("bay-2", False, ())
    ]  # fmt: skip
    assert seen.devices[0].seen_at == shop.clock.now() + timedelta(seconds=5)
    assert [(one.subject, one.position, one.verdict) for one in seen.sensors] == [
        ("plate:b1-s1-l1", "p-tea", "unplugged"), ("agent", None, "queue_full")
    ]  # fmt: skip
    assert (_position(shop, "p-tea").faults, _position(shop, "p-gum").faults) == (("unplugged",), ())


def _weigh(shop: Shop, plate: str, *weights_g: float, every_s: int = 30, load_id: int = 1) -> None:
    """Readings up to now."""
    first = shop.clock.now() - timedelta(seconds=every_s * (len(weights_g) - 1))
    with shop.connection.transaction(), shop.connection.cursor() as cursor:
        cursor.executemany(
            """INSERT INTO reading
               VALUES (%s, %s, 'bay-1', 'j', 1, 0, %s, 'heartbeat', %s, NULL, 1, 'ok', 0, true, %s)""",
            [(first + timedelta(seconds=every_s * n), STORE, plate, g, load_id) for n, g in enumerate(weights_g)],
        )
        cursor.execute(
            "INSERT INTO plate_current VALUES (%s, %s, 'bay-1', 0, 'ok', now()) ON CONFLICT DO NOTHING", (plate, STORE)
        )


def test_few_weights_are_all_shown(shop: Shop) -> None:
    _weigh(shop, "b1-s1-l1", 500.0, 400.0, 450.0)
    at = shop.clock.now()
    with _reading(shop) as link:
        found = shelves.weights(link, STORE, "b1-s1", since=at - timedelta(minutes=10), until=at)
    assert [g for _, g in found["b1-s1-l1"]] == [500.0, 400.0, 450.0]
    assert found["b1-s1-l1"][-1][0] == at.timestamp() * 1000
    assert found["b1-s1-l2"] == []


@pytest.mark.parametrize("points_max", [4, 7, 40])
def test_of_many_weights_the_extremes_stay_each_at_its_own_time(shop: Shop, points_max: int) -> None:
    grams = [500.0] * 2000
    grams[777], grams[1234] = 90.0, 910.0
    _weigh(shop, "b1-s1-l1", *grams, every_s=30)
    at = shop.clock.now()
    since = at - timedelta(days=1)
    with _reading(shop) as link:
        points = shelves.weights(link, STORE, "b1-s1", since=since, until=at, points_max=points_max)["b1-s1-l1"]
    assert len(points) <= points_max
    assert points == sorted(points)
    assert (points[0][1], points[-1]) == (500.0, (at.timestamp() * 1000, 500.0))
    assert ((at - timedelta(seconds=30 * (1999 - 1234))).timestamp() * 1000, 910.0) in points


def test_weights_a_load_brought_are_told_and_an_old_backlog_is_not(shop: Shop) -> None:
    first = shop.load("p-tea", "tea", 8)
    second = shop.load("p-tea", "tea", 7)
    third = shop.load("p-tea", "tea", 6)
    _weigh(shop, "b1-s1-l1", 500.0, load_id=first)
    _weigh(shop, "b1-s1-l1", 100.0, 390.0, every_s=3600, load_id=second)
    _weigh(shop, "b1-s1-l1", 260.0, load_id=third)
    with _reading(shop) as link:
        assert [g for _, _, g in shelves.weights_loaded(link, STORE, first, second)] == [390.0]
        assert [g for _, _, g in shelves.weights_loaded(link, STORE, third, third)] == []


def test_events_of_a_shelf_are_told_oldest_first_the_newest_of_too_many(shop: Shop) -> None:
    shop.load("p-tea", "tea", 7, kind="pick", moved=1, age_s=60)
    shop.load("p-gum", "gum", 7, kind="pick", moved=2, age_s=30)
    shop.load("p-tea", "tea", 9, kind="refill", moved=3)
    at = shop.clock.now()
    since = at - timedelta(minutes=1)
    with _reading(shop) as link:
        all_of_it = shelves.shelf_events(link, STORE, "b1-s1", since=since, until=at)
        newest = shelves.shelf_events(link, STORE, "b1-s1", since=since, until=at, limit=2)
        other = shelves.shelf_events(link, STORE, "b1-s2", since=since, until=at)
    assert [(one.position, one.units) for one in all_of_it] == [("p-tea", 1), ("p-gum", 2), ("p-tea", 3)]
    assert (newest, other) == (all_of_it[1:], [])


def test_a_rail_of_tags_is_as_fresh_as_its_reader_and_shows_its_tags(shop: Shop) -> None:
    shop.put_planogram(PLANOGRAM + "r-tea,tea,b2,b2-s1,,b2-s1-z1,6,2,\n")
    shop.load("r-tea", "tea", 1)
    with shop.connection.transaction():
        shop.connection.execute("INSERT INTO device VALUES ('bay-1', %s, true, 'j', '{}', now())", (STORE,))
        shop.connection.execute(
            """INSERT INTO tag_current VALUES ('b2-s1-z1', 'AA', %(store)s, '09521234567899', true, %(at)s),
                                              ('b2-s1-z1', 'BB', %(store)s, NULL, false, %(at)s),
                                              ('b9-s1-z1', 'CC', %(store)s, NULL, true, %(at)s)""",
            {"store": STORE, "at": shop.clock.now()},
        )
    shop.clock.advance(60)
    shop.reader_is_well("b2-s1-z1")
    rail = _position(shop, "r-tea")
    assert (rail.as_of, rail.zones, rail.faults) == (shop.clock.now(), ("b2-s1-z1",), ())
    with _reading(shop) as link:
        tags = shelves.tags(link, STORE, "b2-s1")
    assert [(tag.epc, tag.sku, tag.name_zh, tag.present) for tag in tags] == [
        ("AA", "tea", "乌龙茶", True), ("BB", None, None, False)
    ]  # fmt: skip


def test_a_display_sells_down_by_the_books(shop: Shop, client: Client) -> None:
    shop.work()
    sale = {
        "store": STORE,
        "sale_id": "s1",
        "sold_at": shop.clock.now().isoformat(),
        "lines": [{"sku": "gum", "units": 3}],
    }
    client.post("/v1/till-sales", sale, status=201)
    assert _position(shop, "d-gum").units == 7
