"""Follow one plate: samples come in, means of 100 ms, its own quiet spread and its quality go out."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from contract.ids import PlateId
from contract.records import Quality
from edge.weighing.quiet import QuietSpread

BIN_MS = 100
"""Samples are averaged over 100 ms: one value at the HX711's slow rate (10 a second), eight at its fast one, so that
one rule serves all rates and costs the same at all of them."""

WINDOW_BINS = 10
"""Spreads and medians are taken over 1 s (method: AIM3S `detectWeightEvents.m`, moving window of 1 s)."""

GUARD_BINS = 2
"""The weight before an activity is taken from a second that ends 200 ms before it was noticed, because a hand touches
the goods before it moves them."""

SPREAD_FLOOR_G = 0.1
"""No plate is believed to be quieter: the input noise of an HX711 at 10 samples/s, 50 nV rms, on a 10 kg cell of
1 mV/V (data sheet; SparkFun OpenScale)."""

SILENT_MS = 500
"""Without a sample for so long, a plate cannot be said to rest: five conversions at the slow rate."""

UNPLUGGED_MS = 3_000
"""Without a sample for so long, a plate is taken for unplugged: thirty conversions at the slow rate."""

SATURATED_MS = 1_000
"""A sample at the rail speaks for so long."""

STUCK_BINS = 100
"""Not one bit of change in 10 s: an HX711 moves by some 20 counts rms from its own noise (data sheet)."""

STUCK_SPREAD_G = 1e-6
"""Below this a spread is rounding of means of equal samples, not movement."""

NEGATIVE_SHARE = 0.002
"""An empty plate may read below zero by zero drift, creep and hysteresis of a cheap cell: 0.05 % of capacity each
(Seeed bar cell); four times that is a wrong zero, or goods that were on the plate when it was zeroed."""

NOISY_SHARE = 0.002
"""A quiet spread above this share of capacity is no footfall (recorded plates: 90th percentile 3 g, that is 0.03 % of
10 kg) but a bad contact or moisture."""


class PlateTrace:
    """The recent past of one plate, in bins of 100 ms. The shelf that owns it feeds it and tells it when it rests:
    `rest_g` is its weight when it last did, None before the first time, and `rest_noise_g` the spread of that rest.
    """

    __slots__ = (
        "_constant_bins",
        "_last_ms",
        "_moved",
        "_sampled",
        "_saturated_ms",
        "_value_g",
        "bins",
        "capacity_g",
        "count",
        "plate",
        "quiet",
        "rest_g",
        "rest_noise_g",
        "total_g",
    )

    def __init__(self, plate: PlateId, capacity_g: float) -> None:
        self.plate = plate
        self.capacity_g = capacity_g
        self.bins: deque[float] = deque(maxlen=WINDOW_BINS + GUARD_BINS)
        self.quiet = QuietSpread()
        self.rest_g: float | None = None
        self.rest_noise_g = 0.0
        self.total_g = 0.0
        self.count = 0
        self._value_g: float | None = None
        self._moved = False
        self._constant_bins = 0
        self._sampled: deque[bool] = deque(maxlen=WINDOW_BINS)
        self._last_ms = 0
        self._saturated_ms: int | None = None

    def add(self, mono_ms: int, weight_g: float) -> None:
        """Take in one good sample."""
        self.total_g += weight_g
        self.count += 1
        self._last_ms = mono_ms
        if weight_g != self._value_g:
            self._value_g = weight_g
            self._moved = True

    def start(self, mono_ms: int) -> None:
        """Begin to wait for samples."""
        self._last_ms = mono_ms

    def restart(self) -> None:
        """Forget every weight: the grams to come are of another line. When it was last heard is still known."""
        self.quiet = QuietSpread()
        self.rest_g, self.rest_noise_g = None, 0.0
        self.total_g, self.count, self._moved = 0.0, 0, False
        self._value_g, self._constant_bins = None, 0
        self.bins.clear()
        self._sampled.clear()

    def excuse(self, hole_ms: int) -> None:
        """Forget a silence in which nobody listened."""
        self._last_ms += hole_ms

    def saturate(self, mono_ms: int) -> None:
        """Take in that the converter stood at its rail."""
        self._saturated_ms = mono_ms

    def close_bin(self) -> float:
        """End the current 100 ms and return its mean in grams; without samples, the last one holds."""
        if self.count:
            mean_g = self.total_g / self.count
            self._constant_bins = 0 if self._moved else self._constant_bins + 1
        else:
            mean_g = self.bins[-1] if self.bins else 0.0
        self._sampled.append(self.count > 0)
        self.bins.append(mean_g)
        self.total_g, self.count, self._moved = 0.0, 0, False
        return mean_g

    def learn(self) -> None:
        """Take the spread of the last second into the plate's own quiet spread, when it was sampled well enough."""
        if self.well_sampled:
            self.quiet.add(self.spread_g())

    @property
    def well_sampled(self) -> bool:
        """Tell whether at least half of the last second's bins held a sample."""
        return 2 * sum(self._sampled) >= WINDOW_BINS

    def spread_g(self) -> float:
        """Return the standard deviation of the last second."""
        return spread_of(self._latest())

    def settle(self, bins: int = WINDOW_BINS) -> float:
        """Take the last second, or so many bins of it, for rest: remember median and spread, return the median."""
        latest = self._latest()[-bins:]
        self.rest_g, self.rest_noise_g = median_of(latest), spread_of(latest)
        return self.rest_g

    def earlier_rest_g(self) -> float:
        """Return the median of the second that ended just before the last 200 ms."""
        return median_of(list(self.bins)[:WINDOW_BINS])

    def silent(self, mono_ms: int) -> bool:
        """Tell whether a plate that still counts as plugged in has not been heard for a moment."""
        return SILENT_MS < mono_ms - self._last_ms <= UNPLUGGED_MS

    def quality(self, mono_ms: int) -> Quality:
        """Return what is to be thought of the plate's weight now."""
        if self._saturated_ms is not None and mono_ms - self._saturated_ms <= SATURATED_MS:
            return "saturated"
        if mono_ms - self._last_ms > UNPLUGGED_MS:
            return "unplugged"
        if not self.quiet.learned:
            return "starting"
        return self._learned_quality()

    def _learned_quality(self) -> Quality:
        if self._constant_bins >= STUCK_BINS or self.quiet.value_g < STUCK_SPREAD_G:
            return "stuck"
        if self.quiet.value_g > NOISY_SHARE * self.capacity_g:
            return "noisy"
        if self.rest_g is not None and self.rest_g < -NEGATIVE_SHARE * self.capacity_g:
            return "negative"
        return "ok"

    def _latest(self) -> list[float]:
        return list(self.bins)[-WINDOW_BINS:]


def spread_of(values: Sequence[float]) -> float:
    """Return the standard deviation of the values (of the population, in their unit)."""
    if not values:
        return 0.0
    mean = sum(values) / len(values)
    return math.sqrt(sum([(value - mean) ** 2 for value in values]) / len(values))


def median_of(values: Sequence[float]) -> float:
    """Return the median of the values, 0.0 of none."""
    if not values:
        return 0.0
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
