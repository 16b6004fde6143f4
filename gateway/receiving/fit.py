"""Check what the types of the wire leave open and loading relies on: a body that fails would fail its load for ever."""

from __future__ import annotations

from contract.errors import BadBody
from contract.records import Batch

MONO_MS_MAX = 100 * 366 * 24 * 3600 * 1000
"""No boot lasts 100 years; the wire allows 285,000, which no date can hold."""


def check_fits(batch: Batch) -> None:
    """Pass a batch whose columns rise by number and whose times are dates. Raises BadBody naming the column."""
    if batch.sent_mono_ms > MONO_MS_MAX:
        raise BadBody(f"sent_mono_ms: found {batch.sent_mono_ms}, expected at most {MONO_MS_MAX}")
    for name in batch.blocks.__struct_fields__:
        block = getattr(batch.blocks, name)
        if block is None:
            continue
        if block.seq != sorted(block.seq):
            raise BadBody(f"blocks.{name}.seq: found numbers out of order, expected them to rise")
        newest = max(block.mono_ms, default=0)
        if newest > MONO_MS_MAX:
            raise BadBody(f"blocks.{name}.mono_ms: found {newest}, expected at most {MONO_MS_MAX}")


def has_nul(payload: bytes) -> bool:
    """Tell whether a JSON payload may hold a NUL character, which no text of a database can keep."""
    return b"\\u0000" in payload
