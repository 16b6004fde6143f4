"""Watch one scale over hours: counts of its converter and its records come in, figures and a verdict come out (pure).

The quality of a weight says whether it may be believed now; a verdict may say more: a plate that gives few samples, or
whose zero moves, still weighs right and is still counted, but somebody should look at it.
"""

from __future__ import annotations

from collections import deque
from typing import Literal

from contract.records import Quality, WeightRecord
from edge.weighing.drift import DriftLedger

PlateVerdict = Quality | Literal["slow", "drifting"]

RATE_WINDOW_MS = 30_000
"""The rate is taken over so long: 300 conversions at the slow rate, so that a few that are settling do not matter."""

SLOW_WINDOWS = 2
"""So many windows in a row have to be slow: a board that stood still for a moment is no fault of a scale."""

SLOW_SHARE = 0.7
"""Of the rate a converter should give. Its own oscillator may be some 10 % off (HX711 data sheet: 10 or 80 samples a
second, typical); a RATE pin at the wrong level gives an eighth."""

DRIFT_SHARE = 0.002
"""Of capacity in a day: four times what a cheap bar cell creeps under full load, or drifts in 10 degrees (0.05 % of
full scale each: Seeed data sheet), so that neither goods nor weather make it."""

UNSURE_SIGMAS = 3.0
"""Every step is known to its noise only; so many standard deviations of their sum are no drift."""

NOT_SAMPLED: frozenset[Quality] = frozenset({"unplugged", "saturated", "starting"})
"""What comes in such a state says nothing of the rate of a converter."""

ZERO_KNOWN: frozenset[Quality] = frozenset({"ok", "negative"})
"""A rest of such a quality is where the plate stands."""


class PlateWatch:
    """One scale, whose converter should give `rate_sps` samples a second."""

    __slots__ = ("_capacity_g", "_drift", "_rate_sps", "_rates_sps", "_sampled", "_samples", "_since_ms")

    def __init__(self, *, rate_sps: float, capacity_g: float, mono_ms: int) -> None:
        self._rate_sps = rate_sps
        self._capacity_g = capacity_g
        self._drift = DriftLedger()
        self._since_ms = mono_ms
        self._samples = 0
        self._sampled = False
        self._rates_sps: deque[float] = deque(maxlen=SLOW_WINDOWS)

    def weighed(self, record: WeightRecord) -> None:
        """Take in a record of the plate. A change beyond its noise is goods, and anything less is drift."""
        if record.quality not in ZERO_KNOWN or (record.kind == "step" and record.before_g is None):
            self._drift.begin_anew()
            return
        if record.kind == "step" and record.before_g is not None:
            change_g = record.weight_g - record.before_g
            if abs(change_g) > UNSURE_SIGMAS * record.noise_g:
                self._drift.moved(change_g, record.noise_g)
        self._drift.rest(record.mono_ms, record.weight_g)

    def judge(self, quality: Quality, samples: int, mono_ms: int) -> PlateVerdict:
        """Return the verdict at `mono_ms`; `samples` were believed since the last call."""
        self._take_rate(quality, samples, mono_ms)
        if quality != "ok":
            return quality
        if len(self._rates_sps) == SLOW_WINDOWS and max(self._rates_sps) < SLOW_SHARE * self._rate_sps:
            return "slow"
        drift = self._drift.per_day_g()
        if drift is not None and abs(drift[0]) > DRIFT_SHARE * self._capacity_g + UNSURE_SIGMAS * drift[1]:
            return "drifting"
        return "ok"

    def measured(self, weight_g: float | None) -> dict[str, float]:
        """Return the figures of the plate, those that are known; `weight_g` is its newest weight."""
        drift = self._drift.per_day_g()
        figures = {
            "rate_sps": self._rates_sps[-1] if self._rates_sps else None,
            "weight_g": weight_g,
            "drift_g_per_day": None if drift is None else drift[0],
        }
        return {name: round(figure, 2) for name, figure in figures.items() if figure is not None}

    def _take_rate(self, quality: Quality, samples: int, mono_ms: int) -> None:
        sampled, self._sampled = self._sampled, quality not in NOT_SAMPLED
        if not (sampled and self._sampled):
            self._since_ms, self._samples = mono_ms, 0
            self._rates_sps.clear()
            return
        self._samples += samples
        passed_ms = mono_ms - self._since_ms
        if passed_ms >= RATE_WINDOW_MS:
            self._rates_sps.append(self._samples * 1000.0 / passed_ms)
            self._since_ms, self._samples = mono_ms, 0
