"""What faults do to the load of a plate and to what its cell makes of it: episodes and times come in, grams go out."""

from __future__ import annotations

import math
from collections.abc import Iterable

from firmware_sim.faults.acting import ActingFaults
from firmware_sim.faults.schedule import Episode
from firmware_sim.load_cell import LoadCell
from firmware_sim.vibration import Vibration

SPIKE_EVERY_MS = 1000.0
"""While there are spikes, the first conversion of every second is one: assumed."""

Tones = tuple[tuple[float, float, float], ...]
"""Amplitude in grams, radians a millisecond, phase."""


class FeltFaults:
    """The faults of one plate that are not of its wires. `averaged_ms` is one conversion.

    Used by the thread that reads the plate, with times that do not run back.
    """

    __slots__ = ("_averaged_ms", "_cell", "_frozen", "_shaking", "_slipped_g", "_spiked", "_swing", "at")

    def __init__(self, acting: ActingFaults, cell: LoadCell, *, averaged_ms: float, swing: tuple[float, float]) -> None:
        """`swing` is how the plate rings: the time constant in milliseconds, and radians a millisecond."""
        self.at = acting.at
        self._cell = cell
        self._averaged_ms = averaged_ms
        self._swing = swing
        self._spiked: dict[int, int] = {}
        self._slipped_g: dict[int, float] = {}
        self._frozen: dict[int, float] = {}
        self._shaking: dict[int, Tones] = {}

    def warmer_c(self, at_ms: float) -> float:
        """Return how much warmer it is than by the hour of the day: each episode a hump that begins and ends at 0."""
        return sum(warmth_c(episode, at_ms) for episode in self.at(at_ms) if episode.kind == "temperature_cycle")

    def creep_share(self, at_ms: float) -> float:
        """Return by which share of its load the cell creeps more than it should, in the end."""
        return sum(episode.size for episode in self.at(at_ms) if episode.kind == "creep")

    def leaned_g(self, acting: Iterable[Episode]) -> float:
        """Return what presses on the plate beside goods and hands."""
        return sum(episode.size * self._cell.capacity_g for episode in acting if episode.kind == "overload")

    def moved_g(self, acting: Iterable[Episode], at_ms: float, load_g: float) -> float:
        """Return what shakes, bumps, spikes and a slipped zero add to what is felt; `load_g` are the goods."""
        return sum(self._moved_by(episode, at_ms, load_g) for episode in acting)

    def frozen(self, acting: Iterable[Episode], count: float) -> float:
        """Return the count, or that of a dead plate: what it was when it died."""
        for episode in acting:
            if episode.kind == "dead_plate":
                return self._frozen.setdefault(episode.number, float(round(count)))
        return count

    def _moved_by(self, episode: Episode, at_ms: float, load_g: float) -> float:
        match episode.kind:
            case "spikes":
                return self._spike_g(episode, at_ms)
            case "negative_plate":
                return self._slipped_g.setdefault(episode.number, -load_g - episode.size)
            case "bumped_shelf":
                return bump_g(episode, at_ms, self._swing)
            case "vibration_bout":
                return sum(
                    amplitude_g * math.sin(radians_per_ms * at_ms + phase)
                    for amplitude_g, radians_per_ms, phase in self._tones(episode)
                )
        return 0.0

    def _spike_g(self, episode: Episode, at_ms: float) -> float:
        second = int((at_ms - episode.begin_ms) // SPIKE_EVERY_MS)
        if self._spiked.get(episode.number) == second:
            return 0.0
        self._spiked[episode.number] = second
        return episode.size

    def _tones(self, episode: Episode) -> Tones:
        tones = self._shaking.get(episode.number)
        if tones is None:
            tones = self._shaking[episode.number] = bout_tones(episode, self._cell.plate, self._averaged_ms)
        return tones


def warmth_c(episode: Episode, at_ms: float) -> float:
    """Return how many degrees an episode of temperature adds at a time within it."""
    progress = (at_ms - episode.begin_ms) / (episode.end_ms - episode.begin_ms)
    return episode.size * math.sin(math.pi * progress) ** 2


def bump_g(episode: Episode, at_ms: float, swing: tuple[float, float]) -> float:
    """Return what a bump adds at a time within it: a damped swing, as after a pick."""
    tau_ms, radians_per_ms = swing
    since_ms = at_ms - episode.begin_ms
    return episode.size * math.exp(-since_ms / tau_ms) * math.cos(radians_per_ms * since_ms)


def bout_tones(episode: Episode, plate: str, averaged_ms: float) -> Tones:
    """Return what shakes a plate during a bout, as seen through a converter that averages over `averaged_ms`."""
    vibration = Vibration(episode.number, "bout", level_g=episode.size)
    return tuple(
        (tone.amplitude_g, tone.radians_per_ms, tone.phase) for tone in vibration.tones(plate, averaged_ms=averaged_ms)
    )
