"""Decide whether a plate lies still, by its counts alone: samples come in, where it rests goes out (pure).

No grams: on a new device the line in force may be wild, so what counts as still is measured against how quiet the very
plate is when nothing happens. Medians, because one spike must neither end a rest nor move it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

from edge.sampling.samples import RawSample

BIN_MS = 100
"""Samples are averaged over 100 ms, as the weighing does: a sample each at 10 a second, eight at 80."""

REST_MS = 2_000
"""A plate has to lie still for so long: twenty means, which leave a quarter of the noise, in a time a person waits."""

QUARTERS = 4
"""The medians of all quarters of a rest have to agree: a hand that grows heavier is no noise, however smooth."""

SILENT_MS = 500
"""Whoever was not heard for so long cannot be said to rest: five conversions at the slow rate."""

STILL_RATIO = 3.0
"""So many times its own quiet spread, and a plate moves (three sigma, as in `edge.weighing.shelf`)."""

NOISE_COUNT_MIN = 25.0
"""No converter is quieter: input noise of an HX711 at 10 samples a second, 50 nV rms of 19.5 mV in 2^23 counts, is 21
counts (SparkFun OpenScale)."""

RATED_COUNT = 2_147_484.0
"""What a cell of 1 mV/V gives at its capacity: an HX711 at gain 128 takes half its supply over 128 for 2^23 counts, a
NAU7802 the same of its reference (data sheets). Common cells give 0.85 to 2 mV/V."""

STILL_COUNT_MAX = 0.001 * RATED_COUNT
"""However busy the shelf was: what moves by a tenth of a percent of what a cell says, 10 g of 10 kg, does not rest."""

NORMAL_MAD = 1.4826
"""The standard deviation of a normal distribution by its median absolute deviation."""

OUTLIER_RATIO = 4.0
"""So many standard deviations from the median, and a mean of 100 ms is a spike, not noise."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Where a plate rests: its count, the standard deviation of a mean of 100 ms, and that of the count itself."""

    count: float
    noise_count: float
    error_count: float


def still_count(quiet_count: float) -> float:
    """Return how far apart the counts of a plate at rest may be, by its own quiet spread (0.0 when not known yet)."""
    return min(STILL_RATIO * max(quiet_count, NOISE_COUNT_MIN), STILL_COUNT_MAX)


def heard_lately(samples: Sequence[RawSample], now_ms: int) -> bool:
    """Tell whether the newest sample is young enough for its plate to be there."""
    return bool(samples) and now_ms - samples[-1].mono_ms <= SILENT_MS


def rest_of(samples: Sequence[RawSample], now_ms: int, limit_count: float) -> Rest | None:
    """Return where the plate rests, or None while it moves or was not heard for all of the last two seconds.

    `samples` are in order of time; `limit_count` is what `still_count` says of the plate.
    """
    bins = _bins(samples, now_ms)
    if len(bins) < QUARTERS or not heard_lately(samples, now_ms):
        return None
    middle = median(bins)
    noise = NORMAL_MAD * median([abs(mean - middle) for mean in bins])
    size = len(bins) / QUARTERS
    quarters = [median(bins[round(i * size) : round((i + 1) * size)]) for i in range(QUARTERS)]
    if noise > limit_count or max(abs(quarter - middle) for quarter in quarters) > limit_count:
        return None
    believed = [mean for mean in bins if abs(mean - middle) <= OUTLIER_RATIO * max(noise, NOISE_COUNT_MIN)]
    count = fmean(believed)
    deviation = math.sqrt(fmean([(mean - count) ** 2 for mean in believed]))
    return Rest(count, deviation, max(deviation, NOISE_COUNT_MIN) / math.sqrt(len(believed)))


def _bins(samples: Sequence[RawSample], now_ms: int) -> list[float]:
    """Return the means of 100 ms of the last two seconds; nothing when the plate was silent in between."""
    begin_ms = now_ms - REST_MS
    recent: list[RawSample] = []
    for sample in reversed(samples):
        recent.append(sample)
        if sample.mono_ms <= begin_ms:
            break
    recent.reverse()
    if not recent or recent[0].mono_ms > begin_ms:
        return []
    if any(later.mono_ms - sooner.mono_ms > SILENT_MS for sooner, later in pairwise(recent)):
        return []
    bins: dict[int, list[int]] = {}
    for sample in recent[1:]:
        bins.setdefault((sample.mono_ms - begin_ms) // BIN_MS, []).append(sample.count)
    return [fmean(counts) for counts in bins.values()]


def is_stuck(samples: Sequence[RawSample], now_ms: int) -> bool:
    """Tell whether the converter gave the same count for all of the last two seconds: no live one can."""
    counts = {sample.count for sample in samples if sample.mono_ms > now_ms - REST_MS}
    return len(counts) == 1 and samples[0].mono_ms <= now_ms - REST_MS
