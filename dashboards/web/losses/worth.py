"""What units are worth, in words of the reader's language (pure)."""

from __future__ import annotations

from babel.numbers import format_currency

from cloud.catalog.model import Price
from dashboards.web.language import Language

_LOCALES: dict[Language, str] = {"en": "en", "zh-Hans": "zh_Hans_CN"}


def worth(units: int, price: Price | None, language: Language) -> str | None:
    """Return what so many units cost, such as €12.50; None where no price is known."""
    if price is None:
        return None
    return format_currency(price.amount * units, price.currency, locale=_LOCALES[language])
