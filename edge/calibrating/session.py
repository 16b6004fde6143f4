"""A calibration that is going on: points and a check come in one after the other, a sheet goes out (pure)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from contract.ids import PlateId
from edge.calibrating.line import Check, Line, Point, check, fit, least_change
from edge.calibrating.resting import Rest
from edge.calibrating.sheet import (
    Reason,
    Sheet,
    SheetCheck,
    SheetPoint,
    checked,
    has_passed,
    remarks_of,
)

FORGOTTEN_MS = 3_600_000
"""A session nobody asked anything of for an hour is over: whoever comes back begins with the empty plate again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What was measured of one plate so far. `reference` is where it rested in the beginning, under `goods_g`."""

    plate: PlateId
    capacity_g: float
    reason: Reason
    goods_g: float
    reference: Rest
    points: tuple[Point, ...] = ()
    check: Check | None = None

    @property
    def line(self) -> Line | None:
        """The line through all points, None before the first mass."""
        return fit([Point(0.0, self.reference, 0.0), *self.points], self.goods_g) if self.points else None

    @property
    def noise_g(self) -> float:
        """The standard deviation of a mean of 100 ms at the noisiest point, in grams of the line."""
        assert self.line is not None
        noisiest = max(rest.noise_count for rest in (self.reference, *(point.rest for point in self.points)))
        return noisiest / abs(self.line.counts_per_g)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What somebody should know of what was measured so far, as codes."""
        assert self.line is not None
        heaviest_g = max(point.mass_g for point in self.points)
        said = remarks_of(
            self.line,
            capacity_g=self.capacity_g,
            noise_g=self.noise_g,
            goods_g=self.goods_g,
            heaviest_g=heaviest_g,
        )
        return (*said, *checked(self.check))

    def has_changed(self, count: float, mass_g: float, *, another: bool) -> bool:
        """Tell whether `mass_g` may be what lies on the plate now.

        `another` mass than the last has to differ from it; otherwise it is a second try, and may be there already.
        """
        line, noise = self.line, self.reference.noise_count
        before = self.points[-1] if self.points and another else None
        gain = line.counts_per_g if line is not None and before is not None else None
        by_count = least_change(mass_g, noise, capacity_g=self.capacity_g, counts_per_g=gain)
        if abs(count - self.reference.count) < by_count:
            return False
        if before is None:
            return True
        other_g = mass_g - before.mass_g
        by_count = least_change(other_g, noise, capacity_g=self.capacity_g, counts_per_g=gain)
        return abs(count - before.rest.count) >= by_count

    def with_mass(self, point: Point, *, another: bool) -> Session:
        """Return the session with this point, beside the others or, unless it is `another` mass, in their place."""
        others = [other for other in self.points if another and other.mass_g != point.mass_g]
        return replace(self, points=(*others, point), check=None)

    def with_check(self, point: Point) -> Session:
        """Return the session with a mass measured that the line was not made with. Needs a line."""
        assert self.line is not None
        heaviest_g = max(point.mass_g, *(other.mass_g for other in self.points))
        found = check(self.line, point, goods_g=self.goods_g, heaviest_g=heaviest_g)
        return replace(self, check=found)

    def sheet(self, *, version: int, at: datetime, by: str) -> Sheet:
        """Return the sheet of what was measured. Needs a line."""
        line, found = self.line, self.check
        assert line is not None
        points = [(0.0, self.reference), *((point.mass_g, point.rest) for point in self.points)]
        remarks = self.remarks
        return Sheet(
            plate=self.plate,
            version=version,
            at=at,
            by=by,
            reason=self.reason,
            zero_count=line.zero_count,
            counts_per_g=line.counts_per_g,
            capacity_g=self.capacity_g,
            points=tuple(SheetPoint(mass_g, round(rest.count, 2)) for mass_g, rest in points),
            check=None if found is None else SheetCheck(found.mass_g, found.measured_g, found.error_g, found.limit_g),
            noise_g=self.noise_g,
            uncertainty_share=line.uncertainty_share,
            goods_g=self.goods_g,
            passed=has_passed(remarks),
            remarks=remarks,
        )


class Sessions:
    """The sessions of an agent, one a plate at most, each until it is ended or forgotten."""

    def __init__(self) -> None:
        self._open: dict[PlateId, tuple[Session, int]] = {}

    def keep(self, session: Session, mono_ms: int) -> None:
        """Keep a session that was begun, or that went on."""
        self._open[session.plate] = session, mono_ms

    def of(self, plate: PlateId, mono_ms: int) -> Session | None:
        """Return the session of a plate, if one is open."""
        session, at_ms = self._open.get(plate, (None, 0))
        if session is not None and mono_ms - at_ms > FORGOTTEN_MS:
            del self._open[plate]
            return None
        return session

    def end(self, plate: PlateId) -> None:
        """Forget the session of a plate."""
        self._open.pop(plate, None)
