"""What lost units are worth, as people read it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cloud.catalog.model import Price
from dashboards.web.language import Language
from dashboards.web.losses.worth import worth


@pytest.mark.parametrize(
    ("price", "language", "words"),
    [
        (Price.of_minor(350, "EUR"), "en", "€28.00"),
        (Price.of_minor(350, "CNY"), "zh-Hans", "¥28.00"),
        (Price.of_minor(350, "JPY"), "en", "¥2,800"),
        (None, "en", None),
    ],
)
def test_units_are_worth_their_price(price: Price | None, language: Language, words: str | None) -> None:
    assert worth(8, price, language) == words


def test_the_smallest_unit_of_a_currency_need_not_be_a_hundredth() -> None:
    amounts = [Price.of_minor(1234, currency).amount for currency in ("EUR", "JPY", "KWD")]
    assert amounts == [Decimal("12.34"), Decimal(1234), Decimal("1.234")]
