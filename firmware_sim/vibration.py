"""How a bay of shelves shakes: seeded tones between 8 and 10 Hz, partly common to all plates, partly a plate's own."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

BAND_HZ = (8.0, 10.0)
"""Footfall makes shelves swing at 8 to 10 Hz (recording cps-test-01, CPS-IoT Week 2020, its quiet stretches)."""

LEVEL_MEDIAN_G = 0.68
LEVEL_P90_G = 3.07
"""Standard deviation of a plate over 1 s at 60 Hz: median and 90th percentile of the 348 plates of that recording."""

COMMON_SHARE = 0.4
"""Part of the variance that plates of one shelf have in common: mean correlation of the six plates of gondola 2,
shelf 5 in that recording."""

NORMAL_P90 = 1.2816
"""90th percentile of the standard normal distribution."""


@dataclass(frozen=True, slots=True)
class Tone:
    """One swing: `amplitude_g * sin(radians_per_ms * t + phase)`."""

    amplitude_g: float
    radians_per_ms: float
    phase: float


class Vibration:
    """The shaking of one bay, whose plates hang on the same uprights; the same for the same seed and bay.

    `scale` multiplies it: 0 is a shelf on bedrock. The level of a bay is log-normal with the recorded median and
    90th percentile, and ends at the latter, unless it is given as `level_g`, grams rms a plate.
    """

    def __init__(self, seed: int, bay: str, *, scale: float = 1.0, level_g: float | None = None) -> None:
        if scale < 0.0:
            raise ValueError(f"vibration: found {scale}, expected 0 or more")
        rng = random.Random(f"{seed}/{bay}/vibration")
        spread = math.log(LEVEL_P90_G / LEVEL_MEDIAN_G) / NORMAL_P90
        usual_g = min(LEVEL_MEDIAN_G * math.exp(rng.gauss(0.0, spread)), LEVEL_P90_G)
        self.level_g = (usual_g if level_g is None else level_g) * scale
        self._seed = seed
        # Two tones beat: the bay shakes in bouts, as when somebody walks past.
        each_g = self.level_g * math.sqrt(COMMON_SHARE)
        self._common = (_tone(rng, each_g), _tone(rng, each_g))

    def tones(self, plate: str, *, averaged_ms: float) -> tuple[Tone, ...]:
        """Return what shakes a plate, as seen through a converter that averages over `averaged_ms`.

        An average over T passes sin(pi f T) / (pi f T) of a swing of f. The data sheet of the HX711 does not publish
        its filter; one average over a conversion is the least it can be.
        """
        rng = random.Random(f"{self._seed}/{plate}/vibration")
        own = _tone(rng, self.level_g * math.sqrt(2.0 * (1.0 - COMMON_SHARE)))
        return tuple(_averaged(tone, averaged_ms) for tone in (*self._common, own))


def _tone(rng: random.Random, amplitude_g: float) -> Tone:
    return Tone(amplitude_g, rng.uniform(*BAND_HZ) * math.tau / 1000.0, rng.uniform(0.0, math.tau))


def _averaged(tone: Tone, averaged_ms: float) -> Tone:
    half_turn = tone.radians_per_ms * averaged_ms / 2.0
    passed = math.sin(half_turn) / half_turn if half_turn else 1.0
    return Tone(tone.amplitude_g * passed, tone.radians_per_ms, tone.phase)
