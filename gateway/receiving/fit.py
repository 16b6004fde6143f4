"""Check that a row can hold what a record says: one value too large for its column would fail a whole load, for ever.

The wire's types allow any integer and any text; the columns of `database/migrations/0003_sensing.sql` do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from contract.errors import BadBody
from contract.records import Batch, Blocks

MONO_MS_MAX = 100 * 366 * 24 * 3600 * 1000
"""No boot lasts 100 years; far below what a date can hold."""

WALL_MS_MAX = 253_370_764_800_000
"""The end of the year 9998 as unix milliseconds: a date ends with 9999."""

INTEGER_MAX = 2**31 - 1
REAL_MAX = 1e30
"""Both PostgreSQL's `real` and a sum of squares of it hold this."""


def check_fits(batch: Batch) -> None:
    """Pass a batch every row of which can be written. Raises BadBody naming the column and what was found."""
    blocks = batch.blocks
    for name in blocks.__struct_fields__:
        block = getattr(blocks, name)
        if block is None:
            continue
        if block.seq != sorted(block.seq):
            raise BadBody(f"blocks.{name}.seq: found numbers out of order, expected them to rise")
        _within(f"blocks.{name}.mono_ms", block.mono_ms, 0, MONO_MS_MAX)
    _within("sent_mono_ms", [batch.sent_mono_ms], 0, MONO_MS_MAX)
    _check_numbers(blocks)
    _check_texts(blocks)


def has_nul(payload: bytes) -> bool:
    """Tell whether a JSON payload may hold a NUL character, which no text of a database can keep."""
    return b"\\u0000" in payload


def _check_numbers(blocks: Blocks) -> None:
    if weight := blocks.weight:
        _within("blocks.weight.noise_g", weight.noise_g, -REAL_MAX, REAL_MAX)
    if tag := blocks.tag:
        _within("blocks.tag.rssi_dbm", tag.rssi_dbm, -REAL_MAX, REAL_MAX)
        _within("blocks.tag.reads", tag.reads, 0, INTEGER_MAX)
    if health := blocks.health:
        _within("blocks.health.noise_g", health.noise_g, -REAL_MAX, REAL_MAX)
        _within("blocks.health.samples", health.samples, 0, INTEGER_MAX)
        _within("blocks.health.queued", health.queued, 0, INTEGER_MAX)
        counts = [count for rejected in health.rejected for count in rejected.values()]
        _within("blocks.health.rejected", counts, 0, INTEGER_MAX)
    if clock := blocks.clock:
        _within("blocks.clock.wall_ms", clock.wall_ms, 0, WALL_MS_MAX)
        _within("blocks.clock.uncertainty_ms", clock.uncertainty_ms, 0, INTEGER_MAX)


def _check_texts(blocks: Blocks) -> None:
    health = blocks.health
    if health and any("\0" in text for text in chain(health.subject, health.verdict, *health.rejected)):
        raise BadBody("blocks.health: found a NUL character in a text, expected none")


def _within(column: str, values: Sequence[float], lowest: float, highest: float) -> None:
    if values and not lowest <= (found := min(values)) <= highest:
        raise BadBody(f"{column}: found {found}, expected {lowest} to {highest}")
    if values and not lowest <= (found := max(values)) <= highest:
        raise BadBody(f"{column}: found {found}, expected {lowest} to {highest}")
