"""What a device answers, as values: facts come in as JSON has them, a reading or a line goes out (pure).

A device may run another version than we do, or be none of ours: what is missing or of another kind is one error that
names it, never a wrong number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from cloud.commissioning.course import Check, Line, UnitWeight
from contract.errors import LiveShelfError

T = TypeVar("T")


class AnswerUnreadable(LiveShelfError):
    """A device answered something that is no answer to what was asked."""


class Reading(Struct, frozen=True, kw_only=True):
    """What a plate reads now: counts and grams over one second; `count` is None for one that said nothing."""

    count: float | None
    noise_count: float | None
    weight_g: float | None
    noise_g: float | None
    quality: str
    rate_sps: float
    rejected: dict[str, int] = {}
    resting: bool = False

    @property
    def rejected_share(self) -> float:
        """How many of the conversions of that second were thrown away."""
        rejected = sum(self.rejected.values())
        return rejected / (rejected + self.rate_sps) if rejected else 0.0


class Sheet(Struct, frozen=True, kw_only=True):
    """Of a calibration sheet what the wizard goes on with; the device's own words are kept whole beside it."""

    plate: str
    version: int
    by: str
    passed: bool
    remarks: tuple[str, ...] = ()


class _Begun(Struct, frozen=True):
    count: float
    noise_count: float


class _Weighed(Struct, frozen=True):
    weight_g: float


def readings(facts: Mapping[str, Any]) -> dict[str, Reading]:
    """Return what `weigh` tells, by plate. Raises AnswerUnreadable."""
    return _read(facts.get("plates"), dict[str, Reading], "plates")


def begun(facts: Mapping[str, Any]) -> tuple[float, float]:
    """Return count and noise of what `calibration_begin` tells. Raises AnswerUnreadable."""
    found = _read(facts, _Begun, "calibration_begin")
    return found.count, found.noise_count


def line(facts: Mapping[str, Any]) -> Line:
    """Return the line `calibration_mass` tells. Raises AnswerUnreadable."""
    found = _read(facts, Line, "calibration_mass")
    if found.counts_per_g == 0.0:
        raise AnswerUnreadable("counts_per_g: found 0, expected counts one gram adds")
    return found


def check(facts: Mapping[str, Any], mass_g: float) -> Check:
    """Return what `calibration_check` tells of a mass. Raises AnswerUnreadable."""
    return _read({**facts, "mass_g": mass_g}, Check, "calibration_check")


def sheet(facts: Mapping[str, Any]) -> Sheet:
    """Return what the sheet of `calibration_accept` tells. Raises AnswerUnreadable."""
    return _read(facts.get("sheet"), Sheet, "sheet")


def newest_sheet(facts: Mapping[str, Any]) -> tuple[Sheet, Mapping[str, Any]] | None:
    """Return the newest sheet of `calibration_history`, as value and as it came. Raises AnswerUnreadable."""
    found = _read(facts.get("sheets"), list[dict[str, Any]], "sheets")
    return (_read(found[0], Sheet, "sheets[0]"), found[0]) if found else None


def weight_g(facts: Mapping[str, Any]) -> float:
    """Return the weight `unit_weight_begin` tells. Raises AnswerUnreadable."""
    return _read(facts, _Weighed, "unit_weight_begin").weight_g


def unit_weight(facts: Mapping[str, Any]) -> UnitWeight:
    """Return what `unit_weight_add` and `unit_weight_end` tell. Raises AnswerUnreadable."""
    return _read(facts, UnitWeight, "unit_weight")


def _read(found: object, kind: type[T], what: str) -> T:
    try:
        return msgspec.convert(found, kind, strict=True)
    except msgspec.ValidationError as error:
        raise AnswerUnreadable(f"{what}: {error}") from error
