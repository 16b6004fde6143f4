"""Decide by what plates read what just happened on them: a hand, a mass, goods; whether they are wired well (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from cloud.commissioning.answers import Reading
from cloud.commissioning.course import UNITS_MORE, Course, Quiet

RATED_COUNT: Final = 2_147_484.0
"""What a cell of 1 mV/V gives at its capacity: an HX711 at gain 128 takes half its supply over 128 for 2^23 counts, a
cell a thousandth of its supply (HX711 data sheet, p. 4). As the agent has it (`edge.calibrating.resting`)."""

WEAKEST_SHARE: Final = 0.1
"""The weakest cells there are give a tenth of that, less their lever."""

PRESS_COUNT_MIN: Final = 5_000.0
"""A hand presses with 200 g at least; on the weakest common cell, 0.2 mV/V at 20 kg, that is 4,300 counts, and nothing
else moves a plate by so much within a second."""

PRESS_RATIO: Final = 12.0
"""So many times its own noise over a second, and a plate was touched, however restless it is."""

RELEASED_SHARE: Final = 0.25
"""A hand has left when less than a quarter of its press is seen: creep and crosstalk leave a few per cent."""

LAID_SHARE: Final = 0.25
"""As the agent has it: a change of less than a quarter of what was told is somebody's finger."""

NEAR_SHARE: Final = 0.25
"""A third mass that reads by more than that share otherwise is another one, or the first was."""

SLOW_SHARE: Final = 0.8
REJECTED_SHARE: Final = 0.05
"""Below this share of its conversions, or above this share thrown away, a plate is wired badly."""

UNIT_SHARE: Final = 0.4
"""Units are taken for counted when their weight is within so many units of the number: half a unit is another one."""

Finding = Literal["no_samples", "saturated", "stuck", "slow", "rejects", "falls"]
Wiring = tuple[Finding, ...]


def untouched(course: Course, seen: Mapping[str, Reading]) -> dict[str, Quiet]:
    """Return what each plate reads untouched: as it was first seen, plates that have just come included."""
    found = dict(course.quiet)
    for name, reading in seen.items():
        if name not in found and reading.count is not None:
            found[name] = Quiet(reading.count, reading.noise_count or 0.0)
    return {name: quiet for name, quiet in found.items() if name in seen}


def pressed(quiet: Mapping[str, Quiet], seen: Mapping[str, Reading]) -> tuple[str, float] | None:
    """Return the plate that is pressed and by how many counts it moved: the one that moved most; None: none is."""
    moved = {name: reading.count - quiet[name].count for name, reading in seen.items()
             if name in quiet and reading.count is not None
             and abs(reading.count - quiet[name].count) > touch_count(quiet[name])}  # fmt: skip
    if not moved:
        return None
    name = max(moved, key=lambda one: abs(moved[one]))
    return name, moved[name]


def touch_count(quiet: Quiet) -> float:
    """Return by how many counts a plate moves at least when a hand presses on it."""
    return max(PRESS_COUNT_MIN, PRESS_RATIO * quiet.noise_count)


def is_released(quiet: Quiet, press_count: float, reading: Reading) -> bool:
    """Tell whether the hand has left the plate."""
    return reading.count is not None and abs(reading.count - quiet.count) < max(
        RELEASED_SHARE * abs(press_count), touch_count(quiet) / 2.0
    )


def wiring(course: Course, reading: Reading) -> Wiring:
    """Return what speaks against the wires of a plate. `falls` alone is no reason to stop: a line may fall."""
    found: list[Finding] = []
    if reading.count is None:
        found.append("no_samples")
    if reading.quality in ("saturated", "stuck"):
        found.append(reading.quality)  # type: ignore[arg-type]  # one of the two
    if reading.count is not None and reading.rate_sps < SLOW_SHARE * course.rate_sps:
        found.append("slow")
    if reading.rejected_share > REJECTED_SHARE:
        found.append("rejects")
    if course.pressed is not None and course.pressed < 0.0:
        found.append("falls")
    return tuple(found)


def mass_is_laid(course: Course, reading: Reading) -> bool:
    """Tell whether something like the first mass lies on the plate; the device decides when it lies still."""
    if course.begun is None or reading.count is None:
        return False
    weakest = WEAKEST_SHARE * RATED_COUNT / course.capacity_g
    least = max(6.0 * course.begun.noise_count, LAID_SHARE * weakest * course.mass_g)
    return _moved(course, reading.count, course.begun.count, least)


def check_is_laid(course: Course, reading: Reading) -> bool:
    """Tell whether something like the third mass lies on the plate by the line the first one gave."""
    if course.line is None or reading.count is None:
        return False
    on_g = course.line.grams(reading.count) - course.goods_g
    near = abs(on_g - course.check_g) < NEAR_SHARE * min(course.check_g, abs(course.mass_g - course.check_g))
    least = NEAR_SHARE * course.check_g * abs(course.line.counts_per_g)
    return near and _moved(course, reading.count, None, least)


def _moved(course: Course, count: float, since: float | None, least: float) -> bool:
    """Tell whether a count is away from where it was, and from where the device has refused it already."""
    away = since is None or abs(count - since) >= least
    return away and (course.refused_count is None or abs(count - course.refused_count) >= least)


def is_cleared(course: Course, reading: Reading) -> bool:
    """Tell whether the masses are off the plate again, so that goods can be put on."""
    if reading.weight_g is None or course.line is None:
        return False
    least_g = min(course.mass_g, course.check_g) * LAID_SHARE
    return reading.resting and abs(reading.weight_g - course.goods_g) < least_g


def units_on(course: Course, reading: Reading) -> float | None:
    """Return how many units were put on since the beginning, by what is known of their weight; None: nothing is."""
    unit_g = course.unit.unit_weight_g if course.unit else None
    if unit_g is None or unit_g <= 0.0 or course.start_g is None or reading.weight_g is None:
        return None
    return (reading.weight_g - course.start_g) / unit_g


def unit_is_laid(course: Course, reading: Reading) -> bool:
    """Tell whether the next units lie on the plate: the first, of which nothing is known, the others by its weight."""
    if course.start_g is None or reading.weight_g is None:
        return False
    if course.unit is None:
        return reading.weight_g - course.start_g > 6.0 * max(reading.noise_g or 0.0, 0.05)
    on = units_on(course, reading)
    return on is not None and abs(on - course.added - UNITS_MORE) < UNIT_SHARE
