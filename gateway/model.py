"""The values that travel through the gateway: readings come in, quantities and shelf events go out.

They stand beside the steps (receiving, counting, loading), because steps do not call one another: the story in
`loader.py` hands these values on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from contract.ids import DeviceId, JournalId, PlateId, PositionId, RecordId, ShelfId, Sku, StoreId, ZoneId
from contract.records import Blocks, Gap

EventKind = Literal["pick", "put_back", "refill", "misplace", "swap", "sweep"]

PMF_LENGTH_MAX = 64
"""A quantity names at most so many consecutive counts (design section 3)."""

PMF_CUT = 1e-4
"""Probability below which the ends of a quantity are cut (design section 3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What is new in one batch: numbers `first` to `last` of a journal, in columns, with the time base they hang on.

    `blocks` and `gaps` hold nothing below `first`. `mono_zero_at` is the shop time at which the device's `mono_ms`
    was 0, frozen when the batch was received.
    """

    store: StoreId
    device: DeviceId
    journal: JournalId
    boot: str
    first: int
    last: int
    mono_zero_at: datetime
    time_known: bool
    blocks: Blocks
    gaps: tuple[Gap, ...] = ()

    def time_of(self, mono_ms: int) -> datetime:
        """Return the event time of a record."""
        return self.mono_zero_at + timedelta(milliseconds=mono_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionModel:
    """What counting must know of one position: which sensors see it and what one unit weighs."""

    position: PositionId
    sku: Sku
    bay: str
    shelf: ShelfId
    plates: tuple[PlateId, ...]
    zones: tuple[ZoneId, ...]
    capacity: int
    unit_weight_g: float | None
    unit_spread_g: float
    gtins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualCount:
    """A person counted a position: `units` held from `holds_from` on."""

    count_id: int
    position: PositionId
    sku: Sku
    units: int
    holds_from: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingModel:
    """All that counting is told from outside, at one evidence version."""

    version: int
    positions: tuple[PositionModel, ...]
    counts: tuple[ManualCount, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """Units believed to be at a position: `pmf[i]` is the probability of `low + i` units; it sums to 1."""

    position: PositionId
    sku: Sku
    low: int
    pmf: tuple[float, ...]
    frozen: bool
    basis: tuple[str, ...]
    as_of: datetime

    @property
    def best(self) -> int:
        """The most probable number of units."""
        return self.low + max(range(len(self.pmf)), key=self.pmf.__getitem__)

    @property
    def probability(self) -> float:
        """The probability of the best number."""
        return max(self.pmf)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfEvent:
    """Something happened at a position: `quantity` is positive, the kind says which way.

    `cause` is the record that closed the episode; `event_id` is a hash of it and the event's number within it, so
    that counting the same record again gives the same event. `mono_ms` is the device clock when rest was declared.
    """

    event_id: str
    time: datetime
    position: PositionId
    sku: Sku
    kind: EventKind
    quantity: int
    probability: float
    weight_g: float
    cause: RecordId
    mono_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLetter:
    """A row of `dead_letter` as far as it is needed to read it again. `payload` may be cut, `payload_bytes` tells."""

    number: int
    topic: str
    reason: str
    detail: str
    payload: bytes
    payload_bytes: int
    first_at: datetime
    replayed_at: datetime | None
    replayed_records: int
