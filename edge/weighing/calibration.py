"""Turn counts of a converter into grams: a straight line through zero and gain, with a version."""

from __future__ import annotations

import math
from dataclasses import dataclass

from contract.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What an installer found: the count of the empty plate, and how many counts one gram adds.

    `counts_per_g` may be negative (a cell wired the other way round) but not zero. `version` counts up with every
    new calibration, so that a weight can be traced to the line it was made with.
    """

    zero_count: float
    counts_per_g: float
    version: int = 1

    def __post_init__(self) -> None:
        if not math.isfinite(self.zero_count):
            raise ConfigurationError(f"zero_count: found {self.zero_count}, expected a finite number")
        if not math.isfinite(self.counts_per_g) or self.counts_per_g == 0.0:
            raise ConfigurationError(f"counts_per_g: found {self.counts_per_g}, expected a number other than 0")

    def grams(self, count: float) -> float:
        """Return the weight in grams a count stands for."""
        return (count - self.zero_count) / self.counts_per_g
