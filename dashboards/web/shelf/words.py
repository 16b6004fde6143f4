"""What happens on a shelf, in words for people: English texts of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


def _(text: str) -> str:
    """Mark a text for the catalogue; it is translated when it is shown."""
    return text


@dataclass(frozen=True, slots=True)
class EventWords:
    """An event in words, the sign it has on the plot, and the icon it has in lists."""

    label: str
    sign: str
    icon: str


EVENTS: Final = {
    "pick": EventWords(_("Picked"), "−", "hand"),
    "put_back": EventWords(_("Put back"), "+", "down"),
    "refill": EventWords(_("Refilled"), "+", "restock"),
    "misplace": EventWords(_("Put in the wrong place"), "?", "alert"),
    "swap": EventWords(_("Swapped for something else"), "⇄", "alert"),
    "sweep": EventWords(_("Many taken at once"), "!", "alert"),
}
"""Kinds of shelf events (cloud.shelves.model)."""

WHAT: Final = _("%(what)s: %(n)s × %(product)s")
"""An event in one line."""
