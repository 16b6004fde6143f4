"""Fitting a place, as transactions: where its wizard stands is kept, and what it found goes where it belongs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec import structs

from cloud.catalog import service as catalog
from cloud.commissioning import repository
from cloud.commissioning.asking import Offer
from cloud.commissioning.course import Course, Trouble, UnitWeight
from cloud.commissioning.places import Place
from cloud.commissioning.repository import Kept, Link
from cloud.commissioning.story import Looked
from cloud.devices import service as devices
from cloud.devices.fitting import Fitting, FittingRefused

MEASURING_S = 40.0
"""Wall seconds one page may measure before another takes over: longer than any answer is waited for."""


def place(link: Link, store: str, position: str, *, at: datetime) -> Place | None:
    """Return where a position is by the planogram; None when that does not know it."""
    found = next((one for one in catalog.positions(link, store, at=at) if one.position == position), None)
    return None if found is None else Place(position=position, bay=found.bay, shelf=found.shelf)


def course(link: Link, store: str, position: str) -> Kept | None:
    """Return how far the fitting of a place is, or None when nobody has begun."""
    return repository.course(link, store, position)


def courses(link: Link, store: str) -> list[Kept]:
    """Return every place of the store that is or was fitted here, the one last touched first."""
    return repository.courses(link, store)


def offers(link: Link, store: str, *, at: datetime) -> Sequence[Offer]:
    """Return every plate the devices of the store have."""
    return repository.offers(link, store, at=at)


def fresh(link: Link, store: str, where: Place, *, at: datetime) -> Course:
    """Return the course of a place as it would begin: what the planogram has there, the masses used last."""
    course = Course(position=where.position, bay=where.bay, shelf=where.shelf)
    last = next((kept.course for kept in repository.courses(link, store) if kept.course.line is not None), None)
    if last is not None and not last.mass_units:
        course = structs.replace(course, mass_g=last.mass_g, check_g=last.check_g)
    planned = next((one for one in catalog.positions(link, store, at=at) if one.position == where.position), None)
    if planned is None:
        return course
    return structs.replace(course, capacity=planned.capacity, low_units=planned.low_units, planned=planned.sku)


def begin(link: Link, store: str, where: Place, *, by: str, at: datetime) -> Kept:
    """Return the course of a place; the first that is heard of it begins it."""
    with link.transaction():
        if repository.course(link, store, where.position) is None:
            repository.begin(link, store, fresh(link, store, where, at=at), by=by, at=at)
        found = repository.course(link, store, where.position)
    assert found is not None, "it was begun"
    return found


def change(
    link: Link, store: str, position: str, changed: Callable[[Course], Course], *, by: str, at: datetime
) -> bool:
    """Change a course by what a person said; False when there is none. Whoever measures meanwhile looks anew.

    What the person said of goods holds in the planogram at once. Raises FittingRefused; the course is as it was then.
    """
    with link.transaction():
        kept = repository.course(link, store, position, for_update=True)
        if kept is None:
            return False
        after = changed(kept.course)
        if is_settled(after) and not is_settled(kept.course):
            _place(link, store, after, by=by, at=at)
        return repository.keep(link, store, after, version=kept.version, by=by, at=at)


def claim(link: Link, store: str, kept: Kept, *, wall_at: datetime) -> bool:
    """Let this page be the one that measures; False when another is, or the course has gone on."""
    with link.transaction():
        return repository.claim(
            link, store, kept.course.position, version=kept.version, wall_at=wall_at, for_s=MEASURING_S
        )


def keep_looked(link: Link, store: str, kept: Kept, looked: Looked, *, by: str, at: datetime) -> Course | None:
    """Keep what a look found and return the course; None when somebody changed it meanwhile: theirs holds.

    A plate that weighs by its own line now is under its product from here on; what one unit weighs, all stores know.
    """
    with link.transaction():
        held = repository.course(link, store, kept.course.position, for_update=True)
        if held is None or held.version != kept.version:
            return None
        course = _settled(link, store, kept, looked.course, by=by, at=at)
        if looked.learned is not None:
            learn(link, course, looked.learned, by=by, at=at)
        if course == kept.course:
            repository.release(link, store, course.position, version=kept.version)
        else:
            repository.keep(link, store, course, version=kept.version, by=by, at=at)
    return course


def _settled(link: Link, store: str, kept: Kept, course: Course, *, by: str, at: datetime) -> Course:
    """Return the course, which is in the planogram now if it belongs there; a refusal leads back to its goods."""
    if not is_settled(course) or is_settled(kept.course):
        return course
    try:
        with link.transaction():
            _place(link, store, course, by=by, at=at)
    except FittingRefused as refused:
        trouble = Trouble(code="not_placed", field=refused.field, found=refused.code, detail=str(refused))
        return structs.replace(course, step="goods", trouble=trouble)
    return course


def learn(link: Link, course: Course, unit: UnitWeight, *, by: str, at: datetime) -> None:
    """Give the product of a course the unit weight that was measured. Raises FittingRefused."""
    devices.learn_unit_weight(link, course.sku, unit.unit_weight_g, unit.unit_spread_g, by=by, at=at)


def is_settled(course: Course) -> bool:
    """Tell whether a place has its plate and its product: it belongs into the planogram."""
    return bool(course.sku) and course.step in ("units", "sheet")


def _place(link: Link, store: str, course: Course, *, by: str, at: datetime) -> None:
    """Put the place into the planogram as it was fitted. Raises FittingRefused."""
    fitting = Fitting(
        store=store, position=course.position, bay=course.bay, shelf=course.shelf, sku=course.sku,
        plates=course.all_plates, capacity=course.capacity, low_units=course.low_units,
        device=None if course.plates else course.device, shared=course.shared,
    )  # fmt: skip
    devices.place_position(link, store, fitting, by=by, at=at)


def forget(link: Link, store: str, position: str) -> None:
    """Drop the course of a place: whoever comes next begins anew."""
    with link.transaction():
        repository.forget(link, store, position)
