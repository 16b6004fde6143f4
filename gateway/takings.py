"""What became of a handful of messages: the parts of a load, and what to tell the devices once it is committed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from contract.ids import DeviceId, JournalId
from contract.records import Blocks, Gap
from gateway.counters import Counters
from gateway.loading.load import DeviceSeen, PlateWeight
from gateway.loading.watermarks import Watermarks
from gateway.model import Readings
from gateway.receiving.acks import AckBook
from gateway.receiving.letters import dead_letter, device_in
from gateway.receiving.messages import (
    BirthSeen,
    DeadLetter,
    Dropped,
    ForeignTaken,
    NowSeen,
    Outcome,
    RawMessage,
    Refused,
    ResendWanted,
    StateSeen,
    Taken,
)

Note = Callable[[AckBook, float], None]
"""Tells the book of acknowledgements something, at a wall time in seconds."""

logger = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Takings:
    """The outcomes of some messages, sorted by what the load needs; and how many brought nothing, and why."""

    readings: list[Readings] = field(default_factory=list)
    devices: list[DeviceSeen] = field(default_factory=list)
    passing: list[PlateWeight] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    duplicates: int = 0
    resends: int = 0
    clock_alarms: int = 0

    @property
    def in_order(self) -> list[Readings]:
        """The readings as they are counted and stored: journal by journal, so that a recount finds the same order."""
        return sorted(self.readings, key=lambda readings: (readings.device, readings.journal, readings.first))

    def add(self, outcome: Outcome, watermarks: Watermarks) -> None:
        """Sort one outcome in."""
        if isinstance(outcome, Taken):
            self._taken(outcome, watermarks)
        elif isinstance(outcome, Dropped):
            self.duplicates += 1
            self._committed(outcome.device, {outcome.journal: outcome.watermark}, records=0)
        elif isinstance(outcome, ResendWanted):
            self.resends += 1
            self._resend(outcome)
        elif isinstance(outcome, Refused):
            self._refused(outcome)
        elif isinstance(outcome, BirthSeen):
            self._born(outcome, watermarks)
        elif isinstance(outcome, StateSeen):
            state = outcome.state
            self.devices.append(DeviceSeen(device=DeviceId(state.device), online=state.online, journal=state.journal))
        elif isinstance(outcome, NowSeen):
            self._passing(outcome)
        elif isinstance(outcome, ForeignTaken):
            self._foreign(outcome, watermarks)

    def tell(self, book: AckBook, now_s: float) -> None:
        """Enter in the book what the devices may now be told."""
        for note in self.notes:
            note(book, now_s)

    def count(self, counters: Counters) -> None:
        """Add what brought nothing to the counters of the gateway."""
        counters.duplicates += self.duplicates
        counters.resends += self.resends
        counters.clock_alarms += self.clock_alarms

    def _taken(self, taken: Taken, watermarks: Watermarks) -> None:
        readings = taken.readings
        watermarks.take(readings)
        self.readings.append(readings)
        self._committed(readings.device, {readings.journal: readings.last}, records=readings.last - readings.first + 1)
        if taken.letter is not None:
            self.dead.append(taken.letter)
        if taken.alarm is not None:
            self.clock_alarms += 1
            logger.warning(
                "a synchronised device clock disagrees with ours",
                extra={"event": "clock_alarm", "device": taken.alarm.device, "apart_s": taken.alarm.difference_s},
            )

    def _born(self, born: BirthSeen, watermarks: Watermarks) -> None:
        birth, device = born.birth, DeviceId(born.birth.device)
        seen = DeviceSeen(device=device, online=True, journal=birth.journal, birth=born.payload.decode())
        self.devices.append(seen)
        journals = {JournalId(held.journal) for held in birth.journals_held} | {JournalId(birth.journal)}
        told: dict[str, int] = {journal: watermarks.of(device, journal) for journal in sorted(journals)}
        self._committed(device, told, records=0)

    def _foreign(self, taken: ForeignTaken, watermarks: Watermarks) -> None:
        """Take what a device with topics of its own told; it understands no acknowledgement, so none is noted."""
        if taken.readings is not None:
            watermarks.take(taken.readings)
            self.readings.append(taken.readings)
        if taken.letter is not None:
            self.dead.append(taken.letter)
        if taken.birth is not None or taken.online is not None:
            birth = None if taken.birth is None else taken.birth.decode()
            online = taken.online is not False
            self.devices.append(DeviceSeen(device=taken.device, online=online, journal=taken.journal, birth=birth))

    def _passing(self, seen: NowSeen) -> None:
        now = seen.now
        for plate, weight_g, as_of in zip(now.plate, now.weight_g, seen.as_of, strict=True):
            self.passing.append(
                PlateWeight(plate=plate, device=DeviceId(now.device), weight_g=weight_g, quality=None, as_of=as_of)
            )

    def _refused(self, refused: Refused) -> None:
        self.dead.append(refused.letter)
        device, refusal = refused.device, refused.refusal
        if device is not None and refusal is not None:
            self.notes.append(lambda book, _now_s: book.refuse(device, refusal))

    def _resend(self, wanted: ResendWanted) -> None:
        self.notes.append(lambda book, now_s: book.resend(wanted.device, wanted.journal, wanted.watermark, now_s))

    def _committed(self, device: DeviceId, watermarks: Mapping[str, int], *, records: int) -> None:
        self.notes.append(lambda book, _now_s: book.committed(device, watermarks, records=records))


def set_aside(outcome: Outcome, message: RawMessage, error: str) -> Outcome:
    """Return the outcome of a message the database refused: a letter, and a gap where records were (rule 7)."""
    if not isinstance(outcome, Taken):
        device = outcome.device if isinstance(outcome, ForeignTaken) else device_in(message.topic)
        return Refused(letter=dead_letter(message, device, "refused_by_database", error))
    readings = outcome.readings
    letter = dead_letter(
        message,
        readings.device,
        "refused_by_database",
        error,
        journal=readings.journal,
        first=readings.first,
        last=readings.last,
    )
    gap = Gap(readings.first, readings.last, "rejected")
    return Taken(readings=replace(readings, blocks=Blocks(), gaps=(gap,)), letter=letter)
