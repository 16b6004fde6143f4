"""What operations may ask of a bay; `edge.agent.Bay` is it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from contract.ids import PlateId
from contract.records import Quality
from edge.sampling.listening import Heard
from edge.weighing.calibration import Calibration


class BayView(Protocol):
    """One bay as the sampling thread sees it. Everything here is for that thread alone."""

    @property
    def plates(self) -> Sequence[PlateId]:
        """The plates of the bay, in the order of the file."""
        ...

    def mono_ms(self) -> int:
        """Return shop milliseconds."""
        ...

    def listening(self, plates: Iterable[PlateId]) -> AbstractContextManager[Heard]:
        """Give what the converters of these plates find while the context lasts."""
        ...

    def calibration(self, plate: PlateId) -> Calibration:
        """Return the line the plate weighs by now."""
        ...

    def neighbours(self, plate: PlateId) -> Sequence[PlateId]:
        """Return the plates of the shelf the plate is on, itself among them."""
        ...

    def noise_g(self, plate: PlateId) -> float:
        """Return the quiet spread of the plate in grams of its line, 0.0 until it was learned."""
        ...

    def hold(self, plate: PlateId, until_ms: int) -> None:
        """Believe no weight of the plate until then, or until `release` or `recalibrate`: masses are laid on it."""
        ...

    def release(self, plate: PlateId) -> None:
        """Believe the plate again, once it was learned anew."""
        ...

    def recalibrate(self, plate: PlateId, line: Calibration) -> None:
        """Weigh the plate by another line from now on."""
        ...

    def quality(self, plate: PlateId) -> Quality:
        """Return what is to be thought of the plate's weight now."""
        ...

    def resting(self, plate: PlateId) -> bool:
        """Tell whether the shelf of the plate is at rest."""
        ...
