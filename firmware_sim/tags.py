"""An RFID reader over simulated tags: which tags are where comes in, sightings go out, round by round."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contract.clock import Clock
from contract.errors import HardwareError
from contract.hardware import TagSighting
from contract.ids import Epc, ZoneId
from firmware_sim.faults.acting import ActingFaults
from firmware_sim.faults.schedule import Episode

ROUND_MS = 1000.0
"""One inventory cycle, in shop time: one pass over all antennas of a reader, so that a tag counts once a cycle."""

READ_RATE_ALPHA = 6.5
READ_RATE_BETA = 3.5
"""Read rate of a tag at its place, a cycle: Beta with mean 0.65, the middle of the 60 to 70 % of Jeffery et al. (VLDB
2006), and standard deviation 0.14: every tag-place has its own rate, misses stick to bad places (RFID Journal 9475)."""

BLOCKED_SHARE = 0.0062
"""Tags never read where they are (metal, liquid, another tag in front): the best portal of the University of Arkansas
study read 99.38 % of garments however often it tried."""

RSSI_MEAN_DBM = -53.0
RSSI_SPREAD_DBM = 6.7
"""Mean and standard deviation over tag-places: the peak RSSI values of the nine recorded LLRP reports of EdgeX
(device-rfid-llrp-go), -68 to -45 dBm."""

RSSI_NOISE_DBM = 2.0
"""From read to read of a tag at rest: the mobility profile of EdgeX calls a change of 6 dBm a move, taken as three
standard deviations."""

ROUNDS_HELD_MAX = 60
"""A reader keeps the reports of so many rounds for a program that does not ask; older ones are lost."""

STRAY_WEAKER_DB = 10.0
"""How much weaker an antenna hears the tags of its neighbour zones than their own does: assumed, more than the 6 dB at
which the mobility profile of EdgeX calls a tag moved."""


@dataclass(frozen=True, slots=True)
class TagPlace:
    """One tag at one place: how often it is read in a round, and how strong."""

    read_rate: float
    rssi_dbm: float


def tag_place(seed: int, zone: ZoneId, epc: Epc, *, blocked_share: float = BLOCKED_SHARE) -> TagPlace:
    """Return how a tag is read in a zone: the same for the same seed, zone and tag. Blocked is a rate of 0."""
    rng = random.Random(f"{seed}/{zone}/{epc}/place")
    blocked = rng.random() < blocked_share
    read_rate = rng.betavariate(READ_RATE_ALPHA, READ_RATE_BETA)
    return TagPlace(0.0 if blocked else read_rate, rng.gauss(RSSI_MEAN_DBM, RSSI_SPREAD_DBM))


TagPlaces = Mapping[ZoneId, tuple[tuple[Epc, TagPlace], ...]]
"""The tags of each zone, each with how it is read there."""


def heard(places: TagPlaces, acting: Sequence[Episode]) -> TagPlaces:
    """Return what an antenna of each zone can hear while these episodes act: the same part of its tags missing for as
    long as one lasts, and tags of the other zones beside its own.
    """
    found = dict(places)
    for episode in acting:
        zone = ZoneId(episode.subject)
        if episode.kind == "sticky_misses":
            found[zone] = tuple(tag for tag in found.get(zone, ()) if not _blocked(episode, tag[0]))
        elif episode.kind == "stray_tags":
            strays = (tag for other, tags in places.items() if other != zone for tag in tags)
            found[zone] = (*found.get(zone, ()), *(_stray(episode, epc, place) for epc, place in strays))
    return found


def _blocked(episode: Episode, epc: Epc) -> bool:
    return random.Random(f"{episode.number}/{episode.subject}/{epc}/blocked").random() < episode.size


def _stray(episode: Episode, epc: Epc, place: TagPlace) -> tuple[Epc, TagPlace]:
    read_rate = episode.size if place.read_rate else 0.0
    return epc, TagPlace(read_rate, place.rssi_dbm - STRAY_WEAKER_DB)


class SimulatedReader:
    """Implements `TagReader`: one reader with an antenna for each zone of a bay, on the shop clock.

    It is away until `connect`. That and `set_tags` come from the thread that hears the world; `sightings` is called
    by one other thread. `faults` are those of the reader and its zones.
    """

    def __init__(
        self,
        seed: int,
        device: str,
        clock: Clock,
        *,
        round_ms: float = ROUND_MS,
        blocked_share: float = BLOCKED_SHARE,
        faults: ActingFaults | None = None,
    ) -> None:
        if not round_ms > 0.0:
            raise ValueError(f"round_ms: found {round_ms}, expected more than 0")
        self._seed = seed
        self._clock = clock
        self._round_ms = round_ms
        self._blocked_share = blocked_share
        self._rng = random.Random(f"{seed}/{device}/reader")
        self._faults = faults or ActingFaults(())
        self._places: TagPlaces = {}
        self._heard: tuple[TagPlaces, Sequence[Episode], TagPlaces] = ({}, (), {})
        self._away = True
        self._due_ms = clock.mono_ms() + round_ms

    def connect(self) -> None:
        """Let the reader answer from now on: what is in its zones is known."""
        self._away = False

    def set_tags(self, tags: Mapping[ZoneId, Sequence[str]]) -> None:
        """Let exactly these tags (EPC in hex) be in the zones named, from the next round on; other zones stay."""
        placed = {zone: tuple((Epc(epc), self._place(zone, Epc(epc))) for epc in epcs) for zone, epcs in tags.items()}
        # A new dictionary in one assignment: the reading thread sees all of it or nothing.
        self._places = {**self._places, **placed}

    def sightings(self) -> Sequence[TagSighting]:
        """Return what the rounds ended since the last call have read, oldest first.

        Raises HardwareError while the reader is away.
        """
        now_ms = self._clock.mono_ms()
        if self._away:
            self._due_ms = now_ms + self._round_ms
            raise HardwareError("the reader does not answer: it has not been connected yet")
        if any(episode.kind == "reader_away" for episode in self._faults.at(now_ms)):
            self._due_ms = now_ms + self._round_ms
            raise HardwareError("the reader does not answer: its connection broke")
        if now_ms < self._due_ms:
            return ()
        rounds = int((now_ms - self._due_ms) // self._round_ms) + 1
        lost = max(rounds - ROUNDS_HELD_MAX, 0)
        ends_ms = [self._due_ms + number * self._round_ms for number in range(lost, rounds)]
        self._due_ms += rounds * self._round_ms
        return [sighting for end_ms in ends_ms for sighting in self._read_round(end_ms)]

    def _read_round(self, end_ms: float) -> list[TagSighting]:
        rng = self._rng
        return [
            TagSighting(zone, epc, round(rng.gauss(place.rssi_dbm, RSSI_NOISE_DBM), 1), int(end_ms))
            for zone, tags in self._audible(end_ms).items()
            for epc, place in tags
            if rng.random() < place.read_rate
        ]

    def _audible(self, at_ms: float) -> TagPlaces:
        """Return what the antennas can hear at a time, worked out anew only when tags or faults have changed."""
        places, acting = self._places, self._faults.at(at_ms)
        if self._heard[0] is not places or self._heard[1] is not acting:
            self._heard = (places, acting, heard(places, acting))
        return self._heard[2]

    def _place(self, zone: ZoneId, epc: Epc) -> TagPlace:
        return tag_place(self._seed, zone, epc, blocked_share=self._blocked_share)
