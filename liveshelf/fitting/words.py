"""Say what happened and what to do about it, in plain words: codes of the agent come in, sentences go out."""

from __future__ import annotations

from collections.abc import Mapping

REFUSALS: Mapping[str, tuple[str, str]] = {
    "not_resting": (
        "The shelf did not come to rest.",
        "Take your hands off it and off the plates beside it. If it shakes by itself, look for a loose foot.",
    ),
    "no_samples": (
        "The plate says nothing.",
        "See that its plug is in at both ends, and that it is plugged in where the plan says.",
    ),
    "saturated": (
        "The converter stands at its limit.",
        "Take weight off the plate. If it is empty, one of the cell's four wires is off or two are swapped.",
    ),
    "stuck": (
        "The converter answers, but no cell hangs on it.",
        "See that all four wires of the cell are in the converter's terminals.",
    ),
    "no_change": (
        "The weight did not change.",
        "See that it is this plate you use, that it touches nothing but its cell, and that the mass is heavy enough.",
    ),
    "wrong_argument": ("That cannot be.", "Read it again and correct it."),
    "no_session": ("The calibration was ended meanwhile.", "Begin with this plate again."),
    "ended": ("Somebody else asked something of this plate meanwhile.", "Only one person at a time: begin again."),
    "busy": ("The device has too much to do.", "Wait a moment and try again."),
    "failed": ("Something inside the agent broke.", "It goes on weighing. Send its log to whoever looks after it."),
    "refused": ("The device could not do it.", "Nothing has changed. Try again."),
    "unknown_plate": ("The device has no such plate.", "Take one of the list."),
    "unknown_zone": ("The device has no such zone.", "Take one of the list."),
    "unknown_op": ("The agent is older than this program.", "Install the same version of both."),
    "unreadable": ("The agent is older than this program.", "Install the same version of both."),
}
"""By the code of a refusal: what it is, and what to do."""

REMARKS: Mapping[str, str] = {
    "not_checked": "no third mass was laid on: nobody knows whether the cell is straight",
    "check_failed": "the third mass was not weighed rightly: is a mass wrong, does the plate touch something?",
    "noisy": "the plate shakes: look for a bad contact, moisture, or a machine beside it",
    "near_rail": "the converter ends before the plate's capacity: is the capacity in the file that of the cell?",
    "light_mass": "a heavier mass would say more; take a tenth of the capacity or more next time",
    "stocked": "goods stood on the plate; its zero is as sure as what you said they weigh",
    "negative_gain": "the cell is wired the other way round, which does no harm",
    "zero_only": "the zero was measured, the gain kept",
    "zero_moved": "the zero moved a lot: was something fixed to the plate, or left on it?",
    "restored": "the line comes from another board",
}
"""By remark of a sheet: what it means."""

SWAPPED = "You pressed one plate and another one moved: their cables are swapped, or you pressed the other."


def advice(code: str, detail: str) -> tuple[str, str]:
    """Return what a refusal is and what to do; the agent's own sentence for what nobody has words for yet."""
    said, todo = REFUSALS.get(code, (detail, "Try again."))
    return (detail if code in {"wrong_argument", "refused"} else said), todo
