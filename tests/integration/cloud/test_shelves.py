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
from tests.integration.cloud.shop import STORE, Shop

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
