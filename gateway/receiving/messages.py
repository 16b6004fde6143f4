"""What receiving hands on: one value for each thing that can become of a message from the wire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from contract.ids import DeviceId, JournalId
from contract.records import Birth, CommandResult, Now, Record, Refusal, State
from gateway.model import Readings


@dataclass(frozen=True, slots=True, kw_only=True)
class RawMessage:
    """A message as the broker delivered it; `received_at` is the shop time at which it came off the wire.

    `retained`: the broker had kept it since nobody knows when.
    """

    topic: str
    payload: bytes
    received_at: datetime
    retained: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignMessage(RawMessage):
    """What one device told by a message of a topic that is not ours, before its records have numbers.

    `zero_at` is the shop time the records' `mono_ms` count from. `birth` is the JSON that says what the device is, when
    that is new; `online` None: nothing new of that. `wrong` says why the payload, or a part of it, is of no use.
    """

    device: DeviceId
    journal: JournalId
    zero_at: datetime
    records: tuple[Record, ...] = ()
    birth: bytes | None = None
    online: bool | None = None
    wrong: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A payload that cannot be used, kept with its reason; the columns of the table `dead_letter`.

    `payload` is cut at 64 KiB, `payload_bytes` is its true size and `payload_hash` the SHA-256 of all of it.
    """

    topic: str
    device: str
    journal: str | None
    first: int | None
    last: int | None
    reason: str
    detail: str
    payload: bytes
    payload_bytes: int
    payload_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockAlarm:
    """A device says its wall clock is synchronised, yet it disagrees with ours by more than 2 s (design, Time)."""

    device: DeviceId
    difference_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Rule 3: something new, in order. Load it and move the watermark from `readings.first - 1` to `readings.last`.

    With `letter` the body was bad (rule 7): `readings` holds nothing but the gap `rejected` over the whole range.
    """

    readings: Readings
    letter: DeadLetter | None = None
    alarm: ClockAlarm | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """Rule 3: all of it is committed already; the device has to be told so again."""

    device: DeviceId
    journal: JournalId
    watermark: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendWanted:
    """Rule 3: numbers are missing before this batch; it is dropped and asked for again from the watermark on."""

    device: DeviceId
    journal: JournalId
    watermark: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Rule 7: not usable, the watermark stays. Keep the letter; tell the device when there is a refusal to tell."""

    letter: DeadLetter
    device: DeviceId | None = None
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BirthSeen:
    """A device says what it is; its journals need an acknowledgement each."""

    birth: Birth
    payload: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSeen:
    """A device went online or offline."""

    state: State
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NowSeen:
    """Newest weights that overtook a backlog (rule 9): `as_of` has one time for each plate of `now`."""

    now: Now
    as_of: tuple[datetime, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultSeen:
    """A device answered a command."""

    device: DeviceId
    result: CommandResult


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignTaken:
    """A device with topics of its own told something: to be loaded, and acknowledged to nobody."""

    device: DeviceId
    journal: JournalId
    readings: Readings | None
    birth: bytes | None
    online: bool | None
    letter: DeadLetter | None


@dataclass(frozen=True, slots=True)
class Passed:
    """Nothing for the gateway: what it sent itself, or a retained message someone cleared."""


Outcome = (
    Taken | Dropped | ResendWanted | Refused | BirthSeen | StateSeen | NowSeen | ResultSeen | ForeignTaken | Passed
)
