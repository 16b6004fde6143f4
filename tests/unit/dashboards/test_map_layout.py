"""A bay as rectangles: every place has one, none lies over another, and all are wide enough to read and touch."""

from __future__ import annotations

from itertools import pairwise

import pytest

from dashboards.web.map.layout import ABREAST_MAX, BOARD_PX, TILE_PX, Bay, Tile, lay_out
from tests.unit.dashboards.places import place


def _bay(*lengths: int) -> Bay:
    """A bay with shelves of so many places each."""
    positions = [
        place(position=f"b1-s{shelf}-p{number}", bay="b1", shelf=f"b1-s{shelf}")
        for shelf, length in enumerate(lengths, start=1)
        for number in range(1, length + 1)
    ]
    (bay,) = lay_out(positions)
    return bay


def _rows(tiles: tuple[Tile, ...]) -> list[list[Tile]]:
    return [[tile for tile in tiles if tile.y == y] for y in sorted({tile.y for tile in tiles})]


def test_the_places_of_a_shelf_stand_side_by_side_in_planogram_order() -> None:
    (shelf,) = _bay(6).shelves
    assert [tile.position.position for tile in shelf.tiles] == [f"b1-s1-p{number}" for number in range(1, 7)]
    assert all(left.x + left.width < right.x for left, right in pairwise(shelf.tiles))
    assert shelf.tiles[-1].x + shelf.tiles[-1].width == pytest.approx(100, abs=0.01)


def test_shelves_lie_below_one_another_each_on_its_board() -> None:
    bay = _bay(6, 6, 6, 6)
    assert [shelf.shelf for shelf in bay.shelves] == ["b1-s1", "b1-s2", "b1-s3", "b1-s4"]
    for upper, lower in pairwise(bay.shelves):
        assert all(tile.y + TILE_PX < upper.board_y for tile in upper.tiles)
        assert all(upper.board_y + BOARD_PX < tile.y for tile in lower.tiles)
    assert bay.height == bay.shelves[-1].board_y + BOARD_PX


def test_a_shelf_too_long_for_a_phone_goes_on_in_a_row_below() -> None:
    (shelf,) = _bay(13).shelves
    rows = _rows(shelf.tiles)
    assert [len(row) for row in rows] == [7, 6]
    assert rows[0][-1].y + TILE_PX < rows[1][0].y
    assert rows[1][-1].y + TILE_PX < shelf.board_y


@pytest.mark.parametrize("length", range(1, 41))
def test_every_place_can_be_touched_on_a_phone(length: int) -> None:
    bay_px = 328
    (shelf,) = _bay(length).shelves
    assert len(shelf.tiles) == length
    assert min(tile.width for tile in shelf.tiles) * bay_px / 100 >= 36
    assert max(len(row) for row in _rows(shelf.tiles)) <= ABREAST_MAX


def test_a_lone_place_is_not_as_wide_as_its_bay() -> None:
    bay = _bay(1)
    assert bay.shelves[0].tiles[0].width < 25
    assert bay.narrow


def test_names_are_left_out_where_places_are_too_narrow_for_them() -> None:
    assert not _bay(6).dense
    assert _bay(8).dense


def test_a_store_without_places_has_no_bays() -> None:
    assert lay_out([]) == ()


def test_each_bay_is_a_drawing_of_its_own() -> None:
    positions = [place(position=f"{bay}-s1-p1", bay=bay, shelf=f"{bay}-s1") for bay in ("b1", "b2", "front")]
    assert [bay.bay for bay in lay_out(positions)] == ["b1", "b2", "front"]
