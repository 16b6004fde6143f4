"""A fault somebody asked for: how the world tells it to the wires."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from firmware_sim.faults.schedule import Episode
from firmware_sim.faults.table import FAULT_OF, SIMULATED_PLACES, FaultKind


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandedFault:
    """One fault that acts from when it is told until it is no longer, `for_s` shop seconds at most. `subject` is the
    plate or zone that was named; a fault of bays strikes the bay of that plate, one of devices the reader of that zone.
    """

    number: int
    kind: FaultKind
    subject: str
    for_s: float
    size: float

    def plain(self) -> dict[str, Any]:
        """Return it as it goes over the world's socket."""
        return asdict(self)

    def begun(self, at_ms: float) -> Episode:
        """Return the episode it is when it begins then."""
        return Episode(self.kind, self.subject, at_ms, at_ms + self.for_s * 1000.0, self.size, self.number)


COMMANDABLE: tuple[FaultKind, ...] = tuple(
    kind for kind, fault in FAULT_OF.items() if fault.acts_on in SIMULATED_PLACES
)
"""The kinds a simulated bay can act out."""


def read_commanded(found: object) -> CommandedFault:
    """Return the fault a line of the socket tells. Raises ValueError naming the key, what was found and expected."""
    if not isinstance(found, Mapping):
        raise ValueError(f"found {found!r}, expected an object")  # noqa: TRY004 - one error for all that is wrong
    if found.get("kind") not in COMMANDABLE:
        raise ValueError(f"kind: found {found.get('kind')!r}, expected one of {', '.join(COMMANDABLE)}")
    return CommandedFault(
        number=int(_number(found, "number")),
        kind=found["kind"],
        subject=str(found.get("subject", "")),
        for_s=_number(found, "for_s"),
        size=_number(found, "size"),
    )


def _number(found: Mapping[Any, object], name: str) -> float:
    value = found.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= 1e9:
        raise ValueError(f"{name}: found {value!r}, expected a number")
    return float(value)
