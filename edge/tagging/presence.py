"""Decide where a tag is: sightings come in, `arrived` and `departed` go out; both at once are a move.

A reader misses a third of the tags before it in any second, so absence has to be believed slowly and for each tag at
its own pace. Method: SMURF (Jeffery, Garofalakis, Franklin: "Adaptive cleaning for RFID data streams", VLDB 2006), a
window per tag that is just long enough for the tag's own read rate. Two things differ: the window is counted from the
last read, so that a tag that left is noticed without waiting for its rate to fall, and its length is that at which
(1 - p)^w reaches the probability wanted, where SMURF bounds it by e^(-pw) and waits half as long again at p = 0.65.
Between two zones the signal decides, by the threshold of the EdgeX mobility profile
(edgexfoundry/app-rfid-llrp-inventory). That profile lets the threshold fall with the time since the old place last
read the tag; here the tag's own window says when: while it lasts a much louder zone takes the tag over, and when it
ends the loudest of those that still hear it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping

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

SETTLING_EPOCHS = 10
"""The first zone that reads a new tag twice has it. For so many seconds after its first read another may take it by
little more than the noise of a mean, so that it ends where it is heard loudest."""

SETTLING_DB = 2.0
"""One standard deviation of a single read at rest; MOVE_DB is three."""

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
    """Where each tag of a bay is. A tag is in one zone at a time, or in none.

    Records come in order of time. A move is `arrived` in the new zone and `departed` from the old one, in this order
    and with one `mono_ms`: whoever counts the tags of several zones never misses one on the way.
    """

    def __init__(self) -> None:
        self._tracks: dict[Epc, dict[ZoneId, Track]] = {}
        self._first_epoch: dict[Epc, int] = {}
        self._home: dict[Epc, ZoneId] = {}
        self._epoch: int | None = None
        self._held_epochs: dict[ZoneId, int] = {}
        self._records: list[TagRecord] = []
        self._newest_ms = 0

    def add(self, sightings: Iterable[TagSighting]) -> None:
        """Take in what was read, in order of time."""
        for sighting in sightings:
            epoch = sighting.mono_ms // EPOCH_MS
            tracks = self._tracks.setdefault(sighting.epc, {})
            if not tracks:
                self._first_epoch[sighting.epc] = epoch
            track = tracks.get(sighting.zone)
            if track is None:
                track = tracks[sighting.zone] = Track(seen_epoch=self._counted(epoch, sighting.zone))
            track.read(self._counted(epoch, sighting.zone), sighting.rssi_dbm)
            if sighting.epc not in self._home:
                self._consider_arrival(sighting, track)
            elif self._home[sighting.epc] != sighting.zone:
                self._consider_move(sighting, tracks, epoch)

    def tick(self, mono_ms: int, *, away: Collection[ZoneId] = ()) -> list[TagRecord]:
        """Return what was decided up to `mono_ms` since the last call, oldest first.

        Nothing departs from a zone while it is `away`, that is, nobody listens there, unless another zone hears it
        louder; and that time counts for no tag as absence.
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

    def _consider_arrival(self, sighting: TagSighting, track: Track) -> None:
        """Give a tag that is nowhere to the zone, once it heard it often enough."""
        if track.epochs_read >= ARRIVAL_EPOCHS:
            self._home[sighting.epc] = sighting.zone
            self._record("arrived", sighting.zone, sighting.epc, track, sighting.mono_ms)

    def _consider_move(self, sighting: TagSighting, tracks: dict[ZoneId, Track], epoch: int) -> None:
        """Let the zone have the tag when it heard it often enough, and louder than the zone that has it."""
        track, home = tracks[sighting.zone], self._home[sighting.epc]
        settling = epoch - self._first_epoch[sighting.epc] < SETTLING_EPOCHS
        louder_db = SETTLING_DB if settling else MOVE_DB
        if track.epochs_read >= ARRIVAL_EPOCHS and track.rssi_dbm >= tracks[home].rssi_dbm + louder_db:
            self._move(sighting.epc, tracks, sighting.zone, sighting.mono_ms)

    def _move(self, epc: Epc, tracks: dict[ZoneId, Track], zone: ZoneId, mono_ms: int) -> None:
        left, self._home[epc] = self._home[epc], zone
        self._record("arrived", zone, epc, tracks[zone], mono_ms)
        self._record("departed", left, epc, tracks.pop(left), mono_ms)

    def _counted(self, epoch: int, zone: ZoneId) -> int:
        """Return how many epochs of a zone somebody listened to, up to `epoch`."""
        return epoch - self._held_epochs.get(zone, 0)

    def _expire(self, epoch: int, mono_ms: int, away: Collection[ZoneId]) -> None:
        for epc, tracks in list(self._tracks.items()):
            silent = {
                zone: self._counted(epoch, zone) - track.seen_epoch
                for zone, track in tracks.items()
                if zone not in away
            }
            over = {zone for zone, epochs in silent.items() if epochs > tracks[zone].window_epochs}
            home = self._home.get(epc)
            if home in over:
                still = {zone: tracks[zone] for zone in silent if zone not in over and 2 * silent[zone] < silent[home]}
                self._leave(epc, tracks, _loudest(still), mono_ms)
            for zone in over:
                tracks.pop(zone, None)
            if not tracks:
                del self._tracks[epc], self._first_epoch[epc]

    def _leave(self, epc: Epc, tracks: dict[ZoneId, Track], zone: ZoneId | None, mono_ms: int) -> None:
        """Let the tag go from its zone: to the one that heard it in the second half of the silence, or nowhere.

        A tag that left the bay was read there at most by chance since: it would have to be missed at home for half a
        window, which happens once in sqrt(1 / MISS_PROBABILITY) times.
        """
        if zone is not None:
            self._move(epc, tracks, zone, mono_ms)
        else:
            home = self._home.pop(epc)
            self._record("departed", home, epc, tracks.pop(home), mono_ms)

    def _record(self, kind: TagKind, zone: ZoneId, epc: Epc, track: Track, mono_ms: int) -> None:
        # A reader stamps what it hears on a thread of its own, maybe just before the last tick.
        self._newest_ms = max(self._newest_ms, mono_ms)
        self._records.append(
            TagRecord(
                mono_ms=self._newest_ms, zone=zone, epc=epc, kind=kind, rssi_dbm=track.rssi_dbm, reads=track.reads
            )
        )


def _loudest(tracks: Mapping[ZoneId, Track]) -> ZoneId | None:
    """Return the zone that hears a tag loudest, of those that read it often enough."""
    heard = [zone for zone, track in tracks.items() if track.epochs_read >= ARRIVAL_EPOCHS]
    return max(heard, key=lambda zone: tracks[zone].rssi_dbm, default=None)
