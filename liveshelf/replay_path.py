"""Send recorded weights down the path of a reading, in process: weighing, wire, intake, counting.

The shop clock is that of the recording: the oldest sample is the boot of one device that has all plates, and every
message arrives at the moment it was sent. Nothing waits, so a recording goes through as fast as it can.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from contract.codec import NumberedRecord, encode, pack
from contract.errors import LiveShelfError
from contract.ids import DeviceId, JournalId, PlateId, ShelfId, StoreId
from contract.records import Batch, Birth, BirthPlate, WeightRecord
from contract.topics import Channel, Topic
from edge.weighing.shelf import ShelfWeigher
from gateway.counting.count import count
from gateway.counting.state import CountingState
from gateway.model import CountingModel, PositionModel, Readings, ShelfEvent
from gateway.receiving.intake import Intake
from gateway.receiving.messages import Outcome, RawMessage, Taken
from liveshelf.replay_input import Recording

STORE, DEVICE, BOOT = StoreId("replay"), DeviceId("replay"), "replay"
JOURNAL = JournalId("0" * 31 + "1")

TICK_MS = 1000
"""What came to be within a second of the recording travels together."""

BATCH_RECORDS = 200
"""So many weight records stay well below 64 KiB, at some 100 bytes each."""

HEARTBEAT_S = 30.0
"""As an agent does by default."""


class ReplayRefused(LiveShelfError):
    """The gateway's own intake did not take what the replay sent: a defect of LiveShelf, please report it."""


@dataclass(slots=True, kw_only=True)
class _Path:
    """One device and one gateway, joined by encoded messages."""

    started_at: datetime
    model: CountingModel
    intake: Intake = field(default_factory=lambda: Intake(STORE))
    state: CountingState = field(default_factory=CountingState)
    sent: int = 0

    def birth(self, plates: Sequence[PlateId], shelves: dict[PlateId, tuple[str, str]]) -> None:
        """Say what the device is, as an agent does when it connects."""
        known = [
            BirthPlate(
                plate=plate,
                bay=shelves[plate][0],
                shelf=shelves[plate][1],
                zero_count=0.0,
                counts_per_g=1.0,
                capacity_g=1.0,
                rate_sps=10.0,
            )
            for plate in plates
        ]
        birth = Birth(
            device=DEVICE,
            store=STORE,
            journal=JOURNAL,
            boot=BOOT,
            board_serial="",
            agent_version="",
            sent_mono_ms=0,
            plates=known,
            zones=[],
        )
        self._receive("birth", encode(birth), 0)

    def send(self, records: Sequence[WeightRecord], mono_ms: int) -> Iterator[ShelfEvent]:
        """Number, batch, encode, receive and count some records; yield what happened."""
        for start in range(0, len(records), BATCH_RECORDS):
            part = records[start : start + BATCH_RECORDS]
            numbered: list[NumberedRecord] = list(enumerate(part, self.sent + 1))
            batch = Batch(
                device=DEVICE,
                journal=JOURNAL,
                first=self.sent + 1,
                last=self.sent + len(part),
                sent_mono_ms=mono_ms,
                blocks=pack(numbered),
                boot=BOOT,
            )
            yield from self._count(self._taken(encode(batch), mono_ms))
            self.sent += len(part)

    def _taken(self, payload: bytes, mono_ms: int) -> Readings:
        outcome = self._receive("readings", payload, mono_ms)
        if not isinstance(outcome, Taken) or outcome.letter is not None:
            raise ReplayRefused
        return outcome.readings

    def _receive(self, channel: Channel, payload: bytes, mono_ms: int) -> Outcome:
        message = RawMessage(
            topic=str(Topic(STORE, DEVICE, channel)),
            payload=payload,
            received_at=self.started_at + timedelta(milliseconds=mono_ms),
        )
        return self.intake.take_in(message, lambda _device, _journal: self.sent)

    def _count(self, readings: Readings) -> Iterator[ShelfEvent]:
        counted = count(self.state, readings, self.model)
        self.state = counted.state
        yield from counted.events


def replay_recordings(positions: Sequence[PositionModel], recordings: Sequence[Recording]) -> Iterator[ShelfEvent]:
    """Yield the shelf events of the recordings, in order of time."""
    started_s = min(recording.times_s[0] for recording in recordings)
    shelves = _shelves(positions, recordings)
    weighers = _weighers(shelves)
    path = _Path(
        started_at=datetime.fromtimestamp(started_s, tz=UTC),
        model=CountingModel(version=1, positions=tuple(positions)),
    )
    path.birth(list(shelves), shelves)
    due_ms = TICK_MS
    for mono_ms, plate, weight_g in heapq.merge(*(_samples(recording, started_s) for recording in recordings)):
        while mono_ms >= due_ms:
            yield from path.send(_tick(weighers, due_ms), due_ms)
            due_ms = max(due_ms + TICK_MS, mono_ms - mono_ms % TICK_MS)
        weighers[shelves[plate]].add(plate, mono_ms, weight_g)
    yield from path.send(_tick(weighers, due_ms), due_ms)


def _shelves(positions: Sequence[PositionModel], recordings: Sequence[Recording]) -> dict[PlateId, tuple[str, str]]:
    """Return bay and shelf of every recorded plate. One that no position names has a shelf of its own."""
    named: dict[PlateId, tuple[str, str]] = {
        plate: (place.bay, place.shelf) for place in positions for plate in place.plates
    }
    return {recording.plate: named.get(recording.plate, ("unnamed", str(recording.plate))) for recording in recordings}


def _weighers(shelves: dict[PlateId, tuple[str, str]]) -> dict[tuple[str, str], ShelfWeigher]:
    plates: dict[tuple[str, str], list[PlateId]] = {}
    for plate, shelf in shelves.items():
        plates.setdefault(shelf, []).append(plate)
    return {
        shelf: ShelfWeigher(ShelfId(shelf[1]), members, heartbeat_s=HEARTBEAT_S) for shelf, members in plates.items()
    }


def _tick(weighers: dict[tuple[str, str], ShelfWeigher], mono_ms: int) -> list[WeightRecord]:
    return [record for weigher in weighers.values() for record in weigher.tick(mono_ms)]


def _samples(recording: Recording, started_s: float) -> Iterator[tuple[int, PlateId, float]]:
    for time_s, weight_g in zip(recording.times_s, recording.weights_g, strict=True):
        yield round((time_s - started_s) * 1000), recording.plate, weight_g
