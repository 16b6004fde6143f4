"""What a weight driver hands on: a conversion that is believed, or one that is not and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from msgspec import Struct

from contract.ids import PlateId

RejectReason = Literal[
    "settling",
    "unready",
    "long_pulse",
    "power_down",
    "not_released",
    "all_ones",
    "saturated",
    "lost_bits",
    "torn_bits",
    "bus_error",
]
"""Why a conversion is not believed; docs/reference/hardware.md says what a person does about each."""


class RawSample(Struct, frozen=True, gc=False):
    """One conversion: `count` is signed, 24 bits; `mono_ms` is the shop time at which it was read."""

    plate: PlateId
    mono_ms: int
    count: int


class Rejected(Struct, frozen=True, gc=False):
    """A conversion that says no weight, and why. `overload` tells that the converter has stayed at its rail."""

    plate: PlateId
    mono_ms: int
    reason: RejectReason
    overload: bool = False


class WeightDriver(Protocol):
    """Reads the converters of one or several plates that hang on the same wires."""

    @property
    def plates(self) -> Sequence[PlateId]:
        """The plates it reads."""
        ...

    def poll(self, mono_ms: int) -> Sequence[RawSample | Rejected]:
        """Return the conversions that wait, read at shop time `mono_ms`, at most a few a plate. Never waits, and
        raises nothing for wires that fail: that is counted.
        """
        ...

    def take_counts(self, plate: PlateId) -> tuple[int, dict[str, int]]:
        """Return the samples of a plate and its rejections by reason since the last call."""
        ...

    def close(self) -> None:
        """Stop whatever runs for it."""
        ...
