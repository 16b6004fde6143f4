"""What operations may ask of a bay; `edge.agent.Bay` is it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from contract.ids import PlateId, ZoneId
from contract.records import HealthRecord, Quality
from edge.sampling.listening import Heard
from edge.weighing.calibration import Calibration
from edge.weighing.waveform import Wave


class BayView(Protocol):
    """One bay as the sampling thread sees it. Everything here is for that thread alone."""

    @property
    def plates(self) -> Sequence[PlateId]:
        """The plates of the bay, in the order of the file."""
        ...

    @property
    def zones(self) -> Sequence[ZoneId]:
        """The zones of the bay, in the order of the file."""
        ...

    @property
    def away(self) -> Collection[ZoneId]:
        """The zones whose reader or antenna does not answer."""
        ...

    @property
    def health(self) -> Sequence[HealthRecord]:
        """The newest health record of every part that was told."""
        ...

    def agent_health(self) -> HealthRecord:
        """Return how the device itself is at this moment."""
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

    def wave(self, plate: PlateId) -> Wave:
        """Return what the plate weighed in the last seconds, and around its last step."""
        ...
