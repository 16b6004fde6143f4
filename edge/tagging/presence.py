"""Decide where a tag is: sightings come in, `arrived` and `departed` go out.

A reader misses a third of the tags before it in any second, so absence has to be believed slowly and for each tag at
its own pace. Method: SMURF (Jeffery, Garofalakis, Franklin: "Adaptive cleaning for RFID data streams", VLDB 2006), a
window per tag that is just long enough for the tag's own read rate. Two things differ: the window is counted from the
last read, so that a tag that left is noticed without waiting for its rate to fall, and its length is that at which
(1 - p)^w reaches the probability wanted, where SMURF bounds it by e^(-pw) and waits half as long again at p = 0.65.
Between two zones the signal decides, by the threshold of the EdgeX mobility profile.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable

from msgspec import Struct

from contract.hardware import TagSighting
from contract.ids import Epc, ZoneId
from contract.records import TagKind, TagRecord

EPOCH_MS = 1_000
"""A read cycle: what a tag does within one second is one question asked once (SMURF's epoch). Readers of a shelf
read some tens of tags a second."""

MISS_PROBABILITY = 1e-6
"""How likely a window without a read may be while the tag is there: in a day of 86,400 epochs, one tag in ten flickers
once."""

EPOCHS_MIN = math.ceil(-math.log(MISS_PROBABILITY))
"""However well a tag is read, it is given SMURF's window of a tag that is read every time, ln(1 / MISS_PROBABILITY):
misses are not independent, because people stand between tag and antenna."""

EPOCHS_MAX = 600
"""However seldom a tag is read, after ten minutes without a read it has departed (EdgeX: departed after 600 s)."""

PRIOR_RATE = 0.65
"""Read rate of a tag nothing is known of: 60 to 70 % in deployments (Jeffery et al. 2006)."""

PRIOR_EPOCHS = 4.0
"""So many epochs of evidence weigh as much as what is known beforehand: a tag's own rate soon speaks for itself."""

MEMORY_EPOCHS = 300.0
"""Evidence older than some five minutes fades: shelves are rearranged, and a tag behind a can is read less."""

ARRIVAL_EPOCHS = 2
"""A tag has arrived when it was read in two seconds (EdgeX: at least 2 reads), so that one carried past has not."""

RSSI_READS = 20
"""The signal of a tag in a zone is the mean of about its last 20 reads (EdgeX)."""

MOVE_DB = 6.0
"""Another zone takes a tag over when it hears it so much louder (EdgeX mobility profile, threshold)."""


class Track(Struct):
    """What one zone knows of one tag: reads, signal, and how often it is read when it is there."""

    seen_epoch: int
    rssi_dbm: float = 0.0
    reads: int = 0
    epochs_read: int = 1
    hits: float = 1.0
    epochs: float = 1.0

    def read(self, epoch: int, rssi_dbm: float) -> None:
        """Take in one read. Epochs passed over since the last one were misses: the tag was there all the time."""
        self.reads += 1
        self.rssi_dbm += (rssi_dbm - self.rssi_dbm) / min(self.reads, RSSI_READS)
        passed = epoch - self.seen_epoch
        if passed <= 0:
            return
        kept = 0.5 ** (passed / MEMORY_EPOCHS)
        self.hits = self.hits * kept + 1.0
        self.epochs = self.epochs * kept + passed
        self.epochs_read += 1
        self.seen_epoch = epoch

    @property
    def read_rate(self) -> float:
        """How often an epoch hears the tag: mean of a Beta distribution that began at PRIOR_RATE."""
        return (self.hits + PRIOR_RATE * PRIOR_EPOCHS) / (self.epochs + PRIOR_EPOCHS)

    @property
    def window_epochs(self) -> int:
        """So many epochs without a read mean that the tag has gone: a tag that is there misses them with
        MISS_PROBABILITY. The rate is taken one standard deviation low, because it is only an estimate.
        """
        rate = self.read_rate
        low = rate - math.sqrt(rate * (1.0 - rate) / (self.epochs + PRIOR_EPOCHS + 1.0))
        if low * EPOCHS_MAX <= 1.0:
            return EPOCHS_MAX
        missed_in_a_row = math.log(MISS_PROBABILITY) / math.log1p(-low)
        return min(max(math.ceil(missed_in_a_row), EPOCHS_MIN), EPOCHS_MAX)


class TagPresence:
    """Where each tag of a bay is. A tag is in one zone at a time, or in none."""

    def __init__(self) -> None:
        self._tracks: dict[Epc, dict[ZoneId, Track]] = {}
        self._home: dict[Epc, ZoneId] = {}
        self._epoch: int | None = None
        self._held_epochs: dict[ZoneId, int] = {}
        self._records: list[TagRecord] = []

    def add(self, sightings: Iterable[TagSighting]) -> None:
        """Take in what was read, in order of time."""
        for sighting in sightings:
            epoch = self._counted(sighting.mono_ms // EPOCH_MS, sighting.zone)
            tracks = self._tracks.setdefault(sighting.epc, {})
            track = tracks.get(sighting.zone)
            if track is None:
                track = tracks[sighting.zone] = Track(seen_epoch=epoch)
            track.read(epoch, sighting.rssi_dbm)
            if self._home.get(sighting.epc) != sighting.zone:
                self._consider(sighting, tracks)

    def tick(self, mono_ms: int, *, away: Collection[ZoneId] = ()) -> list[TagRecord]:
        """Return what was decided up to `mono_ms` since the last call, oldest first.

        Nothing departs from a zone while it is `away`, that is, nobody listens there; and that time counts for no tag
        as absence.
        """
        epoch = mono_ms // EPOCH_MS
        if self._epoch is not None and epoch > self._epoch:
            for zone in away:
                self._held_epochs[zone] = self._held_epochs.get(zone, 0) + epoch - self._epoch
            self._expire(epoch, mono_ms, away)
        self._epoch = epoch
        records, self._records = self._records, []
        return records

    def present(self, zone: ZoneId) -> set[Epc]:
        """Return the tags that are in a zone."""
        return {epc for epc, home in self._home.items() if home == zone}

    def _consider(self, sighting: TagSighting, tracks: dict[ZoneId, Track]) -> None:
        """Let the zone have the tag when it heard it often enough, and louder than the zone that has it."""
        track = tracks[sighting.zone]
        if track.epochs_read < ARRIVAL_EPOCHS:
            return
        home = self._home.get(sighting.epc)
        if home is not None:
            if track.rssi_dbm < tracks[home].rssi_dbm + MOVE_DB:
                return
            self._record("departed", home, sighting.epc, tracks.pop(home), sighting.mono_ms)
        self._home[sighting.epc] = sighting.zone
        self._record("arrived", sighting.zone, sighting.epc, track, sighting.mono_ms)

    def _counted(self, epoch: int, zone: ZoneId) -> int:
        """Return how many epochs of a zone somebody listened to, up to `epoch`."""
        return epoch - self._held_epochs.get(zone, 0)

    def _expire(self, epoch: int, mono_ms: int, away: Collection[ZoneId]) -> None:
        for epc, tracks in list(self._tracks.items()):
            for zone, track in list(tracks.items()):
                if zone not in away and self._counted(epoch, zone) - track.seen_epoch > track.window_epochs:
                    self._forget(epc, zone, tracks, mono_ms)
            if not tracks:
                del self._tracks[epc]

    def _forget(self, epc: Epc, zone: ZoneId, tracks: dict[ZoneId, Track], mono_ms: int) -> None:
        track = tracks.pop(zone)
        if self._home.get(epc) == zone:
            del self._home[epc]
            self._record("departed", zone, epc, track, mono_ms)

    def _record(self, kind: TagKind, zone: ZoneId, epc: Epc, track: Track, mono_ms: int) -> None:
        self._records.append(
            TagRecord(mono_ms=mono_ms, zone=zone, epc=epc, kind=kind, rssi_dbm=track.rssi_dbm, reads=track.reads)
        )
