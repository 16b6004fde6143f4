"""What a verdict means and what to do about it, and the names of figures: English texts of the catalogue.

The same as `liveshelf edge diagnose` says at the shelf and docs/reference/health.md says at more length.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


def _(text: str) -> str:
    """Mark a text for the catalogue; it is translated when it is shown."""
    return text


class Advice(NamedTuple):
    """What is wrong, and what to do; `todo` is empty where nothing is to be done."""

    wrong: str
    todo: str


FROZEN: Final = _("Its place keeps its last count meanwhile: nothing is ordered because of it.")
COUNTED: Final = _("It is still counted.")

PLATE: Final[Mapping[str, Advice]] = {
    "starting": Advice(
        _("It has not come to rest since it began, or is being calibrated."),
        _("Wait. If it lasts, keep hands off the shelf for 5 seconds."),
    ),
    "unplugged": Advice(
        _("No sample has come for 3 seconds."),
        _("Plug the cable in at both ends. Then try another cable, then another converter."),
    ),
    "saturated": Advice(
        _("The converter stands at its limit: too much weight, or a wire of the cell is off."),
        _("Take weight off. If it stays, check the four wires of the cell."),
    ),
    "stuck": Advice(
        _("Its count has not changed by one bit for 10 seconds, which no healthy converter does."),
        _("See whether something touches the plate, then replace the converter."),
    ),
    "noisy": Advice(
        _("It never lies still."),
        _("Move the plate away from motors, press the plugs in, and look for moisture."),
    ),
    "negative": Advice(_("It weighs less than nothing."), _("Empty the plate and set its zero again.")),
    "slow": Advice(
        _("Fewer samples come than its converter should give."),
        _("Look at the samples thrown away: cable, RATE pin of the converter, a busy board."),
    ),
    "drifting": Advice(
        _("Its empty weight moves from day to day."),
        _("Check screws and cable and look for moisture, then replace the cell and calibrate."),
    ),
}

STILL_COUNTED: Final = frozenset({"slow", "drifting"})
"""Verdicts on a plate whose weights can still be believed."""

ZONE: Final[Mapping[str, Advice]] = {
    "away": Advice(
        _("Its reader does not answer. Tags stay where they were last read."),
        _("Check power, network and antenna cable of the reader."),
    ),
}

AGENT: Final[Mapping[str, Advice]] = {
    "queue_full": Advice(
        _("The disk is away or full, and records are given up."), _("Free the disk, or replace the card.")
    ),
    "disk_low": Advice(
        _("The disk is nearly full."), _("Remove logs and files that are not needed, or use a larger card.")
    ),
    "undervoltage": Advice(
        _("The supply was too weak since the board started. Cards are damaged that way."),
        _("Use the supply made for the board and a short cable, then restart the board."),
    ),
    "hot": Advice(
        _("The processor is at its limit."), _("Let air reach the board, add a heat sink, keep it out of the sun.")
    ),
    "behind": Advice(
        _("The gateway has taken nothing of it for 5 minutes. Nothing is lost: the device keeps its records."),
        _("See whether network, broker and gateway run, and whether the broker lets this device publish."),
    ),
    "clock_unset": Advice(
        _("No time server keeps its clock, so times are estimated."), _("Let the board reach a time server.")
    ),
    "outbox_damaged": Advice(
        _("Records were lost from a damaged file."), _("Replace the card: it begins to fail. What was lost is told.")
    ),
    "settings_refused": Advice(
        _("It could not run by the settings sent last, and went back to those before."),
        _("Ask the device for its settings and the reason, correct them and send them again."),
    ),
    "publishing_refused": Advice(
        _("The broker takes no readings of this device. Nothing is lost."),
        _("Let the broker's rules allow it to publish below its store."),
    ),
    "calibration_damaged": Advice(
        _("Calibrations were lost from a damaged file."),
        _("Check its plates with a known mass, calibrate those that are off, and replace the card."),
    ),
}

ADVICE: Final[Mapping[str, Mapping[str, Advice]]] = {"plate": PLATE, "zone": ZONE, "agent": AGENT}
"""By the kind of a part, then by its verdict; `ok` needs no words."""

UNHEARD: Final = Advice(
    _("Nothing has been heard of it yet."), _("A device tells of every part once a minute. If it stays, restart it.")
)
UNKNOWN: Final = Advice(
    _("It tells of something this version does not know."), _("Bring LiveShelf up to date: the device is newer.")
)

REJECTED: Final[Mapping[str, Advice]] = {
    "settling": Advice(_("A converter settled after power-up."), ""),
    "unready": Advice(_("No conversion came in time."), _("Check cable, power and RATE pin.")),
    "long_pulse": Advice(
        _("The board was too busy to clock it in time."), _("Take load off the board, or use the SPI driver.")
    ),
    "power_down": Advice(
        _("The converter restarted."), _("Check its supply; take load off the board, or use the SPI driver.")
    ),
    "not_released": Advice(_("The data line stayed low."), _("Look for a short to ground, or wires that are swapped.")),
    "all_ones": Advice(_("Nobody drove the data line."), _("Check the cable.")),
    "saturated": Advice(
        _("Single samples were at the limit."), _("Check the cable; keep it away from motors and supplies.")
    ),
    "lost_bits": Advice(_("Bits were lost on the way."), _("Check the cable; keep it away from motors and supplies.")),
    "torn_bits": Advice(_("A level came late."), _("Use a shorter cable, or a lower speed.")),
    "bus_error": Advice(_("The bus gave no answer."), _("Check cable, address and channel.")),
}
"""Why samples of a plate were thrown away."""


class Form(NamedTuple):
    """How a figure is shown: its name, the text its number `%(n)s` stands in, and how that is written."""

    name: str
    text: str
    number: str


FIGURES: Final[Mapping[str, Form]] = {
    "weight_g": Form(_("Weight"), _("%(n)s g"), "{:,.1f}"),
    "noise_g": Form(_("Noise"), _("%(n)s g"), "{:,.2f}"),
    "rate_sps": Form(_("Samples a second"), "%(n)s", "{:.1f}"),
    "drift_g_per_day": Form(_("Drift a day"), _("%(n)s g"), "{:+,.1f}"),
    "cpu_c": Form(_("Processor"), "%(n)s °C", "{:.0f}"),
    "disk_free_mb": Form(_("Free on the disk"), "%(n)s MB", "{:,.0f}"),
    "rss_mb": Form(_("Memory of the agent"), "%(n)s MB", "{:,.0f}"),
    "clock_error_ms": Form(_("Clock right within"), "%(n)s ms", "{:,.0f}"),
    "queue_rows": Form(_("Records that wait for the gateway"), "%(n)s", "{:,.0f}"),
    "queue_oldest_s": Form(_("The oldest of them is"), _("%(n)s s old"), "{:,.0f}"),
}
"""What is shown of the figures of a part (docs/reference/health.md), in this order."""

TAG_READS: Final = _("Tag reads in the last minute")
THROWN_AWAY: Final = _("Samples thrown away")
GIVEN_UP: Final = {"thinned": _("Records thinned out"), "dropped": _("Records given up"), "lost": _("Lost in a file")}
"""What the agent counts of its own records; what readers count has names of its own (docs/reference/rfid.md)."""

OPS: Final[Mapping[str, str]] = {
    "adopt": _("Adopted"),
    "assign": _("Told where a part is"),
    "configure": _("Settings changed"),
    "restart": _("Restarted"),
    "calibration_accept": _("Calibration kept"),
    "calibration_zero": _("Zero set"),
    "calibration_restore": _("Calibration restored"),
}
"""What a device can be asked to change (docs/reference/commands.md)."""
