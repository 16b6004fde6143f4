"""The operations that learn what one unit weighs: somebody puts units on one or several plates and says how many."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

from contract.ids import PlateId
from edge.calibrating.book import CalibrationBook
from edge.calibrating.line import CHANGE_RATIO, LINEARITY_SHARE
from edge.calibrating.resting import NOISE_COUNT_MIN
from edge.calibrating.session import FORGOTTEN_MS
from edge.calibrating.unit_weight import Addition, UnitWeight, learn
from edge.commanding.arguments import number_of
from edge.commanding.bay_view import BayView
from edge.commanding.measure import Rests, at_rest
from edge.commanding.outcome import Arguments, CommandRefused, Operation, Said, Steps, wrong_argument
from edge.commanding.weigh import known_plates
from edge.weighing.calibration import Calibration

UNITS_MAX = 10_000
"""More units in one go nobody counts."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """The sum of some plates at rest, its standard uncertainty, and the noise of a mean of 100 ms, in grams."""

    weight_g: float
    error_g: float
    noise_g: float


@dataclass(slots=True)
class _Session:
    lines: dict[PlateId, Calibration]
    last: Weighing
    at_ms: int
    additions: list[Addition] = field(default_factory=list)


class LearningUnits:
    """The unit weight that is being learned on an agent; one at a time, the latest."""

    def __init__(self, bay: BayView, book: CalibrationBook) -> None:
        self._bay = bay
        self._book = book
        self._session: _Session | None = None
        self._turn = 0

    def operations(self) -> dict[str, Operation]:
        """Return the operations by their names."""
        return {"unit_weight_begin": self.begin, "unit_weight_add": self.add, "unit_weight_end": self.end}

    def begin(self, arguments: Arguments) -> Steps:
        """Weigh what stands on the plates now, and begin with it."""
        plates = known_plates(self._bay, arguments)
        self._session = None
        weighing = yield from self._weigh(plates, lambda _: True)
        lines = {plate: self._bay.calibration(plate) for plate in plates}
        self._session = _Session(lines, weighing, self._bay.mono_ms())
        return Said(f"{weighing.weight_g:.1f} g on the plates", {"weight_g": weighing.weight_g})

    def add(self, arguments: Arguments) -> Steps:
        """Wait until so many units were put on or taken off, and tell what one weighs by all that was seen."""
        session, units = self._open(), _units(arguments)
        before = session.last

        def changed(now: Weighing) -> bool:
            return math.copysign(1.0, units) * (now.weight_g - before.weight_g) > CHANGE_RATIO * now.noise_g

        after = yield from self._weigh(list(session.lines), changed)
        if self._open() is not session:
            raise CommandRefused("no_session", "the learning was begun anew meanwhile")
        change_g, error_g = after.weight_g - before.weight_g, math.hypot(before.error_g, after.error_g)
        session.additions.append(Addition(units, change_g, error_g))
        session.last, session.at_ms = after, self._bay.mono_ms()
        learned = self._learned(session)
        return Said(_sentence(learned), _facts(learned))

    def end(self, _arguments: Arguments) -> Said:
        """End the learning and tell what came of it."""
        session = self._open()
        if not session.additions:
            raise CommandRefused("refused", "no units were added, ask unit_weight_add first")
        self._session = None
        learned = self._learned(session)
        return Said(_sentence(learned), _facts(learned))

    def _open(self) -> _Session:
        session = self._session
        if session is None or self._bay.mono_ms() - session.at_ms > FORGOTTEN_MS:
            raise CommandRefused("no_session", "no unit weight is being learned, ask unit_weight_begin first")
        for plate, line in session.lines.items():
            if self._bay.calibration(plate) != line:
                raise CommandRefused("no_session", f"{plate}: was calibrated meanwhile, ask unit_weight_begin again")
        return session

    def _weigh(self, plates: Sequence[PlateId], wanted: Callable[[Weighing], bool]) -> Generator[None, None, Weighing]:
        self._turn += 1
        turn = self._turn

        def going_on() -> None:
            if self._turn != turn:
                raise CommandRefused("ended", "something else was asked meanwhile")

        rests = yield from at_rest(self._bay, plates, lambda rests: wanted(self._sum(rests)), going_on)
        return self._sum(rests)

    def _sum(self, rests: Rests) -> Weighing:
        lines = {plate: self._bay.calibration(plate) for plate in rests}
        noise_g2 = sum(
            (max(rest.noise_count, NOISE_COUNT_MIN) / lines[plate].counts_per_g) ** 2 for plate, rest in rests.items()
        )
        error_g2 = sum((rest.error_count / lines[plate].counts_per_g) ** 2 for plate, rest in rests.items())
        weight_g = sum(lines[plate].grams(rest.count) for plate, rest in rests.items())
        return Weighing(weight_g, math.sqrt(error_g2), math.sqrt(noise_g2))

    def _learned(self, session: _Session) -> UnitWeight:
        shares = [LINEARITY_SHARE]
        for plate in session.lines:
            sheets = self._book.sheets(plate)
            shares.append((sheets[0].uncertainty_share if sheets else None) or 0.0)
        return learn(session.additions, max(shares))


def _units(arguments: Arguments) -> int:
    found = number_of(arguments, "units", least=-UNITS_MAX, most=UNITS_MAX)
    if found == 0.0 or found != round(found):
        raise wrong_argument(
            "units", arguments["units"], "a whole number of units put on, negative for taken off, not 0"
        )
    return round(found)


def _sentence(learned: UnitWeight) -> str:
    said = f"one unit weighs {learned.unit_weight_g:.2f} g, known to {learned.uncertainty_g:.2f} g"
    return said if learned.consistent else f"{said}; the additions do not agree on the number of units"


def _facts(learned: UnitWeight) -> dict[str, Any]:
    return {
        "units": learned.units,
        "unit_weight_g": learned.unit_weight_g,
        "uncertainty_g": learned.uncertainty_g,
        "unit_spread_g": learned.unit_spread_g,
        "consistent": learned.consistent,
    }
