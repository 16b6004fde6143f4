"""Messages to bytes and back: versioned JSON, at most 64 KiB, strict; a batch carries its records in columns.

Decoding a batch happens in two steps, because they fail differently (rule 7): an unreadable envelope or an unknown
version moves no watermark, a bad body does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from contract.errors import BadBody, UnknownVersion, UnreadableEnvelope
from contract.ids import RecordId
from contract.records import (
    PAYLOAD_BYTES_MAX,
    WIRE_VERSION,
    Ack,
    Batch,
    Birth,
    Blocks,
    ClockBlock,
    ClockRecord,
    Command,
    CommandResult,
    Gap,
    HealthBlock,
    HealthRecord,
    JournalName,
    MonoMs,
    Name,
    Now,
    Record,
    Seq,
    State,
    TagBlock,
    TagRecord,
    WeightBlock,
    WeightRecord,
)

Message = Batch | Ack | Birth | State | Now | Command | CommandResult
M = TypeVar("M", Ack, Birth, State, Now, Command, CommandResult)

NumberedRecord = tuple[int, Record]
"""A record with its sequence number."""


class Envelope(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A batch whose records are not decoded yet."""

    device: Name
    journal: JournalName
    first: Seq
    last: Seq
    sent_mono_ms: MonoMs
    blocks: msgspec.Raw
    gaps: msgspec.Raw = msgspec.Raw(b"[]")
    boot: str = ""
    v: int


class _Version(msgspec.Struct):
    v: int


MALFORMED = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""How msgspec refuses: bytes in a string that are no UTF-8, and nests too deep, are not errors of its own."""

_BLOCK_OF: dict[type[Record], tuple[str, type[msgspec.Struct]]] = {
    WeightRecord: ("weight", WeightBlock),
    TagRecord: ("tag", TagBlock),
    HealthRecord: ("health", HealthBlock),
    ClockRecord: ("clock", ClockBlock),
}

_encoder = msgspec.json.Encoder()
_version = msgspec.json.Decoder(_Version)
_envelope = msgspec.json.Decoder(Envelope)
_blocks = msgspec.json.Decoder(Blocks)
_gaps = msgspec.json.Decoder(list[Gap])


def payload_hash(payload: bytes) -> str:
    """Return the SHA-256 of all bytes of a payload, in hex: the name of exactly this message."""
    return hashlib.sha256(payload).hexdigest()


def encode(message: Message) -> bytes:
    """Return the payload of a message. Raises ValueError when it is over 64 KiB: the caller makes smaller batches."""
    payload = _encoder.encode(message)
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise ValueError(f"payload of {len(payload)} bytes, expected at most {PAYLOAD_BYTES_MAX}")
    return payload


def decode(payload: bytes, kind: type[M]) -> M:
    """Return a message other than a batch. Raises UnreadableEnvelope or UnknownVersion, naming the field."""
    _check_version(payload)
    try:
        return msgspec.json.decode(payload, type=kind)
    except MALFORMED as error:
        raise UnreadableEnvelope(str(error)) from error


def decode_envelope(payload: bytes) -> Envelope:
    """Return who sent which numbers, records still encoded. Raises UnreadableEnvelope or UnknownVersion."""
    _check_version(payload)
    try:
        envelope = _envelope.decode(payload)
    except MALFORMED as error:
        raise UnreadableEnvelope(str(error)) from error
    if envelope.last < envelope.first:
        raise UnreadableEnvelope(f"last: found {envelope.last}, expected at least first, {envelope.first}")
    return envelope


def decode_body(envelope: Envelope) -> Batch:
    """Return the batch of an envelope. Raises BadBody when its columns differ in length or do not cover the numbers."""
    try:
        blocks, gaps = _blocks.decode(envelope.blocks), _gaps.decode(envelope.gaps)
    except MALFORMED as error:
        raise BadBody(str(error)) from error
    batch = Batch(
        device=envelope.device,
        journal=envelope.journal,
        first=envelope.first,
        last=envelope.last,
        sent_mono_ms=envelope.sent_mono_ms,
        blocks=blocks,
        gaps=gaps,
        boot=envelope.boot,
        v=envelope.v,
    )
    _check_columns(blocks)
    _check_coverage(batch)
    return batch


def pack(records: Sequence[NumberedRecord]) -> Blocks:
    """Return the records in columns, one block per kind, in the order given."""
    rows: dict[type[Record], list[NumberedRecord]] = {}
    for seq, record in records:
        rows.setdefault(type(record), []).append((seq, record))
    blocks = Blocks()
    for kind, found in rows.items():
        name, block = _BLOCK_OF[kind]
        columns = {field: [getattr(record, field) for _, record in found] for field in kind.__struct_fields__}
        setattr(blocks, name, block(seq=[seq for seq, _ in found], **columns))
    return blocks


def unpack(blocks: Blocks) -> list[NumberedRecord]:
    """Return the records of the blocks in the order of their numbers."""
    records: list[NumberedRecord] = []
    for kind, (name, _) in _BLOCK_OF.items():
        block = getattr(blocks, name)
        if block is None:
            continue
        fields = [field for field in block.__struct_fields__ if field != "seq"]
        for seq, *values in zip(block.seq, *(getattr(block, field) for field in fields), strict=True):
            records.append((seq, kind(**dict(zip(fields, values, strict=True)))))
    records.sort(key=lambda numbered: numbered[0])
    return records


def record_id(batch: Batch | Envelope, seq: int) -> RecordId:
    """Return the identity of one record of a batch."""
    return RecordId(batch.device, batch.journal, seq)  # type: ignore[arg-type]


def _check_version(payload: bytes) -> None:
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise UnreadableEnvelope(f"payload: found {len(payload)} bytes, expected at most {PAYLOAD_BYTES_MAX}")
    try:
        version = _version.decode(payload).v
    except MALFORMED as error:
        raise UnreadableEnvelope(str(error)) from error
    if not 1 <= version <= WIRE_VERSION:
        raise UnknownVersion(version, WIRE_VERSION)


def _check_columns(blocks: Blocks) -> None:
    for name in blocks.__struct_fields__:
        block = getattr(blocks, name)
        if block is None:
            continue
        lengths = {field: len(getattr(block, field)) for field in block.__struct_fields__}
        if len(set(lengths.values())) > 1:
            raise BadBody(f"blocks.{name}: found columns of lengths {lengths}, expected one length")


def _check_coverage(batch: Batch) -> None:
    covered = [(gap.first, gap.last) for gap in batch.gaps]
    for name in batch.blocks.__struct_fields__:
        block = getattr(batch.blocks, name)
        if block is not None:
            covered.extend((seq, seq) for seq in block.seq)
    expected = batch.first
    for first, last in sorted(covered):
        if first != expected or last < first:
            raise BadBody(f"seq: found {first} to {last}, expected {expected} next")
        expected = last + 1
    if expected != batch.last + 1:
        raise BadBody(f"seq: found numbers up to {expected - 1}, expected up to {batch.last}")
