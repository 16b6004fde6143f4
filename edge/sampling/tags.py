"""Ask the tag readers of a bay: reports come in, sightings of our own zones go out, and who is away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from contract.errors import HardwareError
from contract.hardware import TagReader, TagSighting
from contract.ids import ZoneId


class TagPoller:
    """The readers of one bay, asked together.

    `away` tells that a reader did not answer the last time. What came and what did not is counted until
    `take_counts` empties the counters.
    """

    def __init__(self, readers: Sequence[TagReader], zones: Iterable[ZoneId]) -> None:
        self._readers = tuple(readers)
        self._zones = frozenset(zones)
        self._sightings: Counter[ZoneId] = Counter()
        self._rejected: Counter[str] = Counter()
        self.away = False

    def poll(self) -> list[TagSighting]:
        """Return what was read since the last call, oldest first. A zone nobody configured is counted and left out."""
        self.away = False
        seen: list[TagSighting] = []
        for reader in self._readers:
            seen.extend(self._ask(reader))
        ours = [sighting for sighting in seen if sighting.zone in self._zones]
        self._sightings.update(sighting.zone for sighting in ours)
        if len(ours) < len(seen):
            self._rejected["unknown_zone"] += len(seen) - len(ours)
        ours.sort(key=lambda sighting: sighting.mono_ms)
        return ours

    def take_counts(self) -> tuple[dict[ZoneId, int], dict[str, int]]:
        """Return the sightings by zone and the rejections by reason since the last call."""
        counts = {zone: self._sightings[zone] for zone in self._zones}, dict(self._rejected)
        self._sightings.clear()
        self._rejected.clear()
        return counts

    def _ask(self, reader: TagReader) -> Sequence[TagSighting]:
        try:
            return reader.sightings()
        except HardwareError:
            self.away = True
            self._rejected["reader_away"] += 1
            return ()
