"""The weights of a shelf over a span of time with what happened on them, as the plot reads it (pure)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, Literal

import msgspec

from cloud.shelves.model import Happening, PositionView, natural
from dashboards.web.rendering import Named
from dashboards.web.shelf.words import EVENTS, WHAT

Span = Literal["10m", "24h"]

SPANS: Final[dict[Span, timedelta]] = {"10m": timedelta(minutes=10), "24h": timedelta(hours=24)}
"""The times one can look back, in shop time."""

LEAD_PARTS = 5
"""A fifth of the span more is read, so that the line begins at the edge and not at the first reading after it."""

LEAD_MOST = timedelta(minutes=10)

POINTS_MAX: Final[dict[Span, int]] = {"10m": 600, "24h": 2400}
"""So many points of a scale are read: all of ten minutes, of a day the extremes of every three minutes or so."""

STILL_G = 2.0
"""Weights that differ by less look the same on a plot of kilograms."""

DASHES: Final = ("", "8 4", "2 4", "12 4 2 4", "6 3 2 3 2 3", "16 5", "4 8", "1 3 6 3")
"""How the lines are broken, so that they are told apart without colour too."""

Text = Callable[[str], str]
NameOf = Callable[[Named], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plate:
    """A scale of the shelf as the legend names it: `number` from left to right, `style` picks line and colour."""

    plate: str
    number: int
    label: str

    @property
    def style(self) -> int:
        """1 to the number of line styles; a shelf with more scales begins anew."""
        return (self.number - 1) % len(DASHES) + 1

    @property
    def dash(self) -> str:
        """Lengths of strokes and gaps (SVG stroke-dasharray)."""
        return DASHES[self.style - 1]


class PlateTrace(msgspec.Struct, frozen=True, kw_only=True):
    """One line: points of (shop milliseconds since 1970, grams)."""

    plate: str
    points: Sequence[tuple[int, float]]


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened, to be drawn at its time: `mark` is short (−2), `text` whole."""

    key: str
    at_ms: int
    kind: str
    mark: str
    text: str
    plates: Sequence[str]


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """What the plot asks for. Lines may begin before `since_ms`; `gap_ms` without a word break one."""

    shelf: str
    span: Span
    since_ms: int
    until_ms: int
    gap_ms: int
    plates: Sequence[PlateTrace]
    events: Sequence[Marker]


GAP_LEAST_MS = 150_000
"""Scales say every 30 shop seconds that they are there (edge.settings); five missed words are a gap."""

GAP_PARTS = 240
"""Of a day only extremes are read: no line is broken for less than two of the parts they are of."""


def reading_since(span: Span, until: datetime) -> datetime:
    """Return from when weights are read for a span that ends at `until`."""
    length = SPANS[span]
    return until - length - min(length / LEAD_PARTS, LEAD_MOST)


def plates(positions: Sequence[PositionView], name_of: NameOf) -> list[Plate]:
    """Return the scales of a shelf from left to right, each with the names of what lies on it."""
    names: dict[str, list[str]] = {}
    for position in positions:
        for plate in position.plates:
            names.setdefault(plate, []).append(name_of(position))
    return [
        Plate(plate=plate, number=number, label=" + ".join(dict.fromkeys(names[plate])))
        for number, plate in enumerate(sorted(names, key=natural), 1)
    ]


def trace(
    shelf: str, span: Span, *, until: datetime, weights: Mapping[str, Sequence[tuple[int, float]]],
    events: Sequence[Happening], positions: Sequence[PositionView], text: Text, name_of: NameOf,
) -> Trace:  # fmt: skip
    """Return weights by plate and events of a shelf for the plot, in the language of `text` and `name_of`."""
    length_ms = round(SPANS[span].total_seconds() * 1000)
    until_ms = unix_ms(until)
    gap_ms = max(GAP_LEAST_MS, length_ms // GAP_PARTS)
    return Trace(
        shelf=shelf, span=span, since_ms=until_ms - length_ms, until_ms=until_ms,
        gap_ms=gap_ms,
        plates=[
            PlateTrace(plate=plate, points=thinned(weights[plate], gap_ms=gap_ms))
            for plate in sorted(weights, key=natural)
        ],
        events=markers(events, positions, text=text, name_of=name_of),
    )  # fmt: skip


def thinned(points: Sequence[tuple[int, float]], *, gap_ms: int) -> list[tuple[int, float]]:
    """Return the points a stepped line needs: changes, the ends, and enough between them that it has no gap."""
    kept = list(points[:1])
    for before, point in pairwise(points):
        if point[0] - kept[-1][0] >= gap_ms and before != kept[-1]:
            kept.append(before)  # what was silent for long was so from here
        if abs(point[1] - kept[-1][1]) >= STILL_G or point[0] - kept[-1][0] >= gap_ms // 2:
            kept.append(point)
    return kept if kept[-1:] == list(points[-1:]) else [*kept, points[-1]]


def markers(
    events: Sequence[Happening], positions: Sequence[PositionView], *, text: Text, name_of: NameOf
) -> list[Marker]:  # fmt: skip
    """Return events in words, with the scales they were felt on, in the language of `text` and `name_of`."""
    felt = {position.position: position.plates for position in positions}
    return [_marker(event, felt.get(event.position, ()), text, name_of) for event in events]


def unix_ms(at: datetime) -> int:
    """Return a moment in milliseconds since 1970."""
    return round(at.timestamp() * 1000)


def _marker(event: Happening, felt: Sequence[str], text: Text, name_of: NameOf) -> Marker:
    words = EVENTS.get(event.kind)
    label, sign = (text(words.label), words.sign) if words else (event.kind, "·")
    return Marker(
        key=event.key, at_ms=unix_ms(event.at), kind=event.kind, mark=f"{sign}{event.units}",
        text=text(WHAT) % {"what": label, "n": event.units, "product": name_of(event)}, plates=felt,
    )  # fmt: skip
