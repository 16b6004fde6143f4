"""What one load brings to the database: the value the story makes and the writer writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from contract.ids import DeviceId, JournalId, PositionId, StoreId
from gateway.loading.lease import Lease
from gateway.model import Quantity, Readings, ShelfEvent

DEAD_LETTER_BYTES_MAX = 65_536
"""A dead letter keeps at most so much of its payload."""

Journal = tuple[DeviceId, JournalId]
"""A journal is named by its device and its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A watermark goes from `base` to `last`; `base` 0 is a journal seen for the first time."""

    device: DeviceId
    journal: JournalId
    base: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSeen:
    """A device said what it is, or whether it is there: `birth` is the JSON it sent, None for a mere state."""

    device: DeviceId
    online: bool
    journal: str
    birth: str | None = None


class PlateWeight(Struct, frozen=True, kw_only=True, gc=False):
    """The newest weight of one plate; `quality` None leaves the verdict as it is."""

    plate: str
    device: DeviceId
    weight_g: float
    quality: str | None
    as_of: datetime


class DeadLetter(Protocol):
    """A payload nobody could use, with its reason (rule 7); what receiving hands on is one.

    `payload` is cut, `payload_bytes` is its true size and `payload_hash` the SHA-256 of all of it.
    """

    @property
    def topic(self) -> str:
        """The topic it came on."""
        ...

    @property
    def device(self) -> str:
        """The device of the topic, as far as it can be told."""
        ...

    @property
    def journal(self) -> str | None:
        """The journal it names."""
        ...

    @property
    def first(self) -> int | None:
        """The first number it names."""
        ...

    @property
    def last(self) -> int | None:
        """The last number it names."""
        ...

    @property
    def reason(self) -> str:
        """Why it was not usable, in one word."""
        ...

    @property
    def detail(self) -> str:
        """Which field, what was found, what was expected."""
        ...

    @property
    def payload(self) -> bytes:
        """The payload, or its beginning."""
        ...

    @property
    def payload_bytes(self) -> int:
        """The size of the whole payload."""
        ...

    @property
    def payload_hash(self) -> str:
        """The hash of the whole payload."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Everything that becomes rows in one transaction.

    `readings` stand in the order they were counted in. `quantities` are those whose distribution changed, in order of
    time; `confirmed` says until when others were seen to hold. `loaded_at` is shop time, `wall_at` the wall time the
    lease is judged by.
    """

    store: StoreId
    lease: Lease
    loaded_at: datetime
    wall_at: datetime
    readings: Sequence[Readings] = ()
    quantities: Sequence[Quantity] = ()
    confirmed: Mapping[PositionId, datetime] = field(default_factory=dict)
    events: Sequence[ShelfEvent] = ()
    plates: Sequence[PlateWeight] = ()
    devices: Sequence[DeviceSeen] = ()
    dead: Sequence[DeadLetter] = ()

    @property
    def is_something(self) -> bool:
        """Tell whether there is anything to write."""
        lists = (self.readings, self.quantities, self.events, self.plates, self.devices, self.dead)
        return bool(self.confirmed) or any(len(rows) for rows in lists)

    @property
    def moves(self) -> list[Move]:
        """The watermark of every journal of the load, from before its first batch to after its last, in key order.

        Key order, so that two gateways that write the same journals wait for each other instead of deadlocking.
        """
        span: dict[Journal, tuple[int, int]] = {}
        for taken in self.readings:
            journal = (taken.device, taken.journal)
            base = span[journal][0] if journal in span else taken.first - 1
            span[journal] = (base, taken.last)
        return [
            Move(device=device, journal=journal, base=base, last=last)
            for (device, journal), (base, last) in sorted(span.items())
        ]
