"""The operations of a calibration: somebody empties a plate, lays masses on it and accepts what came of it.

While a session is open nothing on its plate is goods: its weight is not believed (quality `starting`) and its shelf
makes no step. A plate is never tared by itself, and never on a start.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Mapping
from typing import Any, Protocol, get_args

from msgspec import structs, to_builtins

from contract.clock import Clock
from contract.ids import PlateId
from contract.records import BirthPlate
from edge.calibrating.book import CalibrationBook
from edge.calibrating.line import Point, gain_is_usual
from edge.calibrating.masses import m1_error_g
from edge.calibrating.resting import Rest
from edge.calibrating.session import Session, Sessions
from edge.calibrating.sheet import DOUBTFUL, ZERO_MOVED_SHARE, Reason, Sheet, has_passed
from edge.commanding.arguments import flag_of, number_of, one_of, text_of
from edge.commanding.background import written
from edge.commanding.bay_view import BayView
from edge.commanding.measure import Rests, at_rest
from edge.commanding.outcome import Arguments, CommandRefused, Operation, Said, Steps, wrong_argument
from edge.commanding.weigh import known_plate
from edge.settings import AgentSettings, PlateSettings
from edge.weighing.calibration import Calibration

HOLD_MS = 600_000
"""Ten minutes after its last command a plate is believed again, even if nobody ends the session: whoever went away
must not leave a shelf that says nothing."""

COUNT_MAX = 1e9
"""No converter counts farther."""

BY_MAX = 100
"""Characters of a name."""

CALM_RATIO = 2.0
"""A plate may be so much noisier under a mass than without: a shelf shakes in bouts, as when somebody walks past."""

HISTORY_MAX = 50
"""So many sheets fit an answer."""


class TellsPlates(Protocol):
    """Says on the wire what the plates are (`edge.delivery.Delivery`)."""

    def tell_plates(self, plates: list[BirthPlate]) -> None:
        """Tell the birth again: the plates are these now."""
        ...


class Calibrating:
    """The calibrations of an agent that are going on."""

    def __init__(
        self, settings: AgentSettings, bay: BayView, book: CalibrationBook, clock: Clock, birth: TellsPlates
    ) -> None:
        self._settings = settings
        self._plates: Mapping[PlateId, PlateSettings] = {PlateId(plate.plate): plate for plate in settings.plates}
        self._bay = bay
        self._book = book
        self._clock = clock
        self._birth = birth
        self._sessions = Sessions()
        self._held: set[PlateId] = set()
        self._turns: Counter[PlateId] = Counter()

    def operations(self) -> dict[str, Operation]:
        """Return the operations by their names."""
        return {
            "calibration_overview": self.overview,
            "calibration_begin": self.begin,
            "calibration_mass": self.mass,
            "calibration_check": self.check,
            "calibration_accept": self.accept,
            "calibration_abandon": self.abandon,
            "calibration_zero": self.zero,
            "calibration_restore": self.restore,
            "calibration_history": self.history,
        }

    def overview(self, _arguments: Arguments) -> Said:
        """Tell of every plate which line it weighs by, since when, and how far a session is."""
        plates = [self._overview_of(plate) for plate in self._plates]
        return Said(f"{len(plates)} plates", {"plates": plates})

    def begin(self, arguments: Arguments) -> Steps:
        """Measure where the plate rests without masses, and begin a session; one that is open ends."""
        plate = self._plate(arguments)
        goods_g = number_of(arguments, "goods_g", least=0.0, most=self._capacity_g(plate), default=0.0)
        reason: Reason = one_of(arguments, "reason", get_args(Reason), default="new")  # type: ignore[assignment]
        rest = yield from self._unloaded(plate)
        session = Session(
            plate=plate, capacity_g=self._capacity_g(plate), reason=reason, goods_g=goods_g, reference=rest
        )
        self._go_on(session)
        facts = {"count": round(rest.count, 2), "noise_count": round(rest.noise_count, 2)}
        return Said(f"{plate} rests at {rest.count:.0f} counts", facts)

    def mass(self, arguments: Arguments) -> Steps:
        """Wait until a known mass lies on the plate, and find the line."""
        another = flag_of(arguments, "another")
        session, point = yield from self._point(arguments, another=another)
        session = session.with_mass(point, another=another)
        line = session.line
        assert line is not None
        if not gain_is_usual(line.counts_per_g, session.capacity_g):
            said = f"grams: no cell of {session.capacity_g:g} g gives {line.counts_per_g:.4g} counts a gram"
            raise wrong_argument("mass_g", point.mass_g, said)
        self._go_on(session)
        facts = {
            "count": round(point.rest.count, 2),
            "counts_per_g": line.counts_per_g,
            "zero_count": line.zero_count,
            "noise_g": session.noise_g,
            "uncertainty_share": line.uncertainty_share,
            "remarks": [remark for remark in session.remarks if remark != "not_checked"],
        }
        return Said(f"{session.plate}: {line.counts_per_g:.4g} counts a gram", facts)

    def check(self, arguments: Arguments) -> Steps:
        """Wait until another known mass lies on the plate, and see whether the line holds there."""
        session = self._session(self._plate(arguments))
        if not session.points:
            raise CommandRefused("no_session", f"{session.plate}: no mass was measured yet, ask calibration_mass first")
        masses_g = [point.mass_g for point in session.points]
        if arguments.get("mass_g") in masses_g:
            raise wrong_argument("mass_g", arguments["mass_g"], "another mass than the line was made with")
        session, point = yield from self._point(arguments, another=True)
        session = session.with_check(point)
        self._go_on(session)
        found = session.check
        assert found is not None
        facts = {
            "measured_g": found.measured_g,
            "error_g": found.error_g,
            "limit_g": found.limit_g,
            "passed": found.passed,
        }
        said = "within" if found.passed else "beyond"
        return Said(f"{session.plate}: off by {found.error_g:.2f} g, {said} {found.limit_g:.2f} g", facts)

    def accept(self, arguments: Arguments) -> Steps:
        """Let the line of the session hold from now on."""
        session = self._session(self._plate(arguments))
        by = _by(arguments)
        if session.line is None:
            raise CommandRefused("no_session", f"{session.plate}: no mass was measured yet, ask calibration_mass first")
        sheet = session.sheet(version=self._book.next_version(session.plate), at=self._clock.now(), by=by)
        return (yield from self._put_in_force(sheet))

    def abandon(self, arguments: Arguments) -> Said:
        """End a session; the line is what it was."""
        plate = self._plate(arguments)
        self._turns[plate] += 1
        self._sessions.end(plate)
        if plate in self._held:
            self._let_go(plate)
        return Said(f"{plate}: version {self._bay.calibration(plate).version} holds")

    def zero(self, arguments: Arguments) -> Steps:
        """Measure the empty plate, and let it be its zero; the gain stays."""
        plate, by = self._plate(arguments), _by(arguments)
        rest = yield from self._unloaded(plate)
        before = self._bay.calibration(plate)
        moved = abs(before.grams(rest.count)) > ZERO_MOVED_SHARE * self._capacity_g(plate)
        doubts = [remark for remark in self._newest_remarks(plate) if remark in DOUBTFUL]
        sheet = self._sheet(
            plate,
            Calibration(zero_count=rest.count, counts_per_g=before.counts_per_g),
            by=by,
            reason="zero",
            remarks=("zero_only", *(["zero_moved"] if moved else []), *doubts),
        )
        noise_g = rest.noise_count / abs(before.counts_per_g)
        return (yield from self._put_in_force(structs.replace(sheet, noise_g=noise_g)))

    def restore(self, arguments: Arguments) -> Steps:
        """Let a line hold that another board found of the same cell."""
        plate, by = self._plate(arguments), _by(arguments)
        zero_count = number_of(arguments, "zero_count", least=-COUNT_MAX, most=COUNT_MAX)
        counts_per_g = number_of(arguments, "counts_per_g", least=-COUNT_MAX, most=COUNT_MAX)
        if counts_per_g == 0.0:
            raise wrong_argument("counts_per_g", counts_per_g, "counts one gram adds, not 0")
        line = Calibration(zero_count=zero_count, counts_per_g=counts_per_g)
        sheet = self._sheet(plate, line, by=by, reason="restore", remarks=("restored", "not_checked"))
        self._turns[plate] += 1
        self._sessions.end(plate)
        self._hold(plate)
        return (yield from self._put_in_force(sheet))

    def history(self, arguments: Arguments) -> Said:
        """Tell every sheet of a plate, the newest first."""
        plate = self._plate(arguments)
        sheets = [to_builtins(sheet) for sheet in self._book.sheets(plate)[:HISTORY_MAX]]
        return Said(f"{plate}: version {self._bay.calibration(plate).version} holds", {"sheets": sheets})

    def _point(self, arguments: Arguments, *, another: bool) -> Generator[None, None, tuple[Session, Point]]:
        """Wait for a mass on the plate of an open session; return the session and the point."""
        plate = self._plate(arguments)
        session = self._session(plate)
        room_g = session.capacity_g - session.goods_g
        mass_g = number_of(arguments, "mass_g", least=0.001, most=max(room_g, 0.001))
        error_g = number_of(arguments, "mass_error_g", least=0.0, most=mass_g, default=m1_error_g(mass_g))
        self._hold(plate)
        rest = yield from self._rest(
            plate,
            lambda rests: session.has_changed(rests[plate].count, mass_g, another=another),
            CALM_RATIO * session.reference.noise_count,
        )
        return session, Point(mass_g, rest, error_g)

    def _unloaded(self, plate: PlateId) -> Generator[None, None, Rest]:
        """Return where the plate rests without masses. A session that is open ends."""
        self._sessions.end(plate)
        self._hold(plate)
        try:
            return (yield from self._rest(plate, lambda _: True))
        except CommandRefused as refusal:
            if refusal.facts["code"] != "ended":
                self._let_go(plate)
            raise

    def _rest(
        self, plate: PlateId, wanted: Callable[[Rests], bool], quiet_count: float = 0.0
    ) -> Generator[None, None, Rest]:
        """Return where the plate rests. Whoever measures a plate ends what waits for it to rest."""
        self._turns[plate] += 1
        turn = self._turns[plate]

        def going_on() -> None:
            if self._turns[plate] != turn:
                raise CommandRefused("ended", f"{plate}: something else was asked of it meanwhile", found=plate)

        rests = yield from at_rest(self._bay, [plate], wanted, going_on, {plate: quiet_count})
        return rests[plate]

    def _put_in_force(self, sheet: Sheet) -> Steps:
        """Keep a sheet for good and weigh by it; the disk is waited for, but not by those who sample."""
        plate = PlateId(sheet.plate)
        yield from written(lambda: self._book.keep(sheet), "the calibration cannot be kept")
        self._turns[plate] += 1
        self._sessions.end(plate)
        self._held.discard(plate)
        self._bay.recalibrate(plate, sheet.calibration)
        self._birth.tell_plates(self._book.applied(self._settings).birth_plates())
        said = "passed" if sheet.passed else f"not passed: {', '.join(sheet.remarks)}"
        return Said(f"{plate}: version {sheet.version} holds, {said}", {"sheet": to_builtins(sheet)})

    def _sheet(self, plate: PlateId, line: Calibration, *, by: str, reason: str, remarks: tuple[str, ...]) -> Sheet:
        return Sheet(
            plate=plate,
            version=self._book.next_version(plate),
            at=self._clock.now(),
            by=by,
            reason=reason,
            zero_count=line.zero_count,
            counts_per_g=line.counts_per_g,
            capacity_g=self._capacity_g(plate),
            passed=has_passed(remarks),
            remarks=remarks,
        )

    def _newest_remarks(self, plate: PlateId) -> tuple[str, ...]:
        sheets = self._book.sheets(plate)
        return sheets[0].remarks if sheets else ()

    def _go_on(self, session: Session) -> None:
        self._sessions.keep(session, self._bay.mono_ms())
        self._hold(session.plate)

    def _hold(self, plate: PlateId) -> None:
        self._held.add(plate)
        self._bay.hold(plate, self._bay.mono_ms() + HOLD_MS)

    def _let_go(self, plate: PlateId) -> None:
        self._held.discard(plate)
        self._bay.release(plate)

    def _plate(self, arguments: Arguments) -> PlateId:
        return known_plate(self._bay, arguments)

    def _capacity_g(self, plate: PlateId) -> float:
        return self._plates[plate].capacity_g

    def _session(self, plate: PlateId) -> Session:
        session = self._sessions.of(plate, self._bay.mono_ms())
        if session is None:
            raise CommandRefused("no_session", f"{plate}: no calibration is going on, ask calibration_begin first")
        return session

    def _overview_of(self, plate: PlateId) -> dict[str, Any]:
        settings, sheets = self._plates[plate], self._book.sheets(plate)
        session = self._sessions.of(plate, self._bay.mono_ms())
        newest = sheets[0] if sheets else None
        return {
            "plate": plate,
            "bay": settings.bay,
            "shelf": settings.shelf,
            "capacity_g": settings.capacity_g,
            "calibration_version": self._bay.calibration(plate).version,
            "calibrated_at": to_builtins(newest.at) if newest is not None else None,
            "calibrated_by": newest.by if newest is not None else None,
            "reason": newest.reason if newest is not None else None,
            "passed": newest.passed if newest is not None else None,
            "remarks": list(newest.remarks) if newest is not None else [],
            "session": session is not None,
        }


def _by(arguments: Arguments) -> str:
    by = text_of(arguments, "by", longest=BY_MAX).strip()
    if not by:
        raise wrong_argument("by", arguments["by"], "the name of who calibrates")
    return by
