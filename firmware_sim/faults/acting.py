"""Which faults act on something now: the schedule and what was commanded come together, and are cheap to ask.

Asked once for each conversion of a plate, so a span in which nothing changes costs one comparison.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from firmware_sim.faults.schedule import DAY_MS, Episode, FaultSchedule
from firmware_sim.faults.table import FaultKind

NOTHING: tuple[Episode, ...] = ()

LOOK_BACK_MS = 60_000.0
"""So far behind the time asked last, a question costs nothing: the rounds of a reader are looked at once they ended."""


class ActingFaults:
    """The episodes that act on one plate or reader. Times are milliseconds of `Clock.mono_ms`, and so are those of the
    episodes it returns.

    `schedule` (none: nothing happens by itself) is asked for the kinds of each subject; `unix_ms` is the shop time
    since 1970 when `mono_ms` was 0. One thread asks; `command` may be called by another.
    """

    __slots__ = ("_commanded", "_schedule", "_state", "_subjects", "_unix_ms")

    def __init__(
        self,
        subjects: Sequence[tuple[str, tuple[FaultKind, ...]]],
        schedule: FaultSchedule | None = None,
        *,
        unix_ms: float = 0.0,
    ) -> None:
        self._subjects = tuple(subjects)
        self._schedule = schedule if schedule is not None and schedule.scale else None
        self._unix_ms = unix_ms
        self._commanded: tuple[Episode, ...] = ()
        self._state: tuple[tuple[Episode, ...], float, float, tuple[Episode, ...]] = (NOTHING, 0.0, 0.0, NOTHING)

    def command(self, episodes: Iterable[Episode]) -> None:
        """Let exactly these act beside the schedule, those that are not of the kinds asked for left out."""
        known = {kind for _, kinds in self._subjects for kind in kinds}
        self._commanded = tuple(episode for episode in episodes if episode.kind in known)

    def at(self, mono_ms: float) -> tuple[Episode, ...]:
        """Return what acts at a time, as a rule not before the time asked last."""
        commanded, begin_ms, end_ms, acting = self._state
        if begin_ms <= mono_ms < end_ms and commanded is self._commanded:
            return acting
        return self._look(mono_ms)

    def _look(self, mono_ms: float) -> tuple[Episode, ...]:
        commanded = self._commanded
        near = [*commanded, *self._scheduled(mono_ms)]
        acting = tuple(episode for episode in near if episode.acts(mono_ms))
        times_ms = [ms for episode in near for ms in (episode.begin_ms, episode.end_ms)]
        if self._schedule is not None:
            times_ms += [mono_ms - LOOK_BACK_MS, mono_ms + DAY_MS]
        begin_ms = max((ms for ms in times_ms if ms <= mono_ms), default=-math.inf)
        end_ms = min((ms for ms in times_ms if ms > mono_ms), default=math.inf)
        self._state = (commanded, begin_ms, end_ms, acting)
        return acting

    def _scheduled(self, mono_ms: float) -> list[Episode]:
        if self._schedule is None:
            return []
        begin_ms = mono_ms + self._unix_ms
        return [
            replace(episode, begin_ms=episode.begin_ms - self._unix_ms, end_ms=episode.end_ms - self._unix_ms)
            for subject, kinds in self._subjects
            for episode in self._schedule.episodes(subject, kinds, begin_ms - LOOK_BACK_MS, begin_ms + DAY_MS)
        ]
