"""What was picked and never paid for."""

from __future__ import annotations

import pytest

from database.inspection import stock_differences
from tests.integration.cloud.shop import STORE, Client, Shop

pytestmark = pytest.mark.database

HOLD_S = 7200.0


def _pick(shop: Shop, left: int, units: int, *, age_s: float = 0.0) -> None:
    shop.load("p-tea", "tea", left, kind="pick", moved=units, age_s=age_s)
    shop.work()


def _sell(shop: Shop, client: Client, sale_id: str, units: int) -> None:
    sale = {"store": STORE, "sale_id": sale_id, "sold_at": shop.clock.now().isoformat(), "lines": [
        {"sku": "tea", "units": units}]}  # fmt: skip
    client.post("/v1/till-sales", sale, status=201)


def _lost(shop: Shop) -> list[int]:
    return [units for (units,) in shop.rows("SELECT units FROM stock_ledger WHERE kind = 'unknown_loss' ORDER BY 1")]


def test_a_basket_nobody_paid_for_in_time_is_unknown_loss_once(shop: Shop) -> None:
    _pick(shop, 6, 2)
    shop.work(after_s=HOLD_S - 1)
    assert _lost(shop) == []
    for _ in range(3):
        shop.work(after_s=600)
    assert _lost(shop) == [2]
    assert "basket" not in shop.places("tea")
    with shop.connection.transaction():
        assert list(stock_differences(shop.connection)) == []


def test_a_sale_takes_the_oldest_pick_and_the_rest_keeps_its_own_time(shop: Shop, client: Client) -> None:
    _pick(shop, 6, 2)
    shop.clock.advance(3600)
    _pick(shop, 3, 3)
    _sell(shop, client, "s1", 3)
    shop.work(after_s=HOLD_S - 3000)
    assert (_lost(shop), shop.places("tea")["basket"]) == ([], 2), "both first picks were sold, and one of the second"
    shop.work(after_s=3600)
    assert _lost(shop) == [2]


def test_of_an_old_and_a_young_pick_the_old_one_is_lost(shop: Shop) -> None:
    _pick(shop, 6, 2)
    shop.clock.advance(3600)
    _pick(shop, 3, 3)
    shop.work(after_s=HOLD_S - 3000)
    assert (_lost(shop), shop.places("tea")["basket"]) == ([2], 3)
    shop.work(after_s=3600)
    assert _lost(shop) == [2, 3]


def test_a_pick_told_late_stands_for_a_sale_that_is_known(shop: Shop, client: Client) -> None:
    _pick(shop, 7, 1)
    _sell(shop, client, "s1", 2)
    shop.clock.advance(HOLD_S + 600)
    _pick(shop, 5, 1)
    _pick(shop, 6, 1, age_s=HOLD_S + 600)
    shop.work(after_s=600)
    assert (_lost(shop), shop.places("tea")["basket"]) == ([], 1), "the young pick is still on its way to the till"


def test_the_shop_says_how_long_a_basket_is_waited_for(shop: Shop) -> None:
    shop.configure(basket_hold_s=60.0)
    _pick(shop, 6, 2)
    shop.work(after_s=600)
    assert _lost(shop) == [2]
