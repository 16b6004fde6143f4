"""The one table of faults: what goes wrong, where it acts, how often, for how long, how much, and who says so.

Simulated bays, chaos runs and tests read it; edge and gateway must not: what they believe comes from what sensors say.
Sources are named as in the issue trackers they stand in; a number nobody has published says that it is assumed.
`docs/reference/faults.md` is written from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

FaultKind = Literal[
    "spikes",
    "flipped_bits",
    "shifted_bits",
    "lost_bits",
    "long_pulses",
    "unplugged",
    "stuck_line",
    "temperature_cycle",
    "creep",
    "dead_plate",
    "negative_plate",
    "overload",
    "vibration_bout",
    "bumped_shelf",
    "sticky_misses",
    "stray_tags",
    "reader_away",
    "clock_back",
    "clock_ahead",
    "power_cut",
    "disk_full",
    "disk_read_only",
    "disk_errors",
]
"""What can go wrong."""

Place = Literal["wire", "plate", "mechanics", "tags", "clock", "power", "disk"]
"""Where a fault acts. Simulated bays act out the first four; the others happen to the programs, so whoever runs the
programs does."""

Subject = Literal["plate", "bay", "zone", "device"]
"""What a fault strikes as one: a rate is per week of each of these. A bay is all plates of a device."""

SIMULATED_PLACES: tuple[Place, ...] = ("wire", "plate", "mechanics", "tags")
"""Where a simulated bay acts faults out."""

WEEK_S = 7 * 86_400.0

ASSUMED = "assumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much: drawn between `low` and `high`, evenly by its logarithm; with either sign when `signed`."""

    low: float
    high: float
    unit: str
    source: str
    signed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One row. Episodes begin at random, independently, `per_week` times a week of each subject; each lasts between the
    two values of `lasts_s`, drawn evenly by its logarithm.
    """

    kind: FaultKind
    what: str
    acts_on: Place
    subject: Subject
    per_week: float
    per_week_source: str
    lasts_s: tuple[float, float]
    lasts_source: str
    size: Size | None = None

    @property
    def typical_s(self) -> float:
        """The middle of the durations, by their logarithm."""
        low, high = self.lasts_s
        return float((low * high) ** 0.5)


_SHARE = "share of conversions"

FAULTS: tuple[Fault, ...] = (
    Fault(
        kind="spikes",
        what="once a second one conversion is far off; either way",
        acts_on="plate",
        subject="plate",
        per_week=5.0,
        per_week_source=ASSUMED,
        lasts_s=(1.0, 60.0),
        lasts_source=ASSUMED,
        size=Size(
            low=50.0,
            high=5_000.0,
            unit="g",
            signed=True,
            source="assumed; that there are some: bogde/HX711 issue 216, robert-hh/hx711 issue 5",
        ),
    ),
    Fault(
        kind="flipped_bits",
        what="one bit of a conversion arrives as its opposite",
        acts_on="wire",
        subject="plate",
        per_week=0.5,
        per_week_source=ASSUMED,
        lasts_s=(10.0, 600.0),
        lasts_source=ASSUMED,
        size=Size(low=0.01, high=0.05, unit=_SHARE, source="bogde/HX711 issue 83: 1 to 5 % of readings are wrong"),
    ),
    Fault(
        kind="shifted_bits",
        what="the chip sees one clock pulse too many or too few, so the bits after it shift and its gain may change",
        acts_on="wire",
        subject="plate",
        per_week=0.5,
        per_week_source=ASSUMED,
        lasts_s=(10.0, 600.0),
        lasts_source=ASSUMED,
        size=Size(
            low=0.01,
            high=0.05,
            unit=_SHARE,
            source="bogde/HX711 issue 83; values twice too large: esphome/feature-requests issue 2996",
        ),
    ),
    Fault(
        kind="lost_bits",
        what="the last bits of a conversion, or all, arrive as ones: 2^k - 1, 8388607, -1",
        acts_on="wire",
        subject="plate",
        per_week=0.5,
        per_week_source=ASSUMED,
        lasts_s=(10.0, 600.0),
        lasts_source=ASSUMED,
        size=Size(
            low=0.01,
            high=0.5,
            unit=_SHARE,
            source="bogde/HX711 issue 83: 1 to 5 %; google/periph issue 439: half of all",
        ),
    ),
    Fault(
        kind="long_pulses",
        what="the board is busy while the clock is high, in one frame of twenty (assumed); HX711 on pins only",
        acts_on="wire",
        subject="plate",
        per_week=2.0,
        per_week_source=ASSUMED,
        lasts_s=(1.0, 60.0),
        lasts_source=ASSUMED,
        size=Size(
            low=55.0,
            high=130.0,
            unit="us",
            source="geda/hx711-lopy issue 2: 130 us; mpibpc-mroose/hx711 issue 3: more than 60 us on a Pi 3B+",
        ),
    ),
    Fault(
        kind="unplugged",
        what="the plug of a scale is pulled and put back: no power, no data",
        acts_on="wire",
        subject="plate",
        per_week=0.1,
        per_week_source=ASSUMED,
        lasts_s=(5.0, 3_600.0),
        lasts_source=ASSUMED,
    ),
    Fault(
        kind="stuck_line",
        what="the data line lies on ground: always ready, all bits 0; an I2C chip answers nothing",
        acts_on="wire",
        subject="plate",
        per_week=0.02,
        per_week_source=ASSUMED,
        lasts_s=(60.0, 7_200.0),
        lasts_source=ASSUMED,
    ),
    Fault(
        kind="temperature_cycle",
        what="the whole bay grows warmer or colder and comes back, beside the warmth of the day",
        acts_on="plate",
        subject="bay",
        per_week=14.0,
        per_week_source="assumed: heating and cooling, once each a day",
        lasts_s=(1_800.0, 14_400.0),
        lasts_source=ASSUMED,
        size=Size(
            low=2.0,
            high=10.0,
            unit="degrees C",
            signed=True,
            source="assumed; that it matters: hackaday.io project 1741, a jump when the air conditioning starts",
        ),
    ),
    Fault(
        kind="creep",
        what="a cell goes on giving under its load far beyond its data sheet, and comes back as slowly",
        acts_on="plate",
        subject="plate",
        per_week=0.2,
        per_week_source=ASSUMED,
        lasts_s=(3_600.0, 86_400.0),
        lasts_source=ASSUMED,
        size=Size(
            low=0.002,
            high=0.04,
            unit="share of the load",
            signed=True,
            source="bogde/HX711 issue 51: about 4 %; the lower end is four times the data sheet of the Seeed bar cell",
        ),
    ),
    Fault(
        kind="dead_plate",
        what="a converter gives one number and no other, whatever lies on the plate",
        acts_on="plate",
        subject="plate",
        per_week=0.02,
        per_week_source="assumed; recording cps-test-01 shows 43 of 348 plates constant, some of them not fitted",
        lasts_s=(600.0, 43_200.0),
        lasts_source="assumed: until somebody comes",
    ),
    Fault(
        kind="negative_plate",
        what="a plate slips its zero so far that it reads below nothing",
        acts_on="plate",
        subject="plate",
        per_week=0.02,
        per_week_source="assumed; recording cps-test-01 shows 11 of 348 plates below zero",
        lasts_s=(600.0, 43_200.0),
        lasts_source="assumed: until somebody comes",
        size=Size(
            low=500.0,
            high=5_462.0,
            unit="g below nothing",
            source="recording cps-test-01: down to -5,462 g; from 500 g assumed",
        ),
    ),
    Fault(
        kind="overload",
        what="somebody leans or steps on a plate until its converter is at the rail, four times the capacity",
        acts_on="mechanics",
        subject="plate",
        per_week=0.1,
        per_week_source=ASSUMED,
        lasts_s=(2.0, 60.0),
        lasts_source=ASSUMED,
        size=Size(low=5.0, high=9.0, unit="times the capacity", source="assumed: 50 to 90 kg on a cell of 10 kg"),
    ),
    Fault(
        kind="vibration_bout",
        what="trolleys, crowds or a compressor shake the bay at 8 to 10 Hz, partly all plates alike",
        acts_on="mechanics",
        subject="bay",
        per_week=35.0,
        per_week_source="assumed: five a day",
        lasts_s=(5.0, 600.0),
        lasts_source=ASSUMED,
        size=Size(
            low=3.0,
            high=12.0,
            unit="g rms a plate",
            source="recording cps-test-01: up to 38 g on the sum of 9 to 12 plates, 3.6 g a plate if all swing alike, "
            "12 g if none do",
        ),
    ),
    Fault(
        kind="bumped_shelf",
        what="something runs into the bay: every plate swings once and rings out",
        acts_on="mechanics",
        subject="bay",
        per_week=14.0,
        per_week_source="assumed: two a day",
        lasts_s=(1.0, 3.0),
        lasts_source="assumed; it rings as a plate does after a pick in recording cps-test-01",
        size=Size(low=50.0, high=1_000.0, unit="g", signed=True, source=ASSUMED),
    ),
    Fault(
        kind="sticky_misses",
        what="metal, water or a hand is in front: the same part of a zone's tags is not read at all",
        acts_on="tags",
        subject="zone",
        per_week=1.0,
        per_week_source=ASSUMED,
        lasts_s=(600.0, 14_400.0),
        lasts_source=ASSUMED,
        size=Size(
            low=0.10,
            high=0.34,
            unit="share of tag-places",
            source="University of Arkansas: 89.89 % of 180 garments read; a Wal-Mart study: 66 % (Bolotnyy et al.); "
            "misses stick: RFID Journal 9475",
        ),
    ),
    Fault(
        kind="stray_tags",
        what="an antenna hears the tags of its neighbour zones, 10 dB weaker (assumed) than their own does",
        acts_on="tags",
        subject="zone",
        per_week=10.0,
        per_week_source=ASSUMED,
        lasts_s=(10.0, 600.0),
        lasts_source=ASSUMED,
        size=Size(
            low=0.05,
            high=0.4,
            unit="reads a cycle",
            source="assumed: less than the 0.65 at home (Jeffery et al., VLDB 2006)",
        ),
    ),
    Fault(
        kind="reader_away",
        what="a reader does not answer: power, network or its own restart",
        acts_on="tags",
        subject="device",
        per_week=1.0,
        per_week_source="assumed; that reads stop after a network restart: sllurp/sllurp issue 138",
        lasts_s=(10.0, 1_800.0),
        lasts_source=ASSUMED,
    ),
    Fault(
        kind="clock_back",
        what="a board without a battery clock believes an old time until it is told the right one",
        acts_on="clock",
        subject="device",
        per_week=0.1,
        per_week_source="assumed: once with each power cut",
        lasts_s=(10.0, 3_600.0),
        lasts_source="assumed: until NTP answers",
        size=Size(
            low=60.0,
            high=315_532_800.0,
            unit="s",
            source="the last time saved, or older: guysoft/OctoPi issue 606, systemd/systemd issue 6057; "
            "ten years assumed as the most",
        ),
    ),
    Fault(
        kind="clock_ahead",
        what="somebody sets the clock, or a bad server does, ahead of time",
        acts_on="clock",
        subject="device",
        per_week=0.02,
        per_week_source=ASSUMED,
        lasts_s=(10.0, 3_600.0),
        lasts_source="assumed: until NTP answers",
        size=Size(low=1.0, high=86_400.0, unit="s", source="assumed: a second to a wrong day"),
    ),
    Fault(
        kind="power_cut",
        what="the board loses its power in the middle of whatever it does",
        acts_on="power",
        subject="device",
        per_week=0.1,
        per_week_source=ASSUMED,
        lasts_s=(1.0, 3_600.0),
        lasts_source=ASSUMED,
    ),
    Fault(
        kind="disk_full",
        what="something else takes all room on the card",
        acts_on="disk",
        subject="device",
        per_week=0.02,
        per_week_source=ASSUMED,
        lasts_s=(60.0, 86_400.0),
        lasts_source=ASSUMED,
    ),
    Fault(
        kind="disk_read_only",
        what="the card is remounted read-only, as Linux does when it finds it ill",
        acts_on="disk",
        subject="device",
        per_week=0.02,
        per_week_source=ASSUMED,
        lasts_s=(60.0, 86_400.0),
        lasts_source="assumed: until somebody mounts it again",
    ),
    Fault(
        kind="disk_errors",
        what="writes to the card fail",
        acts_on="disk",
        subject="device",
        per_week=0.05,
        per_week_source=ASSUMED,
        lasts_s=(1.0, 60.0),
        lasts_source=ASSUMED,
    ),
)

FAULT_OF: Mapping[FaultKind, Fault] = {fault.kind: fault for fault in FAULTS}
"""Every row by its kind."""

assert set(FAULT_OF) == set(get_args(FaultKind)), "every kind has one row"


def kinds_of(subject: Subject, *places: Place) -> tuple[FaultKind, ...]:
    """Return the kinds that strike such a subject, at one of these places if any are named."""
    return tuple(fault.kind for fault in FAULTS if fault.subject == subject and (not places or fault.acts_on in places))
