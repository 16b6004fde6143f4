"""The sheet of a calibration: what was found, by whom, when and why; kept for good and printed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from contract.records import Name
from edge.calibrating.line import Check, Line
from edge.weighing.calibration import Calibration
from edge.weighing.plate import NOISY_SHARE

Reason = Literal["new", "cell_replaced", "recheck"]
"""Why somebody calibrates a plate. Sheets know three more: `zero`, `restore`, and `file` for a line of the file."""

RAIL_COUNT = 0x7FFFFF
"""The converter ends there, either way."""

LIGHT_SHARE = 0.05
"""A mass below this share of the capacity says little of the rest: the gain is then extrapolated twentyfold."""

ZERO_MOVED_SHARE = 0.01
"""An empty plate whose zero moved by more than this share of capacity has had something done to it: ten times what a
cell drifts in 20 degrees (0.05 % in 10, Seeed bar cell)."""

DOUBTFUL = frozenset({"not_checked", "check_failed", "noisy", "near_rail"})
"""Remarks that keep a calibration from having passed."""


class SheetPoint(Struct, frozen=True):
    """A mass since the beginning, and the count it gave."""

    mass_g: float
    count: float


class SheetCheck(Struct, frozen=True):
    """What a third mass was measured as."""

    mass_g: float
    measured_g: float
    error_g: float
    limit_g: float


class Sheet(Struct, frozen=True, kw_only=True):
    """One version of a plate's line. `uncertainty_share` is the standard uncertainty of the gain where it was measured;
    `goods_g` stood on the plate below all masses.
    """

    plate: Name
    version: Annotated[int, Meta(ge=1)]
    at: Annotated[datetime, Meta(tz=True)]
    by: str
    reason: str
    zero_count: float
    counts_per_g: float
    capacity_g: float
    points: tuple[SheetPoint, ...] = ()
    check: SheetCheck | None = None
    noise_g: float | None = None
    uncertainty_share: float | None = None
    goods_g: float = 0.0
    passed: bool = True
    remarks: tuple[str, ...] = ()

    @property
    def calibration(self) -> Calibration:
        """The line the plate weighs by while this sheet holds."""
        return Calibration(zero_count=self.zero_count, counts_per_g=self.counts_per_g, version=self.version)


def remarks_of(line: Line, *, capacity_g: float, noise_g: float, goods_g: float, heaviest_g: float) -> Iterator[str]:
    """Yield what somebody should know of a line, as codes (docs/reference/commands.md)."""
    if line.counts_per_g < 0.0:
        yield "negative_gain"
    if goods_g:
        yield "stocked"
    if heaviest_g < LIGHT_SHARE * capacity_g:
        yield "light_mass"
    if noise_g > NOISY_SHARE * capacity_g:
        yield "noisy"
    if abs(line.zero_count + line.counts_per_g * capacity_g) > RAIL_COUNT or abs(line.zero_count) > RAIL_COUNT:
        yield "near_rail"


def checked(check: Check | None) -> Iterator[str]:
    """Yield what the third mass says, as codes."""
    if check is None:
        yield "not_checked"
    elif not check.passed:
        yield "check_failed"


def has_passed(remarks: tuple[str, ...]) -> bool:
    """Tell whether nothing that was found speaks against the line."""
    return not DOUBTFUL.intersection(remarks)
