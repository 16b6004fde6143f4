"""Which times a load touched: what was summed up of them is summed up again (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise

from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

from gateway.model import Readings, ShelfEvent

GAP = timedelta(minutes=1)
"""Spans no further apart than the least bucket become one."""

SPANS_MAX = 64
"""A load of many backlogs names at most so many: the nearest are told as one, and a little more is summed up again."""

Span = tuple[datetime, datetime]


def spans_of_weights(readings: Iterable[Readings]) -> Multirange[datetime]:
    """Return the spans of event time in which a load brings weights, bounds included; empty when it brings none."""
    blocks = [(one, one.blocks.weight) for one in readings]
    return _multirange(
        (one.time_of(min(block.mono_ms)), one.time_of(max(block.mono_ms)))
        for one, block in blocks
        if block is not None and block.seq
    )


def spans_of_events(events: Iterable[ShelfEvent]) -> Multirange[datetime]:
    """Return the spans in which a load brings shelf events, bounds included; empty when it brings none."""
    return _multirange((event.time, event.time) for event in events)


def _multirange(spans: Iterable[Span]) -> Multirange[datetime]:
    joined = _joined(sorted(spans), GAP)
    if len(joined) > SPANS_MAX:
        gaps = sorted(later[0] - earlier[1] for earlier, later in pairwise(joined))
        joined = _joined(joined, gaps[-SPANS_MAX])
    return Multirange([Range(first, last, "[]") for first, last in joined])


def _joined(spans: Iterable[Span], gap: timedelta) -> list[Span]:
    """Return spans in order of time with those that overlap, or lie up to `gap` apart, made one."""
    joined: list[Span] = []
    for first, last in spans:
        if joined and first - joined[-1][1] <= gap:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined
