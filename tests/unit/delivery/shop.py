"""One device, two gateways and a database around a misbehaving broker: our pure parts, and a model of the rest.

The database checks what may never happen, at the moment it would: a number loaded twice, out of order or changed.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from contract.clock import ManualClock
from contract.codec import encode, payload_hash, unpack
from contract.ids import DeviceId, JournalId, StoreId
from contract.records import Birth, HealthRecord, Record, Refusal
from edge.publishing.batch import Reserve
from edge.publishing.publisher import Publisher
from edge.publishing.window import WindowRule
from gateway.model import Readings
from gateway.receiving.acks import AckBook
from gateway.receiving.intake import Intake
from gateway.receiving.messages import BirthSeen, Dropped, RawMessage, Refused, ResendWanted, Taken
from tests.unit.delivery.broker import DEVICE, STORE, Broker

POISON = "poison"
RULE = WindowRule(records_max=16, bytes_max=65_536, batch_records_max=6)


class FencedOut(Exception):
    """Another gateway moved the watermark first."""


@dataclass
class Database:
    """Rows, gaps and watermarks; `restored` goes back to an older copy under a new epoch."""

    epoch: int = 1
    watermarks: dict[str, int] = field(default_factory=dict)
    rows: dict[tuple[str, int], Record] = field(default_factory=dict)
    gaps: dict[tuple[str, int], str] = field(default_factory=dict)

    def load(self, readings: list[Readings]) -> None:
        """One transaction: all or nothing, fenced by the watermark (rule 4)."""
        after = copy.copy(self.watermarks)
        for part in readings:
            if after.get(part.journal, 0) != part.first - 1:
                raise FencedOut
            after[part.journal] = part.last
        for part in readings:
            self._write(part)
        self.watermarks = after

    def _write(self, part: Readings) -> None:
        numbers = unpack(part.blocks)
        covered = [seq for seq, _ in numbers]
        for seq, record in numbers:
            assert (part.journal, seq) not in self.rows, "loaded twice"
            self.rows[part.journal, seq] = record
        for gap in part.gaps:
            for seq in range(gap.first, gap.last + 1):
                covered.append(seq)
                self.gaps[part.journal, seq] = gap.reason
        assert sorted(covered) == list(range(part.first, part.last + 1)), "a hole or a number twice"

    def restored(self, older: Database) -> Database:
        return Database(
            epoch=self.epoch + 1,
            watermarks=dict(older.watermarks),
            rows=dict(older.rows),
            gaps=dict(older.gaps),
        )


@dataclass
class Gateway:
    """The story of a gateway in miniature: take, load in one transaction, tell."""

    name: str
    run: str
    broker: Broker
    database: Callable[[], Database]
    clock: ManualClock

    def __post_init__(self) -> None:
        self.intake = Intake(StoreId(STORE))
        self.acks = AckBook(database_epoch=str(self.database().epoch), gateway_run=self.run)
        self.view: dict[str, int] = {}
        self.broker.listen(self.name)

    def step(self, count: int, now_s: float, *, dies: str = "") -> bool:
        """Take so many messages in one load; `dies` names the moment it is killed. Return whether it lives."""
        line = self.broker.lines[self.name]
        messages, line[:] = line[:count], line[count:]
        taken: list[Readings] = []
        for topic, payload in messages:
            self._take(RawMessage(topic=topic, payload=payload, received_at=self.clock.now()), taken, now_s)
        if dies == "before commit":
            return False
        try:
            self.database().load(taken)
        except FencedOut:
            self.view.clear()
            return True
        if dies == "after commit":
            return False
        for part in taken:
            self.acks.committed(part.device, {part.journal: part.last}, records=part.last - part.first + 1)
        self.tell(now_s)
        return True

    def tell(self, now_s: float) -> None:
        for _, ack in self.acks.due(now_s):
            self.broker.from_gateway(encode(ack))

    def _take(self, message: RawMessage, taken: list[Readings], now_s: float) -> None:
        outcome = self.intake.take_in(_misread(message), self._watermark)
        match outcome:
            case Taken(readings=readings):
                taken.append(readings)
                self.view[readings.journal] = readings.last
            case Dropped(device=device, journal=journal):
                self.acks.committed(device, {journal: self.database().watermarks.get(journal, 0)})
            case ResendWanted(device=device, journal=journal):
                if not any(part.journal == journal for part in taken):
                    self.view.pop(journal, None)  # the other gateway may have moved on
                self.acks.resend(device, journal, self.database().watermarks.get(journal, 0), now_s)
            case Refused(device=device, refusal=refusal) if device and refusal:
                # It is the reading that fails: what is refused are the bytes that came.
                self.acks.refuse(device, Refusal(payload_hash(message.payload), refusal.reason))
            case BirthSeen(birth=birth):
                watermarks = self.database().watermarks
                held = {entry.journal: watermarks.get(entry.journal, 0) for entry in birth.journals_held}
                self.acks.committed(DeviceId(birth.device), held)
            case _:
                pass

    def _watermark(self, _device: DeviceId, journal: JournalId) -> int:
        return self.view.setdefault(journal, self.database().watermarks.get(journal, 0))


def _misread(message: RawMessage) -> RawMessage:
    """Let no gateway read a batch with a poisonous record: a field of the envelope comes out wrong."""
    if POISON.encode() not in message.payload:
        return message
    return replace(message, payload=message.payload.replace(b'"sent_mono_ms":', b'"sent_mono_ms":-1'))


def record_of(number: int, *, poison: bool = False) -> Record:
    """A record that says which one it is, so that a mix-up shows."""
    return HealthRecord(mono_ms=number, subject="agent", verdict=POISON if poison else "ok", samples=number)


def birth_of(journal: str) -> Birth:
    return Birth(
        device=DEVICE,
        store=STORE,
        journal=journal,
        boot="boot",
        board_serial="serial",
        agent_version="1",
        sent_mono_ms=0,
        plates=[],
        zones=[],
    )


def publisher_of(
    reserve: Reserve, journal: str, broker: Broker, clock: ManualClock, wall_s: Callable[[], float]
) -> Publisher:
    return Publisher(
        broker="mqtt://broker",
        birth=birth_of(journal),
        outbox=reserve,
        clock=clock,
        rule=RULE,
        dial=broker.dial,
        wall_s=wall_s,
        ask=lambda _payload, _answer: None,
    )
