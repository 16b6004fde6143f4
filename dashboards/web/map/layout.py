"""A planogram as a drawing: bays of shelves, shelves of places side by side, each a rectangle (pure).

Widths are in percent of the bay, so that a bay fills a phone as it fills half a screen; heights are in pixels, so that
text and targets never shrink.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil

from cloud.shelves.model import PositionView

TILE_PX = 92
BOARD_PX = 34
"""The edge of a shelf, below its goods: it carries the shelf's name."""

GAP_PX = 4
GAP_SHARE = 0.8
"""Percent of the bay between two places."""

ABREAST_MAX = 8
"""More places than this do not fit on a phone side by side: the shelf is then drawn in several rows of equal length."""

ABREAST_MIN = 4
"""A lone place is not drawn wider than a quarter of its bay."""

ROOMY = 6
"""Up to so many places side by side have room for their product's name on a usual screen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A place and its rectangle: `x` and `width` in percent of the bay, `y` and `height` in pixels."""

    position: PositionView
    x: float
    y: int
    width: float
    height: int = TILE_PX


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A shelf: its places, and where its edge begins (pixels)."""

    shelf: str
    tiles: tuple[Tile, ...]
    board_y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bay:
    """A bay, `height` pixels tall. `dense`: too many side by side for names. `narrow`: only a few in all."""

    bay: str
    shelves: tuple[Shelf, ...]
    height: int
    dense: bool
    narrow: bool


def lay_out(positions: Iterable[PositionView]) -> tuple[Bay, ...]:
    """Return the bays of a store from its places, which are in planogram order."""
    return tuple(_bay(bay, tuple(found)) for bay, found in groupby(positions, key=lambda one: one.bay))


def _bay(bay: str, positions: Sequence[PositionView]) -> Bay:
    shelves: list[Shelf] = []
    y = widest = 0
    for shelf, found in groupby(positions, key=lambda one: one.shelf):
        rows = _rows(tuple(found))
        widest = max(widest, *(len(row) for row in rows))
        tiles = [tile for number, row in enumerate(rows) for tile in _row(row, y + number * (TILE_PX + GAP_PX))]
        y += len(rows) * (TILE_PX + GAP_PX)
        shelves.append(Shelf(shelf=shelf, tiles=tuple(tiles), board_y=y))
        y += BOARD_PX + GAP_PX
    return Bay(
        bay=bay, shelves=tuple(shelves), height=y - GAP_PX, dense=widest > ROOMY, narrow=len(positions) < ABREAST_MIN
    )


def _rows(positions: Sequence[PositionView]) -> list[Sequence[PositionView]]:
    """Cut a shelf that is too long into rows of nearly equal length."""
    rows = ceil(len(positions) / ABREAST_MAX)
    length = ceil(len(positions) / rows)
    return [positions[start : start + length] for start in range(0, len(positions), length)]


def _row(positions: Sequence[PositionView], y: int) -> list[Tile]:
    abreast = max(len(positions), ABREAST_MIN)
    width = (100 - GAP_SHARE * (abreast - 1)) / abreast
    return [
        Tile(position=position, x=round(number * (width + GAP_SHARE), 3), y=y, width=round(width, 3))
        for number, position in enumerate(positions)
    ]
