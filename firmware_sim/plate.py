"""What one plate feels over time: grams laid on it come in, counts at the converter's input go out."""

from __future__ import annotations

import math
import random

from firmware_sim.faults.acting import ActingFaults
from firmware_sim.faults.felt import FeltFaults
from firmware_sim.hx711 import INPUT_NOISE_V, INPUT_V_TO_COUNT
from firmware_sim.load_cell import CREEP_MS, LoadCell
from firmware_sim.vibration import Vibration

TEMPERATURE_SWING_C = 4.35
"""Half of the range a room went through in 21 days, 13.8 to 22.5 C (kim5jk/loadcell-temp-compensation). Taken as the
swing of one day it is more than that room did; its middle is the temperature of calibration."""

WARMEST_MS = 15 * 3_600_000.0
"""The shop is warmest at 15:00 UTC."""

DAY_MS = 24 * 3_600_000.0

SLOW_MS = 1000.0
"""Creep and temperature are worked out once in so many shop milliseconds: both move less than 0.01 g meanwhile."""

SETTLED_SHARE = math.log(50.0)
"""A plate has settled when 2 % of the change are left."""

NOISE_BITS = 12
"""The noise is drawn from a table of 4,096 values: one draw costs a tenth of `random.gauss`."""


def _normal_values(count: int) -> tuple[float, ...]:
    """Return standard normal values, shifted and scaled to mean 0 and standard deviation 1 exactly."""
    rng = random.Random("noise")
    values = [rng.gauss(0.0, 1.0) for _ in range(count)]
    mean = math.fsum(values) / count
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / count)
    return tuple((value - mean) / deviation for value in values)


NORMAL_VALUES = _normal_values(2**NOISE_BITS)


class LoadedPlate:
    """One cell with a load: `signal` is the input of its converter.

    Times are shop milliseconds of `Clock.mono_ms`; `day_zero_ms` is what they were at some midnight UTC. Loads are
    laid on by `place`, from any thread; `signal` is called by the one thread that reads the line. `faults` are those of
    the plate and its bay.
    """

    __slots__ = (
        "_aged_ms",
        "_cell",
        "_creep_g",
        "_curve",
        "_day_zero_ms",
        "_draw",
        "_faults",
        "_load_g",
        "_moved_ms",
        "_noise_count",
        "_offset_count",
        "_placed",
        "_ring_g",
        "_ring_per_ms",
        "_seen",
        "_slow_due_ms",
        "_span_count",
        "_still_ms",
        "_tau_ms",
        "_tones",
    )

    def __init__(
        self,
        cell: LoadCell,
        *,
        seed: int,
        vibration: Vibration,
        rate_sps: float,
        day_zero_ms: float = 0.0,
        faults: ActingFaults | None = None,
    ) -> None:
        self._cell = cell
        self._day_zero_ms = day_zero_ms
        self._draw = random.Random(f"{seed}/{cell.plate}/noise").getrandbits
        self._noise_count = INPUT_NOISE_V[rate_sps] * INPUT_V_TO_COUNT
        self._tones = [
            (tone.amplitude_g, tone.radians_per_ms, tone.phase)
            for tone in vibration.tones(cell.plate, averaged_ms=1000.0 / rate_sps)
            if tone.amplitude_g
        ]
        # 4 x (1 - x) has its highest point, 1, at half the capacity and is 0 at both ends.
        self._curve = 4.0 * cell.non_linearity_g / cell.capacity_g
        self._tau_ms = cell.settle_ms / SETTLED_SHARE
        self._still_ms = 2.0 * cell.settle_ms
        self._ring_per_ms = cell.ring_hz * math.tau / 1000.0
        swing = (self._tau_ms, self._ring_per_ms)
        self._faults = FeltFaults(faults or ActingFaults(()), cell, averaged_ms=1000.0 / rate_sps, swing=swing)
        self._placed: tuple[float, float] | None = None
        self._seen: tuple[float, float] | None = None
        self._load_g: float = 0.0
        self._ring_g: float = 0.0
        self._creep_g: float = 0.0
        self._moved_ms: float = -math.inf
        self._slow_due_ms: float = -math.inf
        self._aged_ms: float = 0.0
        self._offset_count: float = cell.zero_count
        self._span_count: float = cell.counts_per_g

    def place(self, load_g: float, at_ms: float) -> None:
        """Let the whole load of the plate be `load_g` from `at_ms` on. The first load has always been there."""
        self._placed = (load_g, at_ms)

    def signal(self, at_ms: float) -> float:
        """Return the input of the converter in counts at gain 128, unlimited, for a conversion that ends at `at_ms`."""
        if self._placed is not self._seen:
            self._take_load()
        load_g = self._load_g
        since_ms = at_ms - self._moved_ms
        if since_ms < self._still_ms:
            load_g += self._swing_g(since_ms)
        if at_ms >= self._slow_due_ms:
            self._age(at_ms)
        acting = self._faults.at(at_ms)
        if acting:
            load_g += self._faults.leaned_g(acting)
        felt_g = load_g + self._curve * load_g * (1.0 - load_g / self._cell.capacity_g)
        for amplitude_g, radians_per_ms, phase in self._tones:
            felt_g += amplitude_g * math.sin(radians_per_ms * at_ms + phase)
        if acting:
            felt_g += self._faults.moved_g(acting, at_ms, self._load_g)
        noise = NORMAL_VALUES[self._draw(NOISE_BITS)]
        count = self._offset_count + self._span_count * felt_g + self._noise_count * noise
        return self._faults.frozen(acting, count) if acting else count

    def _swing_g(self, since_ms: float) -> float:
        """Return what is left of the last change: a damped swing, whole until the change has happened."""
        if since_ms <= 0.0:
            return self._ring_g
        if since_ms >= self._still_ms:
            return 0.0
        return self._ring_g * math.exp(-since_ms / self._tau_ms) * math.cos(self._ring_per_ms * since_ms)

    def _take_load(self) -> None:
        """Turn to the load last placed; creep until then was that of the old one."""
        placed = self._placed
        assert placed is not None
        load_g, at_ms = placed
        if self._seen is None:
            self._creep_g = self._cell.creep_share * load_g
        else:
            self._age(at_ms)
            self._ring_g = self._load_g + self._swing_g(at_ms - self._moved_ms) - load_g
            self._moved_ms = at_ms
        self._load_g = load_g
        self._seen = placed

    def _age(self, at_ms: float) -> None:
        """Move creep and temperature on to `at_ms`."""
        cell = self._cell
        passed_ms = max(at_ms - self._aged_ms, 0.0)
        creep_g = (cell.creep_share + self._faults.creep_share(at_ms)) * self._load_g
        self._creep_g += (creep_g - self._creep_g) * -math.expm1(-passed_ms / CREEP_MS)
        self._aged_ms = at_ms
        self._slow_due_ms = at_ms + SLOW_MS
        since_warmest_ms = at_ms - self._day_zero_ms - WARMEST_MS
        warmer_c = TEMPERATURE_SWING_C * math.cos(math.tau * since_warmest_ms / DAY_MS)
        warmer_c += self._faults.warmer_c(at_ms)
        self._span_count = cell.counts_per_g * (1.0 + cell.span_share_per_c * warmer_c)
        drift_g = cell.zero_g_per_c * warmer_c + self._creep_g
        self._offset_count = cell.zero_count + cell.counts_per_g * drift_g
