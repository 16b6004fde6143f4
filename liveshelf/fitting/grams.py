"""Read a weight as people write it: `2 kg`, `500`, `1,5kg` come in, grams go out."""

from __future__ import annotations

import re

WEIGHT = re.compile(r"^\s*(?P<number>\d+(?:[.,]\d+)?)\s*(?P<unit>g|gr|gram|grams|kg|kilo|kilos)?\s*$", re.IGNORECASE)


def grams_of(text: str) -> float | None:
    """Return the grams a text says, None when it says no weight. Without a unit it is grams; a comma is a point."""
    found = WEIGHT.match(text)
    if found is None:
        return None
    number = float(found["number"].replace(",", "."))
    return number * 1000.0 if (found["unit"] or "g").lower().startswith("k") else number


def said(weight_g: float) -> str:
    """Return a weight as it is read best."""
    return f"{weight_g / 1000:g} kg" if weight_g >= 1000 and weight_g % 100 == 0 else f"{weight_g:g} g"
