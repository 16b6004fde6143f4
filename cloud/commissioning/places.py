"""The places of a store by name: what a label names, and which labels a bay needs (pure).

A position that is called as labels call them, `b4-s1-p2`, says by its name alone where it is. Any other name is as good
once the planogram knows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from contract.ids import is_name

SHELVES_MAX = 12
PLACES_MAX = 24
"""More shelves a bay, or places a shelf, than any furniture has."""

_POSITION = re.compile(r"(?P<shelf>(?P<bay>.+)-s[1-9][0-9]?)-p[1-9][0-9]?")
_NUMBER = re.compile(r"[1-9][0-9]{0,3}")
_NUMBERED = re.compile(r"b([1-9][0-9]{0,3})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a position is."""

    position: str
    bay: str
    shelf: str


def place_named(position: str) -> Place | None:
    """Return the place a position's name tells, or None when it tells none or is no name."""
    match = _POSITION.fullmatch(position)
    if match is None or not is_name(position):
        return None
    return Place(position=position, bay=match["bay"], shelf=match["shelf"])


def bay_named(typed: str) -> str | None:
    """Return the bay somebody means: a number is that of a bay, `4` is `b4`; None when it can be no name."""
    text = typed.strip()
    bay = f"b{text}" if _NUMBER.fullmatch(text) else text
    longest = f"{bay}-s{SHELVES_MAX}-p{PLACES_MAX}"
    return bay if is_name(bay) and is_name(longest) else None


def next_bay(bays: Iterable[str]) -> str:
    """Return the first number no bay of the store has yet, above all of them, as people type it."""
    numbers = [int(match[1]) for bay in bays if (match := _NUMBERED.fullmatch(bay))]
    return str(max(numbers, default=0) + 1)


def places_of_bay(bay: str, *, shelves: int, places: int) -> tuple[Place, ...]:
    """Return the places of a bay from its first shelf to its last, on each from left to right."""
    return tuple(
        Place(position=f"{bay}-s{shelf}-p{number}", bay=bay, shelf=f"{bay}-s{shelf}")
        for shelf in range(1, shelves + 1)
        for number in range(1, places + 1)
    )


def place_after(position: str, known: Iterable[str] = ()) -> str | None:
    """Return the position to the right of one: the next on the shelf by its name; None when it tells none.

    `known` are the names of all positions of the planogram: where they skip a number, so does this.
    """
    if place_named(position) is None:
        return None
    head, _, number = position.rpartition("-p")
    beside = sorted(
        int(name.removeprefix(f"{head}-p"))
        for name in known
        if name.startswith(f"{head}-p") and name.removeprefix(f"{head}-p").isdecimal()
    )
    after = next((one for one in beside if one > int(number)), int(number) + 1)
    return f"{head}-p{after}" if after <= PLACES_MAX else None
