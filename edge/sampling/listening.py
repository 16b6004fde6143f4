"""Let somebody hear what the converters of some plates give, beside the weighing: samples and rejections come in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from contract.ids import PlateId
from edge.sampling.samples import RawSample, Rejected

SAMPLES_MAX = 20_000
"""A minute at the fastest rate of a converter, 320 samples a second; what comes later is not kept."""


class Heard:
    """What came of some plates since somebody began to listen, by plate: samples in order, rejections by reason."""

    def __init__(self, plates: Iterable[PlateId]) -> None:
        self.samples: dict[PlateId, list[RawSample]] = {plate: [] for plate in plates}
        self.rejected: dict[PlateId, Counter[str]] = {plate: Counter() for plate in self.samples}
        self.overloaded: set[PlateId] = set()

    def take(self, found: RawSample | Rejected) -> None:
        """Take in what a driver found; other plates are passed."""
        samples = self.samples.get(found.plate)
        if samples is None:
            return
        if isinstance(found, Rejected):
            self.rejected[found.plate][found.reason] += 1
            if found.overload:
                self.overloaded.add(found.plate)
        elif len(samples) < SAMPLES_MAX:
            samples.append(found)

    def forget(self) -> None:
        """Begin anew with what comes from now on."""
        for plate, samples in self.samples.items():
            samples.clear()
            self.rejected[plate].clear()
        self.overloaded.clear()
