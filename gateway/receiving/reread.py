"""Read a dead letter again, by what this version understands: its bytes in, the batch or why not out (pure)."""

from __future__ import annotations

from typing import Any

from contract.codec import decode, decode_body, decode_envelope
from contract.errors import BadBody, LiveShelfError, PayloadError, UnknownVersion
from contract.records import Batch, Birth, CommandResult, Gap, Now, State
from contract.topics import Topic, parse_topic
from gateway.model import KeptLetter
from gateway.receiving.fit import check_fits

STATEMENTS: dict[str, Any] = {"birth": Birth, "state": State, "now": Now, "cmd/result": CommandResult}
"""What is said of a moment and carries no numbers."""


class StillUnusable(LiveShelfError):
    """A dead letter that cannot be used by this version either: `reason` in one word, the message names the field."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def reread(letter: KeptLetter) -> tuple[Topic, Batch | None]:
    """Return the topic and the batch of a letter; no batch for what is said of a moment, such as a birth.

    Raises StillUnusable with the reason of today.
    """
    if len(letter.payload) < letter.payload_bytes:
        raise StillUnusable(
            "truncated",
            f"payload: found the first {len(letter.payload)} of {letter.payload_bytes} bytes, expected all;"
            " more than 64 KiB are not kept, so it can never be read again",
        )
    try:
        topic = parse_topic(letter.topic)
    except PayloadError as error:
        raise StillUnusable("wrong_topic", str(error)) from error
    try:
        if topic.channel == "readings":
            return topic, _batch(letter.payload, topic)
        if topic.channel in STATEMENTS:
            decode(letter.payload, STATEMENTS[topic.channel])
    except UnknownVersion as error:
        raise StillUnusable("unknown_version", str(error)) from error
    except BadBody as error:
        raise StillUnusable("bad_body", str(error)) from error
    except PayloadError as error:
        raise StillUnusable("unreadable", str(error)) from error
    return topic, None


def narrowed(hole: Gap, batch: Batch, taken: set[int]) -> list[Gap]:
    """Return what is left of a gap once the numbers `taken` of a batch are in the history.

    A number the batch itself calls missing keeps the batch's reason; what it does not cover keeps that of the hole.
    """
    covered = [(gap.first, gap.last, gap.reason) for gap in batch.gaps]
    covered += [(seq, seq, "") for seq in taken]  # type: ignore[misc] # no reason: it is no gap any more
    left: list[Gap] = []
    expected = hole.first
    for first, last, reason in sorted(covered):
        begin, end = max(first, hole.first), min(last, hole.last)
        if begin > end:
            continue
        _add(left, expected, begin - 1, hole.reason)
        if reason:
            _add(left, begin, end, reason)
        expected = end + 1
    _add(left, expected, hole.last, hole.reason)
    return left


def _batch(payload: bytes, topic: Topic) -> Batch:
    envelope = decode_envelope(payload)
    if envelope.device != topic.device:
        detail = f"device: found {envelope.device!r}, expected {topic.device!r}, the device of the topic"
        raise StillUnusable("foreign_device", detail)
    batch = decode_body(envelope)
    check_fits(batch)
    return batch


def _add(left: list[Gap], first: int, last: int, reason: Any) -> None:  # noqa: ANN401 - one of the reasons of a gap
    if last < first:
        return
    if left and left[-1].last == first - 1 and left[-1].reason == reason:
        first = left.pop().first
    left.append(Gap(first, last, reason))
