"""What a plate reads over months: when its load changed comes in, means of a second of its converter go out.

Cell, drift with the warmth of the day, creep, bend, vibration and noise are those of `firmware_sim.plate`, and so are
the faults of the plate that last longer than a moment. The swing of a plate that was just touched is left out: within a
second of a change a mean says nothing, here as on a shelf.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from firmware_sim.faults.felt import bout_tones
from firmware_sim.faults.schedule import Episode
from firmware_sim.hx711 import CODE_MAX, CODE_MIN, INPUT_NOISE_V, INPUT_V_TO_COUNT
from firmware_sim.load_cell import CREEP_MS, LoadCell
from firmware_sim.plate import DAY_MS, TEMPERATURE_SWING_C, WARMEST_MS
from firmware_sim.vibration import Vibration

Floats = NDArray[np.float64]

SECOND_MS = 1_000.0

Change = tuple[float, float]
"""When the whole load of a plate became what: shop milliseconds, grams."""


class PlateMonths:
    """One cell and its bay. `episodes` are the faults that strike the plate or its bay (`FaultSchedule.episodes`), in
    the time of `at_ms`; `day_zero_ms` is some midnight UTC.
    """

    def __init__(
        self,
        cell: LoadCell,
        *,
        seed: int,
        vibration: Vibration,
        rate_sps: float,
        day_zero_ms: float = 0.0,
        episodes: Sequence[Episode] = (),
    ) -> None:
        self._cell = cell
        self._day_zero_ms = day_zero_ms
        self._period_ms = SECOND_MS / rate_sps
        self._samples = round(rate_sps)
        self._noise_count = INPUT_NOISE_V[rate_sps] * INPUT_V_TO_COUNT / math.sqrt(self._samples)
        self._tones = vibration.tones(cell.plate, averaged_ms=self._period_ms)
        self._episodes = tuple(episodes)
        self._rng = np.random.default_rng([seed, *cell.plate.encode()])

    def counts(self, at_ms: Floats, changes: Sequence[Change]) -> Floats:
        """Return the mean of the conversions of the second that ended at each time, in counts; NaN where none came.

        `at_ms` (N,) rises; the first of `changes` has always been there. Raises ValueError when there is none.
        """
        if not changes:
            raise ValueError("changes: found none, expected at least the load that lies there")
        load_g = _stepped(at_ms, changes)
        warmer_c = self._warmer_c(at_ms)
        drift_g = self._cell.zero_g_per_c * warmer_c + self._creep_g(at_ms, changes)
        felt_g = self._felt_g(at_ms, load_g)
        span_count = self._cell.counts_per_g * (1.0 + self._cell.span_share_per_c * warmer_c)
        counts = self._cell.zero_count + self._cell.counts_per_g * drift_g + span_count * felt_g
        counts += self._rng.normal(0.0, self._noise_count, len(at_ms))
        return self._spoilt(at_ms, np.clip(counts, CODE_MIN, CODE_MAX))

    def _felt_g(self, at_ms: Floats, load_g: Floats) -> Floats:
        """Return what bends the cell: goods, whoever leans on them, and what shakes the bay."""
        leaned_g = load_g.copy()
        for episode, acting in self._acting(at_ms, "overload"):
            leaned_g[acting] += episode.size * self._cell.capacity_g
        curve = 4.0 * self._cell.non_linearity_g / self._cell.capacity_g
        felt_g = leaned_g + curve * leaned_g * (1.0 - leaned_g / self._cell.capacity_g)
        for tone in self._tones:
            felt_g += self._shaken_g(at_ms, tone.amplitude_g, tone.radians_per_ms, tone.phase)
        for episode, acting in self._acting(at_ms, "vibration_bout"):
            for swing in bout_tones(episode, self._cell.plate, self._period_ms):
                felt_g[acting] += self._shaken_g(at_ms[acting], *swing)
        for episode, acting in self._acting(at_ms, "spikes"):
            felt_g[acting] += episode.size / self._samples
        for episode, acting in self._acting(at_ms, "negative_plate"):
            felt_g[acting] -= load_g[acting][:1].sum() + episode.size
        return felt_g

    def _shaken_g(self, at_ms: Floats, amplitude_g: float, radians_per_ms: float, phase: float) -> Floats:
        """Return the mean of the swings at all conversions of a second: a sum of sines that are equally far apart."""
        half = radians_per_ms * self._period_ms / 2.0
        passed = math.sin(self._samples * half) / (self._samples * math.sin(half))
        middle_ms = at_ms - (self._samples - 1) * self._period_ms / 2.0
        shaken: Floats = amplitude_g * passed * np.sin(radians_per_ms * middle_ms + phase)
        return shaken

    def _warmer_c(self, at_ms: Floats) -> Floats:
        """Return how much warmer it is than at calibration: by the hour of the day, and by what heats or cools it."""
        since_ms = at_ms - self._day_zero_ms - WARMEST_MS
        warmer_c: Floats = TEMPERATURE_SWING_C * np.cos(math.tau * since_ms / DAY_MS)
        for episode, acting in self._acting(at_ms, "temperature_cycle"):
            progress = (at_ms[acting] - episode.begin_ms) / (episode.end_ms - episode.begin_ms)
            warmer_c[acting] += episode.size * np.sin(math.pi * progress) ** 2
        return warmer_c

    def _creep_g(self, at_ms: Floats, changes: Sequence[Change]) -> Floats:
        """Return the creep: between two changes of load or cell it goes to its end exponentially."""
        creeping = [episode for episode in self._episodes if episode.kind == "creep"]
        turns_ms = sorted(
            {ms for ms, _ in changes[1:]} | {ms for episode in creeping for ms in (episode.begin_ms, episode.end_ms)}
        )
        creep_g, found = self._cell.creep_share * changes[0][1], np.empty(len(at_ms))
        begins_ms = [min(float(at_ms[0]), changes[0][0]), *turns_ms]
        for begin_ms, end_ms in zip(begins_ms, [*turns_ms, math.inf], strict=True):
            share = self._cell.creep_share + sum(one.size for one in creeping if one.acts(begin_ms))
            goal_g = share * _load_at(changes, begin_ms)
            here = slice(*np.searchsorted(at_ms, (begin_ms, end_ms)))
            found[here] = goal_g + (creep_g - goal_g) * np.exp((begin_ms - at_ms[here]) / CREEP_MS)
            creep_g = goal_g + (creep_g - goal_g) * math.exp((begin_ms - end_ms) / CREEP_MS)
        return found

    def _spoilt(self, at_ms: Floats, counts: Floats) -> Floats:
        """Return the counts with those of a dead converter, and without those that never came."""
        for _, acting in self._acting(at_ms, "dead_plate"):
            counts[acting] = np.round(counts[acting][:1]).sum()
        for kind in ("unplugged", "stuck_line"):
            for _, acting in self._acting(at_ms, kind):
                counts[acting] = np.nan
        return counts

    def _acting(self, at_ms: Floats, kind: str) -> list[tuple[Episode, slice]]:
        """Return the episodes of a kind, each with the places of the times at which it acts."""
        return [
            (episode, slice(*np.searchsorted(at_ms, (episode.begin_ms, episode.end_ms))))
            for episode in self._episodes
            if episode.kind == kind
        ]


def _stepped(at_ms: Floats, changes: Sequence[Change]) -> Floats:
    """Return the load at each time."""
    places = np.searchsorted([ms for ms, _ in changes[1:]], at_ms, side="right")
    found: Floats = np.array([load_g for _, load_g in changes])[places]
    return found


def _load_at(changes: Sequence[Change], at_ms: float) -> float:
    return next((load_g for ms, load_g in reversed(changes[1:]) if ms <= at_ms), changes[0][1])
