"""Take messages in: topic, payload and watermark in, one outcome out (pure; rules 3 and 7 of the wire).

Who a message is from says its topic, which the broker authorised. `Intake` remembers only the clocks of devices.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Literal

from contract.codec import Envelope, decode, decode_body, decode_envelope
from contract.errors import BadBody, PayloadError, UnknownVersion
from contract.ids import DeviceId, JournalId, StoreId
from contract.records import (
    PAYLOAD_BYTES_MAX,
    WIRE_VERSION,
    Birth,
    Blocks,
    CommandResult,
    Gap,
    Now,
    Refusal,
    State,
)
from contract.topics import Topic, parse_topic
from gateway.model import Readings
from gateway.receiving.device_clock import DeviceClock
from gateway.receiving.fit import MONO_MS_MAX, check_fits, has_nul
from gateway.receiving.foreign import take_foreign
from gateway.receiving.letters import dead_letter, device_in, named_in
from gateway.receiving.messages import (
    BirthSeen,
    ClockAlarm,
    Dropped,
    ForeignMessage,
    NowSeen,
    Outcome,
    Passed,
    RawMessage,
    Refused,
    ResendWanted,
    ResultSeen,
    StateSeen,
    Taken,
)
from gateway.receiving.time import TimeBase

RefusalReason = Literal["unknown_version", "unreadable"]
WatermarkOf = Callable[[DeviceId, JournalId], int]
"""Returns the last committed number of a journal, 0 when nothing of it is; in an open load, what it took counts."""


class Intake:
    """Decides what becomes of each message of one store. `rate` is the shop clock's."""

    def __init__(self, store: StoreId, *, rate: float = 1.0) -> None:
        self._store = store
        self._rate = rate
        self._clocks: dict[DeviceId, DeviceClock] = {}

    def take_in(self, message: RawMessage, watermark_of: WatermarkOf) -> Outcome:
        """Return what becomes of a message. Never raises for anything a device may send."""
        if isinstance(message, ForeignMessage):
            return take_foreign(message, self._store, watermark_of(message.device, message.journal))
        try:
            topic = parse_topic(message.topic)
        except PayloadError as error:
            return Refused(letter=dead_letter(message, device_in(message.topic), "wrong_topic", str(error)))
        if topic.store != self._store:
            detail = f"store: found {topic.store!r}, expected {self._store!r}"
            return Refused(letter=dead_letter(message, topic.device, "wrong_topic", detail))
        if topic.channel in {"ack", "cmd"} or not message.payload:
            return Passed()  # an empty message clears a retained one, or asks the broker whether readings may be sent
        if topic.channel == "readings":
            return self._readings(message, topic, watermark_of)
        return self._statement(message, topic)

    def _readings(self, message: RawMessage, topic: Topic, watermark_of: WatermarkOf) -> Outcome:
        try:
            envelope = decode_envelope(message.payload)
        except UnknownVersion as error:
            return _refuse(message, topic, "unknown_version", str(error))
        except PayloadError as error:
            return _refuse(message, topic, "unreadable", str(error))
        if envelope.device != topic.device:
            return _foreign(message, topic, envelope.device)
        journal = JournalId(envelope.journal)
        watermark = watermark_of(topic.device, journal)
        if envelope.last <= watermark:
            return Dropped(device=topic.device, journal=journal, watermark=watermark)
        if envelope.first > watermark + 1:
            return ResendWanted(device=topic.device, journal=journal, watermark=watermark)
        return self._take(message, topic, envelope, watermark)

    def _take(self, message: RawMessage, topic: Topic, envelope: Envelope, watermark: int) -> Taken:
        first, letter = watermark + 1, None
        try:
            batch = decode_body(envelope)
            check_fits(batch)
            blocks, gaps = _above(batch.blocks, watermark), tuple(_clip(batch.gaps, first))
        except BadBody as error:
            letter = dead_letter(
                message,
                topic.device,
                "bad_body",
                str(error),
                journal=envelope.journal,
                first=envelope.first,
                last=envelope.last,
            )
            blocks, gaps = Blocks(), (Gap(first, envelope.last, "rejected"),)
        base = self._date(message, topic, envelope, blocks)
        readings = Readings(
            store=topic.store,
            device=topic.device,
            journal=JournalId(envelope.journal),
            boot=envelope.boot,
            first=first,
            last=envelope.last,
            mono_zero_at=base.zero_at,
            time_known=base.known,
            blocks=blocks,
            gaps=gaps,
        )
        alarm = None
        if base.difference_s is not None:
            alarm = ClockAlarm(device=topic.device, difference_s=base.difference_s)
        return Taken(readings=readings, letter=letter, alarm=alarm)

    def _date(self, message: RawMessage, topic: Topic, envelope: Envelope, blocks: Blocks) -> TimeBase:
        return self._clock_of(topic.device).date(
            boot=envelope.boot,
            received_at=message.received_at,
            sent_mono_ms=min(envelope.sent_mono_ms, MONO_MS_MAX),
            blocks=blocks,
            rate=self._rate,
        )

    def _statement(self, message: RawMessage, topic: Topic) -> Outcome:
        try:
            if topic.channel == "cmd/result":
                return ResultSeen(device=topic.device, result=decode(message.payload, CommandResult))
            kind: Any = {"birth": Birth, "state": State, "now": Now}[topic.channel]
            said: Birth | State | Now = decode(message.payload, kind)
        except UnknownVersion as error:
            return Refused(letter=dead_letter(message, topic.device, "unknown_version", str(error)))
        except PayloadError as error:
            return Refused(letter=dead_letter(message, topic.device, "unreadable", str(error)))
        if said.device != topic.device:
            return _foreign(message, topic, said.device)
        if has_nul(message.payload):
            return Refused(letter=dead_letter(message, topic.device, "unreadable", "text: found a NUL character"))
        return self._said(message, topic, said)

    def _said(self, message: RawMessage, topic: Topic, said: Birth | State | Now) -> Outcome:
        if isinstance(said, Birth):
            self._clock_of(topic.device).born(said.boot)
            return BirthSeen(birth=said, payload=message.payload, received_at=message.received_at)
        if isinstance(said, State):
            return StateSeen(state=said, received_at=message.received_at)
        if len({len(said.mono_ms), len(said.plate), len(said.weight_g)}) > 1:
            detail = "now: found columns of different lengths, expected one length"
            return Refused(letter=dead_letter(message, topic.device, "bad_body", detail))
        if max(said.mono_ms, default=0) > MONO_MS_MAX or said.sent_mono_ms > MONO_MS_MAX:
            detail = f"mono_ms: found a time beyond {MONO_MS_MAX}, expected milliseconds since boot"
            return Refused(letter=dead_letter(message, topic.device, "bad_body", detail))
        zero_at = message.received_at - timedelta(milliseconds=said.sent_mono_ms)
        return NowSeen(now=said, as_of=tuple(zero_at + timedelta(milliseconds=ms) for ms in said.mono_ms))

    def _clock_of(self, device: DeviceId) -> DeviceClock:
        return self._clocks.setdefault(device, DeviceClock())


def _above(blocks: Blocks, watermark: int) -> Blocks:
    """Return the columns without the numbers up to the watermark."""
    return Blocks(**{name: _trimmed(getattr(blocks, name), watermark) for name in blocks.__struct_fields__})


def _trimmed(block: Any, watermark: int) -> Any:  # noqa: ANN401 - the four kinds of block share no type
    if block is None or (block.seq and block.seq[0] > watermark):
        return block
    start = sum(seq <= watermark for seq in block.seq)
    if start == len(block.seq):
        return None
    return type(block)(**{name: getattr(block, name)[start:] for name in block.__struct_fields__})


def _clip(gaps: list[Gap], first: int) -> list[Gap]:
    return [Gap(max(gap.first, first), gap.last, gap.reason) for gap in gaps if gap.last >= first]


def _refuse(message: RawMessage, topic: Topic, reason: RefusalReason, detail: str) -> Refused:
    journal, first, last = named_in(message.payload)
    kept = "oversized" if len(message.payload) > PAYLOAD_BYTES_MAX else reason
    letter = dead_letter(message, topic.device, kept, detail, journal=journal, first=first, last=last)
    refusal = Refusal(payload_hash=letter.payload_hash, reason=reason, version_max=WIRE_VERSION)
    return Refused(letter=letter, device=topic.device, refusal=refusal)


def _foreign(message: RawMessage, topic: Topic, named: str) -> Refused:
    detail = f"device: found {named!r}, expected {topic.device!r}, the device of the topic"
    return Refused(letter=dead_letter(message, topic.device, "foreign_device", detail))
