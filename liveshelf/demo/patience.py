"""When a program that ended is started again, and when it is given up (pure; wall seconds that never step back)."""

from __future__ import annotations

from dataclasses import dataclass, replace

PAUSE_FIRST_S = 0.2
PAUSE_MAX_S = 10.0
"""Each end soon after a start doubles the pause before the next one, up to this."""

RAN_WELL_S = 30.0
"""A program that ran so long was well: its next end is met with the first pause again."""

MINUTE_S = 60.0
RESTARTS_PER_MINUTE_MAX = 8
"""More restarts of one program within a minute are not a plug somebody pulled. One that ends at once gets there after
some 45 seconds; a limit above 10 would never be met, because the pauses alone take longer than a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How it went with one program: its last start, how often in a row it ended soon after one, its latest restarts."""

    started_s: float
    failures: int = 0
    restarts_s: tuple[float, ...] = ()

    @property
    def pause_s(self) -> float:
        """How long to wait before the next start, once the program has ended."""
        return pause_after(self.failures)

    def ended(self, at_s: float) -> Course:
        """Return the course after the program ended."""
        ran_well = at_s - self.started_s >= RAN_WELL_S
        return replace(self, failures=1 if ran_well else self.failures + 1)

    def hopeless(self, at_s: float) -> bool:
        """Tell whether starting it now would be one restart too many."""
        return len(self._latest(at_s)) >= RESTARTS_PER_MINUTE_MAX

    def restarted(self, at_s: float) -> Course:
        """Return the course after the program was started again."""
        return replace(self, started_s=at_s, restarts_s=(*self._latest(at_s), at_s))

    def _latest(self, at_s: float) -> tuple[float, ...]:
        return tuple(restart_s for restart_s in self.restarts_s if restart_s > at_s - MINUTE_S)


def pause_after(failures: int) -> float:
    """Return the pause after so many ends in a row, each soon after a start; the first is number 1."""
    doublings = min(max(0, failures - 1), 30)  # bounded, so that no float overflows
    pause_s: float = min(PAUSE_MAX_S, PAUSE_FIRST_S * 2.0**doublings)
    return pause_s
