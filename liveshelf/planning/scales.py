"""Which load cell a plate needs: the goods on it in, the smallest cell that carries them and a hand out (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from liveshelf.planning.goods import Stand, on_plates

CELLS_G = (3_000.0, 5_000.0, 10_000.0, 20_000.0, 50_000.0)
"""Capacities that single-point bar cells are commonly sold in (assumption: what dealers list; the 5 and 10 kg ones are
those whose errors we know, see `sensing`)."""

PLATE_G = 500.0
"""What the plate itself weighs: 30 x 20 cm of 1 mm steel, or of 7 mm acrylic (steel 7.8, acrylic 1.2 g/cm3)."""

HAND_G = 2_000.0
"""What a hand adds that pushes goods to the back (assumption, the same as in the demonstration store).

A cell carries 150 % of its capacity in the middle of its plate but only 100 % at a corner (A&D LCB04 manual, section
3-3), and goods are set down at corners. So plate, full goods and hand together stay within the capacity.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """One plate as it is to be built. `goods_g` is what lies on it when all its positions are full, as far as
    weights are known: `goods_known` tells whether all are. `cell_g` is the capacity of its cell, None when that cannot
    be said before all are, and when none is large enough.
    """

    plate: str
    bay: str
    shelf: str
    goods_g: float
    goods_known: bool
    cell_g: float | None


def cell_for(goods_g: float) -> float | None:
    """Return the capacity in grams of the smallest cell under goods of a weight, None when none carries them."""
    load_g = goods_g + PLATE_G + HAND_G
    return next((cell_g for cell_g in CELLS_G if load_g <= cell_g), None)


def scales(goods: Iterable[Stand]) -> Mapping[str, Scale]:
    """Return the plates with their cells, in order of place. A product over several plates loads them alike."""
    return {plate: _scale(plate, there) for plate, there in on_plates(goods).items()}


def goods_room_g() -> float:
    """Return the weight of goods the largest cell carries besides plate and hand."""
    return CELLS_G[-1] - PLATE_G - HAND_G


def _scale(plate: str, there: tuple[Stand, ...]) -> Scale:
    goods_g = sum(stand.full_g / len(stand.plates) for stand in there)
    known = all(stand.weight_g is not None for stand in there)
    return Scale(
        plate=plate,
        bay=there[0].bay,
        shelf=there[0].shelf,
        goods_g=goods_g,
        goods_known=known,
        cell_g=cell_for(goods_g) if known else None,
    )
