"""Ask the tag readers of a bay: reports come in, sightings of our own zones go out, and which zones are deaf."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol, runtime_checkable

from contract.errors import HardwareError
from contract.hardware import TagReader, TagSighting
from contract.ids import ZoneId


@runtime_checkable
class ZonedReader(TagReader, Protocol):
    """A reader that knows its zones and counts what it rejects."""

    @property
    def zones(self) -> AbstractSet[ZoneId]:
        """The zones its antennas cover."""
        ...

    @property
    def zones_away(self) -> AbstractSet[ZoneId]:
        """Those of them it cannot hear now, such as one whose antenna is unplugged."""
        ...

    def take_rejected(self) -> Mapping[str, int]:
        """Return what it rejected, by reason, since the last call."""
        ...


class TagPoller:
    """The readers of one bay, asked together.

    `away` are the zones nothing could be heard from the last time: those of readers that did not answer (one that does
    not know its zones stands for all that no other claims) and of antennas that are unplugged. What came and what did
    not is counted until `take_counts` empties the counters.
    """

    def __init__(self, readers: Sequence[TagReader], zones: Iterable[ZoneId]) -> None:
        self._zones = frozenset(zones)
        claimed = {zone for reader in readers if isinstance(reader, ZonedReader) for zone in reader.zones}
        self._readers = tuple(
            (reader, frozenset(reader.zones) if isinstance(reader, ZonedReader) else self._zones - claimed)
            for reader in readers
        )
        self._sightings: Counter[ZoneId] = Counter()
        self._rejected: Counter[str] = Counter()
        self.away: frozenset[ZoneId] = frozenset()

    def poll(self) -> list[TagSighting]:
        """Return what was read since the last call, oldest first. A zone nobody configured is counted and left out."""
        self.away = frozenset()
        seen: list[TagSighting] = []
        for reader, zones in self._readers:
            seen.extend(self._ask(reader, zones))
        ours = [sighting for sighting in seen if sighting.zone in self._zones]
        self._sightings.update(sighting.zone for sighting in ours)
        if len(ours) < len(seen):
            self._rejected["unknown_zone"] += len(seen) - len(ours)
        ours.sort(key=lambda sighting: sighting.mono_ms)
        return ours

    def take_counts(self) -> tuple[dict[ZoneId, int], dict[str, int]]:
        """Return the sightings by zone and the rejections by reason since the last call."""
        for reader, _ in self._readers:
            if isinstance(reader, ZonedReader):
                self._rejected.update(reader.take_rejected())
        counts = {zone: self._sightings[zone] for zone in self._zones}, dict(self._rejected)
        self._sightings.clear()
        self._rejected.clear()
        return counts

    def _ask(self, reader: TagReader, zones: frozenset[ZoneId]) -> Sequence[TagSighting]:
        try:
            seen = reader.sightings()
        except HardwareError:
            self.away |= zones
            self._rejected["reader_away"] += 1
            return ()
        if isinstance(reader, ZonedReader):
            self.away |= reader.zones_away
        return seen
