"""How a device is asked while a place is fitted, and what it is told of (the seam to `cloud.devices`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from contract.records import CommandResult

WEIGH_S = 6.0
MEASURE_S = 25.0
"""Wall seconds an answer may take. A measurement lasts two seconds from when the plate lies still; whoever goes on
moving it for longer is told so, and it is asked again."""


class Ask(Protocol):
    """Asks one device of the store for something."""

    async def __call__(self, device: str, op: str, args: Mapping[str, Any], *, timeout_s: float) -> CommandResult:
        """Return its answer, a refusal included. Raises DeviceSilent or LinkAway."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A plate that a device of the store has: where the device says it is, and the position it is under, if any."""

    device: str
    plate: str
    bay: str
    shelf: str
    capacity_g: float
    rate_sps: float
    online: bool
    position: str | None = None
    calibrated: bool = False

    @property
    def name(self) -> str:
        """The plate by its device: two new devices may call theirs alike."""
        return f"{self.device}/{self.plate}"
