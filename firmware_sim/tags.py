"""An RFID reader over simulated tags: which tags are where comes in, sightings go out, round by round."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contract.clock import Clock
from contract.errors import HardwareError
from contract.hardware import TagSighting
from contract.ids import Epc, ZoneId

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


class SimulatedReader:
    """Implements `TagReader`: one reader with an antenna for each zone of a bay, on the shop clock.

    It is away until `connect`. That and `set_tags` come from the thread that hears the world; `sightings` is called
    by one other thread.
    """

    def __init__(
        self, seed: int, device: str, clock: Clock, *, round_ms: float = ROUND_MS, blocked_share: float = BLOCKED_SHARE
    ) -> None:
        if not round_ms > 0.0:
            raise ValueError(f"round_ms: found {round_ms}, expected more than 0")
        self._seed = seed
        self._clock = clock
        self._round_ms = round_ms
        self._blocked_share = blocked_share
        self._rng = random.Random(f"{seed}/{device}/reader")
        self._places: dict[ZoneId, tuple[tuple[Epc, TagPlace], ...]] = {}
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
            for zone, tags in self._places.items()
            for epc, place in tags
            if rng.random() < place.read_rate
        ]

    def _place(self, zone: ZoneId, epc: Epc) -> TagPlace:
        return tag_place(self._seed, zone, epc, blocked_share=self._blocked_share)
