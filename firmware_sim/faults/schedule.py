"""When faults act: a seed, a subject and a span of shop time in, episodes out (pure, the same in every process).

Time is cut into days of unix time. The episodes that begin on a day are drawn from a generator of that day alone, so
any span can be asked in any order, years ahead, at the cost of the days in it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from firmware_sim.faults.table import FAULT_OF, WEEK_S, Fault, FaultKind, Subject, kinds_of

DAY_MS = 86_400_000.0


@dataclass(frozen=True, slots=True)
class Episode:
    """One fault while it acts, `begin_ms` to `end_ms` without the end.

    `subject` is the plate, zone or device it strikes, `size` in the unit of its row (0 where it has none), with sign.
    `number` tells it from others of its kind and seeds what is drawn within it.
    """

    kind: FaultKind
    subject: str
    begin_ms: float
    end_ms: float
    size: float
    number: int

    def acts(self, at_ms: float) -> bool:
        """Tell whether it acts at a time."""
        return self.begin_ms <= at_ms < self.end_ms


@dataclass(frozen=True, slots=True)
class FaultSchedule:
    """Which faults act when. Times are milliseconds of shop time since 1970; `scale` multiplies every rate of the
    table, 0 is a shop without faults.
    """

    seed: int
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.scale < math.inf:
            raise ValueError(f"faults: found {self.scale}, expected 0 or more")

    def episodes(self, subject: str, kinds: Iterable[FaultKind], begin_ms: float, end_ms: float) -> list[Episode]:
        """Return the episodes of a subject that act at some time of `begin_ms` to `end_ms`, by their beginning."""
        found = [
            episode
            for kind in kinds
            for episode in self._begun(FAULT_OF[kind], subject, begin_ms, end_ms)
            if episode.end_ms > begin_ms and episode.begin_ms < end_ms
        ]
        return sorted(found, key=lambda episode: (episode.begin_ms, episode.kind, episode.number))

    def truth(self, subjects: Mapping[Subject, Sequence[str]], begin_ms: float, end_ms: float) -> list[Episode]:
        """Return all that went wrong with these plates, bays, zones and devices in that time, by its beginning.

        A bay is named as its device is.
        """
        found = [
            episode
            for subject, names in subjects.items()
            for name in names
            for episode in self.episodes(name, kinds_of(subject), begin_ms, end_ms)
        ]
        return sorted(found, key=lambda episode: (episode.begin_ms, episode.subject, episode.kind))

    def _begun(self, fault: Fault, subject: str, begin_ms: float, end_ms: float) -> Iterator[Episode]:
        if not self.scale or not fault.per_week:
            return
        longest_ms = fault.lasts_s[1] * 1000.0
        for day in range(math.floor((begin_ms - longest_ms) / DAY_MS), math.ceil(end_ms / DAY_MS)):
            yield from self._begun_on(fault, subject, day)

    def _begun_on(self, fault: Fault, subject: str, day: int) -> Iterator[Episode]:
        """A Poisson process has no memory: each day may begin it anew."""
        rng = random.Random(f"{self.seed}/{fault.kind}/{subject}/{day}")
        per_ms = fault.per_week * self.scale / (WEEK_S * 1000.0)
        at_ms = day * DAY_MS + rng.expovariate(per_ms)
        while at_ms < (day + 1) * DAY_MS:
            yield drawn(fault, subject, at_ms, rng)
            at_ms += rng.expovariate(per_ms)


def drawn(fault: Fault, subject: str, begin_ms: float, rng: random.Random) -> Episode:
    """Return an episode that begins then, its duration and size drawn from the row."""
    lasts_ms = 1000.0 * _by_logarithm(rng, *fault.lasts_s)
    size = 0.0
    if fault.size is not None:
        size = _by_logarithm(rng, fault.size.low, fault.size.high)
        if fault.size.signed and rng.random() < 0.5:
            size = -size
    return Episode(fault.kind, subject, begin_ms, begin_ms + lasts_ms, size, rng.getrandbits(32))


def _by_logarithm(rng: random.Random, low: float, high: float) -> float:
    return min(max(math.exp(rng.uniform(math.log(low), math.log(high))), low), high)
