"""Write dead letters: a message that cannot be used goes in, the row that keeps it with its reason comes out (pure)."""

from __future__ import annotations

import msgspec

from contract.codec import MALFORMED, payload_hash
from contract.ids import is_name
from contract.records import PAYLOAD_BYTES_MAX
from contract.topics import TOPIC_ROOT
from gateway.receiving.messages import DeadLetter, RawMessage

TEXT_CHARACTERS_MAX = 500
_SEQ_MAX = 2**53


class _Named(msgspec.Struct):
    journal: object = None
    first: object = None
    last: object = None


_named = msgspec.json.Decoder(_Named)


def dead_letter(
    message: RawMessage,
    device: str,
    reason: str,
    detail: str,
    *,
    journal: str | None = None,
    first: int | None = None,
    last: int | None = None,
) -> DeadLetter:
    """Return the letter of a message. Texts are cut at 500 characters and hold no NUL, which no database keeps."""
    return DeadLetter(
        topic=_text(message.topic),
        device=device,
        journal=journal,
        first=first,
        last=last,
        reason=reason,
        detail=_text(detail),
        payload=message.payload[:PAYLOAD_BYTES_MAX],
        payload_bytes=len(message.payload),
        payload_hash=payload_hash(message.payload),
    )


def device_in(topic: str) -> str:
    """Return the device a wrong topic may still name, or nothing."""
    levels = topic.removeprefix(f"{TOPIC_ROOT}/").split("/")
    return levels[1] if topic.startswith(f"{TOPIC_ROOT}/") and len(levels) > 1 and is_name(levels[1]) else ""


def named_in(payload: bytes) -> tuple[str | None, int | None, int | None]:
    """Return journal, first and last as far as an unreadable payload still says them."""
    try:
        named = _named.decode(payload)
    except MALFORMED:
        return None, None, None
    journal = named.journal if isinstance(named.journal, str) and is_name(named.journal) else None
    return journal, _seq(named.first), _seq(named.last)


def _seq(found: object) -> int | None:
    plain = isinstance(found, int) and not isinstance(found, bool)
    return found if plain and isinstance(found, int) and 1 <= found <= _SEQ_MAX else None


def _text(text: str) -> str:
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")[:TEXT_CHARACTERS_MAX]
