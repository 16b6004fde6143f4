"""Say what a verdict means and what a person does about it: one line each, for whoever stands before the shelf.

docs/reference/health.md says the same at more length; a house test keeps the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from edge.plate_watch import PlateVerdict
from edge.sampling.samples import RejectReason


class Advice(NamedTuple):
    """What is wrong, and what to do; both empty when nothing is."""

    wrong: str
    todo: str


WELL = Advice("", "")

PLATE: Mapping[PlateVerdict, Advice] = {
    "ok": WELL,
    "starting": Advice("it has not come to rest since it began", "wait; if it lasts, keep hands off the shelf for 5 s"),
    "unplugged": Advice(
        "no sample for 3 s", "plug the cable in at both ends; then try another cable, another converter"
    ),
    "saturated": Advice(
        "the converter stands at its rail", "take weight off; if it stays, check the wires of the cell"
    ),
    "stuck": Advice("it always says the same", "see whether something touches the plate; then replace the converter"),
    "noisy": Advice("it never lies still", "move it away from motors, press the plugs in, look for moisture"),
    "negative": Advice("it weighs less than nothing", "empty it and set its zero again"),
    "slow": Advice(
        "too few samples come", "look at the rejected samples: cable, RATE pin of the converter, a busy board"
    ),
    "drifting": Advice("its empty weight moves from day to day", "check screws and moisture, then replace the cell"),
}

ZONE: Mapping[str, Advice] = {
    "ok": WELL,
    "away": Advice("its reader does not answer", "check power, network and antenna cable of the reader"),
}

AGENT: Mapping[str, Advice] = {
    "ok": WELL,
    "queue_full": Advice("the disk is away or full, and records are given up", "free the disk, or replace the card"),
    "disk_low": Advice("the disk is nearly full", "remove logs and files that are not needed, or use a larger card"),
    "undervoltage": Advice("the supply was too weak since the board started", "use the supply made for the board"),
    "hot": Advice("the processor is at its limit", "let air reach the board, add a heat sink, keep it out of the sun"),
    "behind": Advice(
        "the gateway has taken nothing for 5 minutes",
        "see whether network, broker and gateway are up, and whether the broker lets this device publish",
    ),
    "clock_unset": Advice("no time server keeps the clock", "let the board reach a time server"),
    "outbox_damaged": Advice(
        "records were lost from a damaged file", "replace the card; what was lost is told as gaps"
    ),
    "settings_refused": Advice(
        "it could not run by the settings sent last and went back", "ask its settings for the reason"
    ),
    "publishing_refused": Advice(
        "the broker takes no readings of this device", "let the broker's rules allow it to publish below its store"
    ),
    "calibration_damaged": Advice(
        "calibrations were lost from a damaged file", "check the plates, calibrate if need be"
    ),
}

REJECTED: Mapping[RejectReason, Advice] = {
    "settling": Advice("a converter settled after power-up", ""),
    "unready": Advice("no conversion came in time", "if it is more than a few in a hundred: cable, power, RATE pin"),
    "long_pulse": Advice("the board was too busy to clock it in time", "take load off the board, or use SPI"),
    "power_down": Advice("the converter restarted", "check its supply; take load off the board, or use SPI"),
    "not_released": Advice("the data line stayed low", "look for a short to ground, or wires that are swapped"),
    "all_ones": Advice("nobody drove the data line", "check the cable"),
    "saturated": Advice("single samples were at the rail", "check the cable; keep it away from motors and supplies"),
    "lost_bits": Advice("bits were lost on the way", "check the cable; keep it away from motors and supplies"),
    "torn_bits": Advice("a level came late", "use a shorter cable, or a lower speed_hz"),
    "bus_error": Advice("the bus gave no answer", "check cable, address and channel"),
}


def advice(subject: str, verdict: str) -> Advice:
    """Return what to say of a verdict on `plate:ID`, `zone:ID` or `agent`; nothing for a verdict not known."""
    kind = subject.partition(":")[0]
    table: Mapping[str, Advice] = {"plate": PLATE, "zone": ZONE}.get(kind, AGENT)  # type: ignore[assignment]
    return table.get(verdict, WELL)
