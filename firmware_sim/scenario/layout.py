"""The furniture of the corner shop: 3 bays of 4 shelves of 6 positions, with the hard cases a real shop has too."""

from __future__ import annotations

from dataclasses import dataclass

BAYS, SHELVES, PLACES = 3, 4, 6

SHARED_PLATE = ("b2-s2-p1", "b2-s2-p2")
"""Two products on one plate: which of them moved, only the weight can tell."""

WIDE_POSITION = "b1-s4-p3"
"""One product that lies across two plates."""

RAIL = "b3-s4"
"""A rail without any scale: six products before one antenna."""

TAGGED_SHELF = "b3-s3"
"""Bottles with tags on plates: scale and antenna see the same goods."""

DISPLAY_POSITION = "front-d1-p1"
"""A display by the till that no sensor sees."""

DISPLAY_SKU = "CHOC-GIFT-200"

DISPLAY_CAPACITY, DISPLAY_UNITS = 10, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One position and its sensors."""

    position: str
    bay: str
    shelf: str
    plates: tuple[str, ...]
    zones: tuple[str, ...]


def places() -> tuple[Place, ...]:
    """Return all places, bay by bay, shelf by shelf, from left to right; the unsensed display last."""
    found: list[Place] = []
    for bay in range(1, BAYS + 1):
        for shelf in range(1, SHELVES + 1):
            found.extend(_shelf(f"b{bay}", f"b{bay}-s{shelf}"))
    display = Place(position=DISPLAY_POSITION, bay="front", shelf="front-d1", plates=(), zones=())
    return (*found, display)


def _shelf(bay: str, shelf: str) -> list[Place]:
    """Return the places of one shelf; its plates l1, l2, ... are counted from left to right."""
    found: list[Place] = []
    plates = 0
    for number in range(1, PLACES + 1):
        position = f"{shelf}-p{number}"
        if position == SHARED_PLATE[1]:
            own = found[-1].plates
        else:
            width = 0 if shelf == RAIL else 2 if position == WIDE_POSITION else 1
            own = tuple(f"{shelf}-l{plates + place}" for place in range(1, width + 1))
            plates += width
        zones = (f"{shelf}-z1",) if shelf in (RAIL, TAGGED_SHELF) else ()
        found.append(Place(position=position, bay=bay, shelf=shelf, plates=own, zones=zones))
    return found
