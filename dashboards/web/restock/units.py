"""How many units somebody says they put on a shelf: what they typed, as a number or as what is wrong with it (pure)."""

from __future__ import annotations

import unicodedata
from typing import Literal

Wrong = Literal["missing", "not_whole", "none", "too_many", "too_full"]

UNITS_MAX = 1_000_000
"""As many as the API takes."""


def parse_units(typed: str) -> int | Wrong:
    """Return the units, 1 to UNITS_MAX, or what is wrong. Full-width digits of a Chinese keyboard count as digits."""
    text = unicodedata.normalize("NFKC", typed).strip()
    if not text:
        return "missing"
    if not (text.isascii() and text.isdecimal()):
        return "not_whole"
    digits = text.lstrip("0")
    if not digits:
        return "none"
    if len(digits) > len(str(UNITS_MAX)) or int(digits) > UNITS_MAX:
        return "too_many"
    return int(digits)


def stepped(typed: str, step: int, *, suggested: int) -> str:
    """Return what stands in the field after a step up or down; what was no number begins at what was suggested."""
    units = parse_units(typed)
    return str(min(UNITS_MAX, max(1, (units if isinstance(units, int) else suggested) + step)))
