"""What a person says in the wizard: a form and a course come in, the course as it goes on comes out, or what is wrong.

Every wrong field is named, and what was typed is shown again by the page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from msgspec import structs

from cloud.catalog.model import CatalogLine
from cloud.commissioning.asking import Offer
from cloud.commissioning.course import REASONS, Course, Reason, Standing, fresh_calibration
from cloud.commissioning.story import choose
from dashboards.web.fitting.typed import grams, whole


def _(text: str) -> str:
    """Mark a text for the catalogue; it is translated when it is shown."""
    return text


class Wrong(Exception):
    """A form cannot be taken as it is: English texts of the catalogue by field."""

    def __init__(self, **errors: str) -> None:
        super().__init__(", ".join(errors))
        self.errors = errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """A form that was sent: its fields, the plates there are, and how to find a product of the catalogue."""

    form: Mapping[str, str]
    offers: Sequence[Offer]
    product: Callable[[str], CatalogLine | None]

    def field(self, name: str) -> str:
        """Return what was typed in a field."""
        return self.form.get(name, "").strip()


NO_PRODUCT = _("Find the product and choose it.")
NO_UNITS = _("Enter a whole number of units, 1 or more.")
NO_GRAMS = _("Enter a weight in grams, such as 500.")
NO_UNIT_WEIGHT = _("What one weighs is not known yet: enter it in grams.")
NO_CAPACITY = _("Enter how many fit here, 1 or more.")
NO_LOW = _("Enter a whole number below what fits here, or leave it empty.")
TOO_HEAVY = _("The plate carries %(n)s g at most.")
SAME_MASS = _("Take another mass than the one before.")
NO_PLATE = _("Choose a plate.")
NOT_FREE = _("Another product stands on this plate. Tick that both share it, or choose another plate.")
KG_PRODUCT = _("A product sold by weight is not counted by units.")


def look_again(course: Course, deed: Deed) -> Course:
    """Forget which plate it is and watch them all anew."""
    del deed
    return structs.replace(
        fresh_calibration(course), step="plate", device="", plate="", quiet={}, pressed=None, released=False,
        placed=False, shared=False,
    )  # fmt: skip


def choose_plate(course: Course, deed: Deed) -> Course:
    """Take a plate that was chosen by hand."""
    offer = next((one for one in deed.offers if one.name == deed.field("plate")), None)
    if offer is None:
        raise Wrong(plate=NO_PLATE)
    taken = offer.position not in (None, course.position)
    if taken and not deed.field("shared"):
        raise Wrong(plate=NOT_FREE)
    return choose(course, offer, shared=taken)


def go_on(course: Course, deed: Deed) -> Course:
    """Go on although the wires are not as they should be."""
    del deed
    return structs.replace(course, step="load", trouble=None) if course.placed else course


def empty(course: Course, deed: Deed) -> Course:
    """Begin with an empty plate."""
    del deed
    return structs.replace(course, wish="begin", standing=None, trouble=None)


def stocked(course: Course, deed: Deed) -> Course:
    """Begin with goods on the plate: which, how many, and what one weighs where the catalogue does not know."""
    sku, errors, product = _product(deed)
    units = whole(deed.field("units"))
    if units is None:
        errors["units"] = NO_UNITS
    unit_weight_g = product.unit_weight_g if product else None
    if product is not None and unit_weight_g is None:
        unit_weight_g = grams(deed.field("unit_weight"))
        if unit_weight_g is None:
            errors["unit_weight"] = NO_UNIT_WEIGHT
    if unit_weight_g and units and units * unit_weight_g >= course.capacity_g:
        errors["units"] = TOO_HEAVY
    capacity, low_units = _room(deed, errors)
    if errors or units is None or unit_weight_g is None or capacity is None:
        raise Wrong(**errors)
    standing = Standing(sku=sku, units=units, unit_weight_g=unit_weight_g)
    return structs.replace(
        course, wish="begin", standing=standing, sku=sku, capacity=capacity, low_units=low_units,
        known_unit_g=product.unit_weight_g if product else None, trouble=None,
    )  # fmt: skip


def masses(course: Course, deed: Deed) -> Course:
    """Take another mass: one of the common ones, another, or goods of known weight."""
    name = "check" if course.step == "check" else "mass"
    if deed.field("goods"):
        return _goods_as_mass(course, deed, name)
    mass_g = grams(deed.field("other") or deed.field("mass"))
    if mass_g is None:
        raise Wrong(other=NO_GRAMS)
    _bounded(course, mass_g, name, "other")
    return _with_mass(course, name, mass_g)


def _goods_as_mass(course: Course, deed: Deed, name: str) -> Course:
    sku, errors, product = _product(deed)
    del sku
    units = whole(deed.field("units"))
    if units is None:
        errors["units"] = NO_UNITS
    unit_weight_g = product.unit_weight_g if product else None
    if product is not None and unit_weight_g is None:
        errors["sku"] = NO_UNIT_WEIGHT
    if errors or units is None or unit_weight_g is None:
        raise Wrong(**errors)
    _bounded(course, units * unit_weight_g, name, "units")
    return structs.replace(_with_mass(course, name, units * unit_weight_g), mass_units=units)


def _bounded(course: Course, mass_g: float, name: str, field: str) -> None:
    """Raise Wrong for a mass the plate cannot carry, or a third one that is the first."""
    if mass_g + course.goods_g > course.capacity_g:
        raise Wrong(**{field: TOO_HEAVY})
    if name == "check" and mass_g == course.mass_g:
        raise Wrong(**{field: SAME_MASS})


def _with_mass(course: Course, name: str, mass_g: float) -> Course:
    calm = structs.replace(course, refused_count=None, trouble=None, check=None, mass_units=0)
    if name == "check":
        return structs.replace(calm, check_g=mass_g)
    check_g = course.check_g if course.check_g < mass_g else mass_g / 2.0
    return structs.replace(calm, mass_g=mass_g, check_g=check_g)


def measure(course: Course, deed: Deed) -> Course:
    """Measure now, whatever the page thinks lies there."""
    del deed
    return structs.replace(course, wish="measure", check=None, refused_count=None, trouble=None)


def accept(course: Course, deed: Deed) -> Course:
    """Keep a calibration although its third mass was off."""
    del deed
    return structs.replace(course, wish="accept") if course.check is not None else course


def begin_again(course: Course, deed: Deed) -> Course:
    """Begin the calibration anew, with the plate as it is."""
    del deed
    return structs.replace(fresh_calibration(course), standing=course.standing)


def recheck(course: Course, deed: Deed) -> Course:
    """Calibrate a plate again, or after its cell was replaced."""
    offer = next((one for one in deed.offers if one.name == deed.field("plate")), None)
    if offer is None:
        raise Wrong(plate=NO_PLATE)
    reason: Reason = next((one for one in REASONS if one == deed.field("reason")), "recheck")
    others = tuple(one.plate for one in deed.offers if one.position == course.position and one.plate != offer.plate)
    known = structs.replace(
        choose(course, offer), plates=others, placed=True, released=True, sku=course.sku or course.planned
    )
    return fresh_calibration(known, reason=reason)


def goods(course: Course, deed: Deed) -> Course:
    """Say what belongs here, how many fit, and from how few on it is low."""
    sku, errors, product = _product(deed)
    capacity, low_units = _room(deed, errors)
    if product is not None and product.unit == "kg":
        errors["sku"] = KG_PRODUCT
    if errors or capacity is None:
        raise Wrong(**errors)
    known = product.unit_weight_g if product else None
    learns = deed.field("then") != "sheet" or known is None
    return structs.replace(
        course, sku=sku, capacity=capacity, low_units=low_units, known_unit_g=known, trouble=None,
        step="units" if learns else "sheet", wish="", start_g=None, added=0, unit=None,
    )  # fmt: skip


def _product(deed: Deed) -> tuple[str, dict[str, str], CatalogLine | None]:
    """Return the SKU that was chosen, what is wrong with that by field, and the product."""
    sku = deed.field("sku")
    product = deed.product(sku) if sku else None
    return sku, {} if product is not None else {"sku": NO_PRODUCT}, product


def _room(deed: Deed, errors: dict[str, str]) -> tuple[int | None, int | None]:
    """Return how many fit and from how few on it is low; what is wrong goes into `errors`."""
    capacity = whole(deed.field("capacity"))
    if capacity is None:
        errors["capacity"] = NO_CAPACITY
    typed = deed.field("low")
    low_units = whole(typed, least=0) if typed else None
    if typed and (low_units is None or (capacity is not None and low_units >= capacity)):
        errors["low"] = NO_LOW
    return capacity, low_units


def cleared(course: Course, deed: Deed) -> Course:
    """Begin to learn a unit weight with the plate as it is."""
    del deed
    return structs.replace(course, wish="clear", trouble=None)


def units_again(course: Course, deed: Deed) -> Course:
    """Learn the unit weight anew."""
    del deed
    return structs.replace(course, step="units", start_g=None, added=0, unit=None, wish="", trouble=None)


def to_sheet(course: Course, deed: Deed) -> Course:
    """Leave the unit weight as it is known, or unknown."""
    del deed
    return structs.replace(course, step="sheet", wish="", trouble=None) if course.version is not None else course


def leave(course: Course) -> Course:
    """Go on to the sheet."""
    return structs.replace(course, step="sheet", wish="", trouble=None)


def another(course: Course, deed: Deed) -> Course:
    """Fit one more plate under the same product."""
    again = look_again(structs.replace(course, plates=course.all_plates), deed)
    return structs.replace(again, reason="new")


ACTS: Mapping[str, Callable[[Course, Deed], Course]] = {
    "look-again": look_again, "choose": choose_plate, "go-on": go_on, "empty": empty, "stocked": stocked,
    "masses": masses, "measure": measure, "accept": accept, "begin-again": begin_again, "recheck": recheck,
    "goods": goods, "cleared": cleared, "units-again": units_again, "to-sheet": to_sheet, "another": another,
}  # fmt: skip
"""By the last part of a form's address."""
