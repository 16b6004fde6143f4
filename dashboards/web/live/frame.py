"""What the stream says, as bytes: frames with their id, the wish to reload, the beat (WHATWG HTML, section 9.2)."""

from __future__ import annotations

from typing import Final

import msgspec

RETRY_MS = 2_000
"""Wall milliseconds after which a client that was cut off should come back."""

OPENING: Final = f"retry: {RETRY_MS}\n\n".encode()
RELOAD: Final = b"event: reload\ndata: 1\n\n"
"""What the client has cannot be brought up to date: another database, an id nobody gave, or too much has changed."""

BEAT: Final = b": beat\nevent: beat\ndata: 1\n\n"
"""Keeps proxies and phones from cutting a quiet stream. Scripts are not shown comments, hence the event: a page that
has heard nothing for long knows that its connection is dead."""


class ShopTime(msgspec.Struct, frozen=True):
    """The shop's clock: its time in milliseconds since 1970, and shop seconds per wall second."""

    shop_ms: int
    rate: float


class Frame(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What changed, as the page shows it. What did not change is left out of the JSON.

    `parts` is inner HTML by key, `now` list items (newest last), `touched` topics whose lists are to be fetched again,
    `weights` rows of plate, shop milliseconds since 1970 and grams, `down` the banner ("" when all is well).
    """

    parts: dict[str, str] = {}
    now: tuple[str, ...] = ()
    touched: tuple[str, ...] = ()
    weights: tuple[tuple[str, int, float], ...] = ()
    down: str | None = None
    clock: ShopTime | None = None


EMPTY: Final = Frame()


def encode(frame: Frame, frame_id: str | None) -> bytes:
    """Return the frame as one event. Without an id the client keeps the last it was given.

    JSON escapes every line end, so `data:` is always one line.
    """
    id_line = b"" if frame_id is None else b"id: " + frame_id.encode() + b"\n"
    return id_line + b"event: frame\ndata: " + msgspec.json.encode(frame) + b"\n\n"
