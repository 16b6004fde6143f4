"""A place that is being fitted: how far that is, and all that was said and measured on the way (pure)."""

from __future__ import annotations

from typing import Literal, get_args

from msgspec import Struct, structs

Step = Literal["plate", "wiring", "load", "mass", "check", "goods", "units", "sheet"]
"""Find the plate, see that it is wired well, begin empty or stocked, a known mass, a third mass, what belongs here,
what one unit weighs, the sheet."""

STEPS: tuple[Step, ...] = get_args(Step)

Reason = Literal["new", "recheck", "cell_replaced"]
REASONS: tuple[Reason, ...] = get_args(Reason)
"""Why a plate is calibrated (docs/reference/commands.md)."""

COMMON_MASSES_G = (100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0)
"""Test weights one can buy singly (OIML R 111-1, 5.1: 1, 2 and 5 times a power of ten)."""

FIRST_SHARE = 0.3
"""The first mass is the largest common one below this share of the capacity that a person still carries about."""

CARRIED_G = 2_000.0

UNITS_MORE = 4
"""So many units are put on after the first to learn what one weighs: five in all halve the error of a single one."""

KNOWN_SHARE = 0.1
"""A unit that weighs by more than this share otherwise than the catalogue says is another product, or another pack."""


class Quiet(Struct, frozen=True):
    """What a plate read before anybody touched it."""

    count: float
    noise_count: float


class Standing(Struct, frozen=True, kw_only=True):
    """Goods that stand on the plate while it is calibrated."""

    sku: str
    units: int
    unit_weight_g: float

    @property
    def goods_g(self) -> float:
        """What they weigh together."""
        return self.units * self.unit_weight_g


class Line(Struct, frozen=True, kw_only=True):
    """What a mass has shown: the line the device has found."""

    zero_count: float
    counts_per_g: float
    noise_g: float
    uncertainty_share: float
    remarks: tuple[str, ...] = ()

    def grams(self, count: float) -> float:
        """Return the weight a count stands for."""
        return (count - self.zero_count) / self.counts_per_g


class Check(Struct, frozen=True, kw_only=True):
    """What the third mass was measured as."""

    mass_g: float
    measured_g: float
    error_g: float
    limit_g: float
    passed: bool


class UnitWeight(Struct, frozen=True, kw_only=True):
    """What one unit weighs by what was put on."""

    units: int
    unit_weight_g: float
    uncertainty_g: float
    unit_spread_g: float | None = None
    consistent: bool = True


class Trouble(Struct, frozen=True, kw_only=True):
    """What went wrong last: `code` is one of docs/reference/commands.md or of our own (`device_silent`, `link_away`,
    `no_free_plate`, `unreadable_answer`, `not_placed`); `times` is how often it did in a row.
    """

    code: str
    times: int = 1
    field: str = ""
    found: str = ""
    detail: str = ""


class Course(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One place on its way to being fitted.

    `quiet` is what the free plates read untouched, by `device/plate`; `pressed` how the count changed under the hand.
    `begun` is the count under which the calibration began; `wish` what the person asked for and the device has yet to
    do. `plates` are other plates of the place that are fitted already; `shared` tells that another product stands on
    the plate too. `planned` is the SKU the planogram has here, `sku` the one a person said. `known_unit_g` is what the
    catalogue said a unit weighs before.
    """

    position: str
    bay: str
    shelf: str
    step: Step = "plate"
    reason: Reason = "new"
    device: str = ""
    plate: str = ""
    plates: tuple[str, ...] = ()
    shared: bool = False
    capacity_g: float = 10_000.0
    rate_sps: float = 10.0
    quiet: dict[str, Quiet] = {}
    pressed: float | None = None
    released: bool = False
    placed: bool = False
    wish: Literal["", "begin", "accept", "measure", "clear", "learn"] = ""
    standing: Standing | None = None
    begun: Quiet | None = None
    mass_g: float = 2_000.0
    check_g: float = 1_000.0
    mass_units: int = 0
    line: Line | None = None
    check: Check | None = None
    refused_count: float | None = None
    version: int | None = None
    passed: bool | None = None
    remarks: tuple[str, ...] = ()
    planned: str = ""
    sku: str = ""
    capacity: int = 0
    low_units: int | None = None
    known_unit_g: float | None = None
    start_g: float | None = None
    added: int = 0
    unit: UnitWeight | None = None
    trouble: Trouble | None = None

    @property
    def goods_g(self) -> float:
        """What stands on the plate beside the masses."""
        return self.standing.goods_g if self.standing else 0.0

    @property
    def all_plates(self) -> tuple[str, ...]:
        """Every plate of the place, this one included."""
        return tuple(dict.fromkeys((*self.plates, *([self.plate] if self.plate else ()))))

    @property
    def number(self) -> int:
        """How far it is, counted from 1 to the length of STEPS."""
        return STEPS.index(self.step) + 1

    @property
    def decides(self) -> bool:
        """Whether a person has to say how it goes on: a third mass that failed, a unit weight that is not believed."""
        failed = self.step == "check" and self.check is not None and not self.check.passed
        doubted = self.step == "units" and self.added > UNITS_MORE
        return (failed or doubted) and not self.wish

    @property
    def watches(self) -> bool:
        """Whether the plate has to be looked at for it to go on."""
        if self.step in ("plate", "wiring", "mass", "check", "units"):
            return not self.decides
        return bool(self.wish)

    def mark(self) -> str:
        """Return a word that changes whenever more changes than what the plate reads now."""
        phase = (
            "wish" if self.wish else "",
            "pressed" if self.pressed is not None else "",
            "placed" if self.placed else "",
            "checked" if self.check else "",
            "refused" if self.refused_count is not None else "",
            "started" if self.start_g is not None else "",
            "learned" if self.unit else "",
        )
        trouble = self.trouble.code if self.trouble else ""
        return ".".join((self.step, str(self.added), *phase, trouble))


def fresh_calibration(course: Course, *, reason: Reason | None = None) -> Course:
    """Return the course with nothing measured of its plate, before the calibration begins."""
    return structs.replace(
        course, step="load", reason=reason or course.reason, wish="", standing=None, begun=None, line=None, check=None,
        refused_count=None, version=None, passed=None, remarks=(), start_g=None, added=0, unit=None, trouble=None,
    )  # fmt: skip


def masses_for(capacity_g: float) -> tuple[float, float]:
    """Return the first mass and the third one for a plate: the largest that a person carries about, and the next."""
    most_g = min(CARRIED_G, FIRST_SHARE * capacity_g)
    fitting = [mass_g for mass_g in COMMON_MASSES_G if mass_g <= most_g] or [COMMON_MASSES_G[0]]
    return fitting[-1], fitting[-2] if len(fitting) > 1 else fitting[-1] / 2.0


def believable(course: Course) -> bool:
    """Tell whether the unit weight that was learned may be taken without asking."""
    if course.unit is None or not course.unit.consistent or course.unit.unit_weight_g <= 0.0:
        return False
    known_g = course.known_unit_g
    return known_g is None or abs(course.unit.unit_weight_g - known_g) <= KNOWN_SHARE * known_g
