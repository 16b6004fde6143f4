"""What a button of the demo did, as a sentence (pure but for the catalogue it is given)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from dashboards.web.demo.control import BUSY, CONTROL_AWAY, Outcome


def _(text: str) -> str:
    """Mark a text for the catalogue; it is translated when it is shown."""
    return text


SENTENCES: Final[Mapping[str, str]] = {
    "rush_hour_began": _("A rush of shoppers is coming in. Watch the shelves empty and tasks come up."),
    "sweep_began": _(
        "Somebody is clearing %(place)s. Watch it turn empty: a loss to look into, not a task to restock."
    ),
    "nothing_there": _("There is nothing left to take."),
    "broker_pulled": _(
        "The broker is pulled for %(seconds)s seconds. Watch the page say so, and catch up without a gap afterwards."
    ),
    "scale_unplugged": _(
        "The scale under %(place)s is unplugged. Watch its count stand still: nobody orders because of a pulled plug."
    ),
    "no_broker_of_ours": _("This store uses a broker of your own; the demo leaves it alone."),
    "broker_away": _("The broker is away already. Wait until it is back."),
    "world_away": _("The simulated shop does not answer just now. Try again in a moment."),
    "wrong_command": _("The simulated shop cannot do that now."),
    BUSY: _("Others are trying it at this moment. Press again."),
    CONTROL_AWAY: _("The demo does not answer. Does the command that started it still run?"),
}

UNKNOWN: Final = _("That did not work.")
WELL: Final = frozenset({"rush_hour_began", "sweep_began", "broker_pulled", "scale_unplugged"})

_PLACE = re.compile(r"[\w-]{1,64}")


def told(outcome: Outcome) -> dict[str, str]:
    """Return what is worth telling of an outcome: what was said, the place it was about, seconds."""
    facts = outcome.facts
    positions = facts.get("positions")
    place = facts.get("shelf") or (positions[0] if isinstance(positions, list) and positions else facts.get("plate"))
    seconds = facts.get("away_s")
    found = {"said": outcome.said}
    if isinstance(place, str) and _PLACE.fullmatch(place):
        found["place"] = place
    if isinstance(seconds, int | float):
        found["seconds"] = f"{seconds:.0f}"
    return found


def sentence(
    said: Mapping[str, str], *, gettext: Callable[[str], str], place_name: Callable[[str], str]
) -> tuple[str, bool]:  # fmt: skip
    """Return the sentence for what `told` gave, and whether it worked. What comes from an address is not trusted."""
    place = said.get("place", "")
    seconds = said.get("seconds", "")
    facts: dict[str, Any] = {
        "place": place_name(place) if _PLACE.fullmatch(place) else "…",
        "seconds": seconds if seconds.isdecimal() else "…",
    }
    code = said.get("said", "")
    return gettext(SENTENCES.get(code, UNKNOWN)) % facts, code in WELL


def as_query(said: Mapping[str, str], *, back: str) -> str:
    """Return the query of the page that tells it to a browser without script."""
    return urlencode({**said, "next": back})
