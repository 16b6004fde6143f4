"""Numbers as people type them on a phone: units and grams, or what is wrong with them (pure)."""

from __future__ import annotations

import math
import re
import unicodedata

UNITS_MAX = 10_000
GRAMS_MAX = 1_000_000.0

_GRAMS = re.compile(r"\d{1,7}(?:[.,]\d{1,3})?")


class Fields(dict[str, str]):
    """Fields of a form, or what is wrong with them: one that is not there is empty."""

    def __missing__(self, name: str) -> str:
        return ""


def whole(typed: str, *, least: int = 1, most: int = UNITS_MAX) -> int | None:
    """Return a whole number, or None. Full-width digits of a Chinese keyboard count as digits."""
    text = unicodedata.normalize("NFKC", typed).strip()
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(most)):
        return None
    return int(text) if least <= int(text) <= most else None


def grams(typed: str) -> float | None:
    """Return a weight above 0 in grams, or None; a decimal comma is one too, and so is `1.5 kg`."""
    text = unicodedata.normalize("NFKC", typed).strip().lower()
    number, factor = text, 1.0
    for unit, grams_of_one in (("kg", 1000.0), ("g", 1.0)):
        if text.endswith(unit):
            number, factor = text.removesuffix(unit).strip(), grams_of_one
            break
    if not _GRAMS.fullmatch(number):
        return None
    weight_g = float(number.replace(",", ".")) * factor
    return weight_g if 0.0 < weight_g <= GRAMS_MAX and math.isfinite(weight_g) else None
