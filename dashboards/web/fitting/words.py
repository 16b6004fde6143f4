"""What a device says while a place is fitted, in words for people, and what to do: English texts of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


def _(text: str) -> str:
    """Mark a text for the catalogue; it is translated when it is shown."""
    return text


@dataclass(frozen=True, slots=True)
class Words:
    """What is wrong, and what to do about it."""

    wrong: str
    todo: str


STARTING_ANEW_TIMES: Final = 6
"""After it was told its place a device starts anew: silent for so many looks it is not away."""

STARTING_ANEW: Final = Words(_("The device starts anew with its new place."), _("That takes a few seconds."))

TROUBLES: Final = {
    "device_silent": Words(
        _("The device does not answer."),
        _("See that it has power and network. It goes on by itself when it is back; nothing you typed is lost."),
    ),
    "link_away": Words(
        _("The message broker cannot be reached."),
        _("The system page says more. It goes on by itself when the broker is back; nothing you typed is lost."),
    ),
    "no_free_plate": Words(
        _("No plate is free: none is online that carries no product yet."),
        _("Adopt a new device, switch one on, or choose a plate by hand."),
    ),
    "not_resting": Words(
        _("The plate does not come to rest."),
        _("Take your hands off the shelf, and see that nothing touches the plate. It tries again by itself."),
    ),
    "no_change": Words(_("Nothing was laid on or taken off yet."), _("Lay the mass on; it measures by itself.")),
    "no_samples": Words(
        _("The scale says nothing."),
        _("See that the cable of the cell and that of the converter are plugged in. It tries again by itself."),
    ),
    "saturated": Words(
        _("The converter is at its limit."),
        _("Take weight off. If nothing lies on the plate, a wire of the cell is off or in the wrong place."),
    ),
    "stuck": Words(
        _("The scale says the same again and again."),
        _("The converter is not connected to a cell: see its four wires."),
    ),
    "no_session": Words(
        _("The device no longer knows of this calibration: it started anew, or an hour has passed."),
        _("Take the masses off and begin again. Your choices are kept."),
    ),
    "ended": Words(_("Somebody else measures this plate."), _("It tries again by itself.")),
    "busy": Words(_("The device is busy."), _("It tries again by itself.")),
    "unknown_plate": Words(
        _("The device knows no such plate any more."), _("Its file was changed. Look for the plate again.")
    ),
    "unknown_op": Words(
        _("The device runs an older version that cannot do this."), _("Bring its agent up to date, then go on here.")
    ),
    "unreadable": Words(_("The device could not read the question."), _("Bring its agent up to date, then go on.")),
    "unreadable_answer": Words(
        _("The device answered something else than was asked."), _("Bring its agent up to date, then go on here.")
    ),
}

NOT_PLACED: Final = Words(
    _("It weighs, but the planogram does not take it."), _("Say again what belongs here, or look for the plate again.")
)

WRONG_MASS: Final = Words(
    _("This mass does not fit what the scale reads."),
    _("Is it the mass that is chosen here? Choose the right one, or lay the chosen one on."),
)

REFUSED: Final = Words(_("The device refused."), _("It said: %(detail)s"))

FINDINGS: Final = {
    "no_samples": TROUBLES["no_samples"],
    "saturated": TROUBLES["saturated"],
    "stuck": TROUBLES["stuck"],
    "slow": Words(
        _("Fewer readings come than should."),
        _("A contact is loose or the cable is too long: plug it in anew, and keep it away from power lines."),
    ),
    "rejects": Words(
        _("Many readings are broken."),
        _("A contact is loose or the cable is too long: plug it in anew, and keep it away from power lines."),
    ),
    "falls": Words(
        _("The reading falls under your hand: the signal wires of the cell are swapped."),
        _("That does no harm. Swap the green and the white wire if you like things tidy."),
    ),
}

REMARKS: Final = {
    "not_checked": _("No third mass was laid on: nobody knows whether the cell is straight."),
    "check_failed": _("The third mass was off: a bent cell, a plate that touches something, or a wrong mass."),
    "noisy": _("The plate shakes: a bad contact, moisture, or a machine beside it."),
    "near_rail": _("The converter ends before the plate is full: a wrong capacity, or a cell of another kind."),
    "light_mass": _("The mass was light for this plate: a heavier one would say more."),
    "stocked": _("Goods stood on it: its zero is as sure as their weight."),
    "negative_gain": _("The cell is wired the other way round; that does no harm."),
    "zero_only": _("Only the zero was measured; the rest is as it was."),
    "zero_moved": _("The zero has moved by more than 1 % of the capacity."),
    "restored": _("The line comes from another board."),
}
"""Remarks of a sheet (docs/reference/commands.md)."""

DEEDS: Final = {
    "identify_done": _("%(device)s blinks now."),
    "adopt_done": _(
        "%(device)s belongs to this store now. It starts anew with that; a few seconds later its plates are free."
    ),
    "refused": _("%(device)s refused."),
    "device_silent": _("%(device)s does not answer. See that it has power and network, then try again."),
    "link_away": _("The message broker cannot be reached, so nobody can ask %(device)s. The system page says more."),
}
"""What became of a deed to a new device."""

REASONS: Final = {
    "new": _("First calibration"),
    "recheck": _("Calibrated again"),
    "cell_replaced": _("Cell replaced"),
    "zero": _("Zero set"),
    "restore": _("Restored from another board"),
    "file": _("From the device's file"),
}
"""Why a sheet was made (docs/reference/commands.md)."""


def trouble_words(code: str, field: str, times: int, *, placed: bool) -> Words:
    """Return the words for what went wrong last. A device that was just told its place is silent for a while."""
    if code == "device_silent" and placed and times <= STARTING_ANEW_TIMES:
        return STARTING_ANEW
    if code == "wrong_argument" and field == "mass_g":
        return WRONG_MASS
    return NOT_PLACED if code == "not_placed" else TROUBLES.get(code, REFUSED)


PLACING: Final = {
    "sku": _("Find the product and choose it."),
    "capacity": _("Enter how many fit here, 1 or more."),
    "low_units": _("Enter a whole number below what fits here, or leave it empty."),
    "plate_taken": _(
        "Another product stands on this plate by now. Look for the plate again, or choose that both share it."
    ),
    "plate_elsewhere": _("The device says that this plate is on another shelf. Look for the plate again."),
    "plate_unknown": _("The device says that it has no such plate. Look for the plate again."),
    "device_unknown": _("The device has not reported under its new place yet. Try again in a moment."),
}
FIELDS: Final = {"low_units": "low"}
CANNOT: Final = _("The planogram cannot take this. Choose another place or product.")


def placing(field: str, code: str) -> dict[str, str]:
    """Return what keeps a place out of the planogram, by the field of the form."""
    text = PLACING.get(code) or PLACING.get(field) or CANNOT
    return {FIELDS.get(field, field) if field in ("sku", "capacity", "low_units") else "plate": text}
