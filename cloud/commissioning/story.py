"""The story of fitting a place, one look after the other: each asks the device once or twice and goes on by its answer.

The device waits by itself until a mass lies still; a look only begins the measurement when something was laid on. So
nobody presses a button while holding a weight, and a page that is loaded anew, or another phone, goes on where it was.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import structs

from cloud.commissioning import answers, judging
from cloud.commissioning.answers import AnswerUnreadable, Reading
from cloud.commissioning.asking import MEASURE_S, WEIGH_S, Ask, Offer
from cloud.commissioning.course import (
    UNITS_MORE,
    Course,
    Quiet,
    Step,
    Trouble,
    UnitWeight,
    believable,
    fresh_calibration,
    masses_for,
)
from cloud.errors import DeviceSilent, LinkAway
from contract.records import CommandResult

AGAIN = frozenset(
    {"not_resting", "no_change", "no_samples", "saturated", "stuck", "busy", "ended", "device_silent", "link_away"}
)
"""After these the same is asked again by itself: they pass, or somebody mends them while the page is open."""

AWAY = (DeviceSilent, LinkAway, AnswerUnreadable)
"""One of several devices that does not answer keeps no other from being seen."""

PASSING = frozenset({"falls"})
"""Findings about wires that do not keep a plate from being fitted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a look found: how the course stands now, what plates read (by `device/plate`), what is to be kept."""

    course: Course
    readings: Mapping[str, Reading] = field(default_factory=dict)
    findings: judging.Wiring = ()
    learned: UnitWeight | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Whom a look asks, which plates there are, and in whose name it measures."""

    ask: Ask
    offers: Sequence[Offer]
    by: str

    async def do(
        self, course: Course, op: str, args: Mapping[str, Any], *, timeout_s: float = MEASURE_S
    ) -> CommandResult:
        """Ask the device of a course. Raises DeviceSilent or LinkAway."""
        return await self.ask(course.device, op, args, timeout_s=timeout_s)

    async def read(self, device: str, plates: Sequence[str]) -> dict[str, Reading]:
        """Return what plates of a device read now, by `device/plate`.

        Raises DeviceSilent, LinkAway, AnswerUnreadable or Refused.
        """
        result = await self.ask(device, "weigh", {"plates": list(plates)}, timeout_s=WEIGH_S)
        if not result.ok:
            raise Refused(result)
        return {f"{device}/{plate}": reading for plate, reading in answers.readings(result.facts).items()}

    async def reading(self, course: Course) -> Reading:
        """Return what the plate of a course reads now. Raises DeviceSilent, LinkAway, AnswerUnreadable or Refused."""
        found = await self.read(course.device, [course.plate])
        try:
            return found[f"{course.device}/{course.plate}"]
        except KeyError:
            raise AnswerUnreadable(f"plates: found none of name {course.plate}") from None


class Refused(Exception):
    """A device refused; how the course goes on depends on what was asked."""

    def __init__(self, result: CommandResult) -> None:
        super().__init__(result.detail)
        self.trouble = trouble_of(result)


async def look(course: Course, bench: Bench) -> Looked:
    """Look once and return how it stands; whatever goes wrong with the device is told in `course.trouble`."""
    try:
        looked = await _LOOKS[course.step](course, bench)
    except (DeviceSilent, LinkAway) as error:
        return Looked(course=_troubled(course, Trouble(code=error.code, detail=str(error))))
    except AnswerUnreadable as error:
        return Looked(course=_troubled(course, Trouble(code="unreadable_answer", detail=str(error))))
    except Refused as refused:
        return Looked(course=_refused(course, refused.trouble))
    return looked


def trouble_of(result: CommandResult) -> Trouble:
    """Return a refusal as trouble; only words of bounded length are taken from a device."""
    facts = {name: str(result.facts.get(name, ""))[:100] for name in ("code", "field", "found")}
    return Trouble(
        code=facts["code"] or "refused", field=facts["field"], found=facts["found"], detail=result.detail[:300]
    )


def choose(course: Course, offer: Offer, *, shared: bool = False) -> Course:
    """Return the course with a plate chosen by hand. One that weighs another product already needs no calibration."""
    mass_g, check_g = masses_for(offer.capacity_g)
    chosen = structs.replace(
        fresh_calibration(course), step="goods" if shared and offer.calibrated else "wiring", device=offer.device,
        plate=offer.plate, capacity_g=offer.capacity_g, rate_sps=offer.rate_sps, shared=shared, pressed=None,
        released=False, placed=False, quiet={},
    )  # fmt: skip
    return structs.replace(chosen, mass_g=mass_g, check_g=check_g) if offer.capacity_g != course.capacity_g else chosen


def free_offers(course: Course, offers: Sequence[Offer]) -> list[Offer]:
    """Return the plates that may be pressed to be fitted here: online, under no product, or already under this one."""
    return [
        one
        for one in offers
        if one.online and one.position in (None, course.position) and one.plate not in course.plates
    ]


async def _plate(course: Course, bench: Bench) -> Looked:
    """Watch all free plates until one is pressed."""
    free = free_offers(course, bench.offers)
    if not free:
        return Looked(course=_troubled(course, Trouble(code="no_free_plate")))
    by_device: dict[str, list[str]] = defaultdict(list)
    for offer in free:
        by_device[offer.device].append(offer.plate)
    heard = await asyncio.gather(*(bench.read(*one) for one in by_device.items()), return_exceptions=True)
    seen: dict[str, Reading] = {}
    for found in heard:
        if isinstance(found, BaseException) and not isinstance(found, AWAY):
            raise found
        seen.update(found if isinstance(found, dict) else {})
    if not seen:
        raise next(found for found in heard if isinstance(found, BaseException))
    quiet = judging.untouched(course, seen)
    hit = judging.pressed(quiet, seen)
    calm = structs.replace(course, quiet=quiet, trouble=None)
    if hit is None:
        return Looked(course=calm, readings=seen)
    name, count = hit
    offer = next(one for one in free if one.name == name)
    found_one = structs.replace(choose(calm, offer), pressed=count, quiet={name: quiet[name]})
    return Looked(course=found_one, readings=seen)


async def _wiring(course: Course, bench: Bench) -> Looked:
    """See the hand come and go, tell the device where its plate is, and see that it reads well."""
    if course.pressed is not None and course.released and not course.placed:
        return Looked(course=await _placed(course, bench))
    reading = await bench.reading(course)
    name = f"{course.device}/{course.plate}"
    readings, calm = {name: reading}, structs.replace(course, trouble=None)
    if reading.count is None:
        return Looked(course=calm, readings=readings, findings=judging.wiring(calm, reading))
    quiet = judging.untouched(calm, readings)
    calm = structs.replace(calm, quiet=quiet)
    if calm.pressed is None:
        hit = judging.pressed(quiet, readings)
        return Looked(course=structs.replace(calm, pressed=hit[1] if hit else None), readings=readings)
    if not calm.released:
        gone = name in quiet and judging.is_released(quiet[name], calm.pressed, reading)
        return Looked(course=structs.replace(calm, released=gone), readings=readings)
    findings = judging.wiring(calm, reading)
    well = not set(findings) - PASSING
    return Looked(course=structs.replace(calm, step="load") if well else calm, readings=readings, findings=findings)


async def _placed(course: Course, bench: Bench) -> Course:
    """Tell the device where its plate is, unless it knows; it starts anew with that."""
    offer = next((one for one in bench.offers if one.name == f"{course.device}/{course.plate}"), None)
    if offer is None or (offer.bay, offer.shelf) != (course.bay, course.shelf):
        named = _own_name(course, bench.offers)
        args = {"plate": course.plate, "bay": course.bay, "shelf": course.shelf}
        result = await bench.do(course, "assign", args if named == course.plate else {**args, "rename": named})
        if not result.ok:
            raise Refused(result)
        course = structs.replace(course, plate=named)
    return structs.replace(course, placed=True, trouble=None)


def _own_name(course: Course, offers: Sequence[Offer]) -> str:
    """Return a name for the plate that no other plate of the store has: positions name plates, not devices."""
    taken = {one.plate for one in offers if one.name != f"{course.device}/{course.plate}"}
    names = (course.plate, *(f"{course.shelf[:60]}-l{number}" for number in range(1, 100)))
    return next((name for name in names if name not in taken), course.plate)


async def _load(course: Course, bench: Bench) -> Looked:
    """Begin the calibration with what stands on the plate."""
    if course.wish != "begin":
        return Looked(course=course)
    args = {"plate": course.plate, "goods_g": course.goods_g, "reason": course.reason}
    result = await bench.do(course, "calibration_begin", args)
    if not result.ok:
        raise Refused(result)
    begun = Quiet(*answers.begun(result.facts))
    return Looked(course=structs.replace(course, step="mass", begun=begun, wish="", trouble=None, refused_count=None))


async def _mass(course: Course, bench: Bench) -> Looked:
    """Measure the first mass once it lies there."""
    reading = await bench.reading(course)
    readings = {f"{course.device}/{course.plate}": reading}
    if not (course.wish == "measure" or judging.mass_is_laid(course, reading)):
        return Looked(course=_moved_on(course, reading), readings=readings)
    result = await bench.do(course, "calibration_mass", {"plate": course.plate, "mass_g": course.mass_g})
    if not result.ok:
        return Looked(course=_refused(course, trouble_of(result), at=reading), readings=readings)
    line = answers.line(result.facts)
    return Looked(
        course=structs.replace(course, step="check", line=line, wish="", trouble=None, refused_count=None),
        readings=readings,
    )


async def _check(course: Course, bench: Bench) -> Looked:
    """Measure the third mass once it lies there, and let the line hold when it does there too."""
    if course.wish == "accept":
        return await _accepted(course, bench)
    reading = await bench.reading(course)
    readings = {f"{course.device}/{course.plate}": reading}
    if not (course.wish == "measure" or judging.check_is_laid(course, reading)):
        return Looked(course=_moved_on(course, reading), readings=readings)
    result = await bench.do(course, "calibration_check", {"plate": course.plate, "mass_g": course.check_g})
    if not result.ok:
        return Looked(course=_refused(course, trouble_of(result), at=reading), readings=readings)
    check = answers.check(result.facts, course.check_g)
    wish = "accept" if check.passed else ""
    return Looked(
        course=structs.replace(course, check=check, wish=wish, trouble=None, refused_count=None),
        readings=readings,
    )


async def _accepted(course: Course, bench: Bench) -> Looked:
    """Let the line hold from now on. A device that has no session any more may have accepted it already."""
    result = await bench.do(course, "calibration_accept", {"plate": course.plate, "by": bench.by})
    if result.ok:
        return _with_sheet(course, answers.sheet(result.facts))
    trouble = trouble_of(result)
    if trouble.code == "no_session":
        history = await bench.do(course, "calibration_history", {"plate": course.plate}, timeout_s=WEIGH_S)
        newest = answers.newest_sheet(history.facts) if history.ok else None
        if newest is not None and newest[0].by == bench.by and _is_of(course, newest[1]):
            return _with_sheet(course, newest[0])
    raise Refused(result)


def _is_of(course: Course, facts: Mapping[str, Any]) -> bool:
    """Tell whether a sheet is of the line this course has measured."""
    return course.line is not None and facts.get("counts_per_g") == course.line.counts_per_g


def _with_sheet(course: Course, sheet: answers.Sheet) -> Looked:
    step: Step = "sheet" if course.sku else "goods"
    done = structs.replace(
        course, step=step, version=sheet.version, passed=sheet.passed, remarks=sheet.remarks, wish="", trouble=None
    )
    return Looked(course=done)


async def _units(course: Course, bench: Bench) -> Looked:
    """Learn what one unit weighs: wait for the masses to be off, then for one unit, then for the others."""
    if course.decides:
        return Looked(course=course)
    reading = await bench.reading(course)
    readings = {f"{course.device}/{course.plate}": reading}
    calm = structs.replace(course, trouble=None)
    if course.start_g is None:
        if not (course.wish == "clear" or judging.is_cleared(course, reading)):
            return Looked(course=calm, readings=readings)
        result = await bench.do(course, "unit_weight_begin", {"plates": [course.plate]})
        if not result.ok:
            raise Refused(result)
        start_g = answers.weight_g(result.facts)
        return Looked(course=structs.replace(calm, start_g=start_g, wish="", added=0, unit=None), readings=readings)
    if not (course.wish == "measure" or judging.unit_is_laid(course, reading)):
        return Looked(course=calm, readings=readings)
    more = UNITS_MORE if course.added else 1
    result = await bench.do(course, "unit_weight_add", {"units": more})
    if not result.ok:
        raise Refused(result)
    learned = structs.replace(calm, unit=answers.unit_weight(result.facts), added=course.added + more, wish="")
    return Looked(course=learned, readings=readings) if not course.added else await _learned(learned, bench, readings)


async def _learned(course: Course, bench: Bench, readings: Mapping[str, Reading]) -> Looked:
    """End the learning. What can be believed is taken, of anything else a person decides."""
    result = await bench.do(course, "unit_weight_end", {}, timeout_s=WEIGH_S)
    ended = structs.replace(course, unit=answers.unit_weight(result.facts)) if result.ok else course
    if not believable(ended):
        return Looked(course=ended, readings=readings)
    return Looked(course=structs.replace(ended, step="sheet"), readings=readings, learned=ended.unit)


async def _nothing(course: Course, bench: Bench) -> Looked:
    """Wait for the person: nothing of this is a device's."""
    del bench
    return Looked(course=course)


def _moved_on(course: Course, reading: Reading) -> Course:
    """Return the course without its trouble once the plate reads otherwise than when the device refused it."""
    if course.refused_count is None or reading.count is None:
        return structs.replace(course, trouble=None) if course.trouble and course.trouble.code in AGAIN else course
    least = judging.touch_count(course.begun) if course.begun else judging.PRESS_COUNT_MIN
    if abs(reading.count - course.refused_count) < least:
        return course
    return structs.replace(course, refused_count=None, trouble=None)


def _refused(course: Course, trouble: Trouble, *, at: Reading | None = None) -> Course:
    """Return the course after a refusal: asked again by itself when that passes, else once something has changed."""
    if trouble.code == "no_session":
        if course.step == "units":
            return structs.replace(course, start_g=None, added=0, unit=None, wish="", trouble=trouble)
        kept = fresh_calibration(course)
        return structs.replace(kept, standing=course.standing, trouble=trouble)
    again = trouble.code in AGAIN
    troubled = _troubled(course, trouble)
    return structs.replace(
        troubled, wish=course.wish if again else "",
        refused_count=None if again or at is None else at.count,
    )  # fmt: skip


def _troubled(course: Course, trouble: Trouble) -> Course:
    """Return the course with this trouble, counted when it is the same again."""
    before = course.trouble
    times = before.times + 1 if before is not None and before.code == trouble.code else 1
    return structs.replace(course, trouble=structs.replace(trouble, times=times))


_LOOKS: Mapping[Step, Callable[[Course, Bench], Awaitable[Looked]]] = {
    "plate": _plate, "wiring": _wiring, "load": _load, "mass": _mass, "check": _check, "goods": _nothing,
    "units": _units, "sheet": _nothing,
}  # fmt: skip
