"""A small shop made of numbers: goods on plates come in, the readings an agent would send go out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from contract.codec import NumberedRecord, pack
from contract.ids import DeviceId, JournalId, PlateId, PositionId, ShelfId, Sku, StoreId, ZoneId
from contract.records import Quality, Record, TagKind, TagRecord, WeightRecord
from gateway.counting.count import Counted, count
from gateway.counting.state import CountingState
from gateway.model import CountingModel, ManualCount, PositionModel, Quantity, Readings, ShelfEvent

OPENED_AT = datetime(2026, 1, 1, 8, tzinfo=UTC)
JOURNAL = JournalId("0" * 32)


def place(
    position: str,
    *plates: str,
    weight_g: float | None = 100.0,
    spread_g: float = 1.0,
    capacity: int = 20,
    bay: str = "b1",
    shelf: str = "s1",
    zones: Iterable[str] = (),
    gtins: tuple[str, ...] = (),
) -> PositionModel:
    return PositionModel(
        position=PositionId(position),
        sku=Sku(position.upper()),
        bay=bay,
        shelf=ShelfId(shelf),
        plates=tuple(PlateId(plate) for plate in plates),
        zones=tuple(ZoneId(zone) for zone in zones),
        capacity=capacity,
        unit_weight_g=weight_g,
        unit_spread_g=spread_g,
        gtins=gtins,
    )


def counted_by_hand(position: str, units: int, *, count_id: int = 1, after_s: float = 0.0) -> ManualCount:
    holds_from = OPENED_AT + timedelta(seconds=after_s)
    return ManualCount(
        count_id=count_id,
        position=PositionId(position),
        sku=Sku(position.upper()),
        units=units,
        holds_from=holds_from,
    )


@dataclass(slots=True)
class Shop:
    """Plates with weights, an agent that numbers what it says of them, and the counting that hears it."""

    model: CountingModel
    weights_g: dict[str, float] = field(default_factory=dict)
    state: CountingState = field(default_factory=CountingState)
    seq: int = 0
    mono_ms: int = 0
    noise_g: float = 0.3
    events: list[ShelfEvent] = field(default_factory=list)
    quantities: dict[str, Quantity] = field(default_factory=dict)

    @staticmethod
    def of(*places: PositionModel, counts: tuple[ManualCount, ...] = ()) -> Shop:
        return Shop(CountingModel(version=1, positions=places, counts=counts))

    def open(self, **weights_g: float) -> Counted:
        """Fill the plates and say so by heartbeats."""
        self.weights_g.update(weights_g)
        return self.beat()

    def beat(self, after_s: float = 30.0, quality: Mapping[str, Quality] | None = None) -> Counted:
        return self.hear(self.heartbeats(after_s, quality))

    def change(self, after_s: float = 10.0, **changes_g: float) -> Counted:
        """Add grams to some plates in one episode."""
        return self.hear(self.steps(after_s, **changes_g))

    def heartbeats(self, after_s: float = 30.0, quality: Mapping[str, Quality] | None = None) -> list[WeightRecord]:
        self.mono_ms += round(after_s * 1000)
        return [
            WeightRecord(
                mono_ms=self.mono_ms,
                plate=plate,
                kind="heartbeat",
                weight_g=weight_g,
                noise_g=self.noise_g,
                quality=(quality or {}).get(plate, "ok"),
            )
            for plate, weight_g in self.weights_g.items()
        ]

    def steps(self, after_s: float = 10.0, **changes_g: float) -> list[WeightRecord]:
        self.mono_ms += round(after_s * 1000)
        before = dict(self.weights_g)
        for plate, change_g in changes_g.items():
            self.weights_g[plate] += change_g
        return [
            WeightRecord(
                mono_ms=self.mono_ms,
                plate=plate,
                kind="step",
                weight_g=weight_g,
                before_g=before[plate],
                noise_g=self.noise_g,
                remaining=remaining,
            )
            for remaining, (plate, weight_g) in zip(reversed(range(len(before))), self.weights_g.items(), strict=True)
        ]

    def tag(self, zone: str, epc: str, kind: TagKind, after_s: float = 1.0) -> Counted:
        self.mono_ms += round(after_s * 1000)
        return self.hear([TagRecord(mono_ms=self.mono_ms, zone=zone, epc=epc, kind=kind, rssi_dbm=-55.0, reads=4)])

    def readings(self, records: Iterable[Record]) -> Readings:
        first = self.seq + 1
        numbered: list[NumberedRecord] = list(enumerate(records, first))
        self.seq += len(numbered)
        return Readings(
            store=StoreId("shop"),
            device=DeviceId("bay-1"),
            journal=JOURNAL,
            boot="boot",
            first=first,
            last=self.seq,
            mono_zero_at=OPENED_AT,
            time_known=True,
            blocks=pack(numbered),
        )

    def hear(self, records: Iterable[Record]) -> Counted:
        counted = count(self.state, self.readings(records), self.model)
        self.state = counted.state
        self.events.extend(counted.events)
        self.quantities.update({quantity.position: quantity for quantity in counted.quantities})
        return counted

    def units(self, position: str) -> int:
        return self.quantities[position].best

    def what_happened(self) -> list[tuple[str, str, int]]:
        return [(event.position, event.kind, event.quantity) for event in self.events]
