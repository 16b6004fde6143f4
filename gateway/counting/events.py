"""What a shelf's episode is called: moves of units become events with an identity of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from contract.ids import RecordId, Sku
from gateway.model import EventKind, PositionModel, ShelfEvent

SWEEP_UNITS = 5
"""So many units taken at once, and at least half of what was there, are a sweep: retail loss prevention speaks of a
sweep when a shopper clears a facing; five is more than any of the 181 picks of the CPS-IoT 2020 labels."""

REFILL_UNITS = 3
"""So many units put at once are a refill: a shopper puts back one or two."""

PUT_BACK_WITHIN_S = 1800.0
"""What is put within half an hour after as much was taken there may be put back; otherwise it comes from the backroom.
Nobody puts back what nobody took; half an hour is a long visit to a shop."""


@dataclass(slots=True)
class Cause:
    """The record that closed an episode; it numbers the events that come of it."""

    record: RecordId
    time: datetime
    mono_ms: int
    numbered: int = field(default=0)

    def event(
        self, place: PositionModel, kind: EventKind, quantity: int, *, probability: float, weight_g: float, sku: Sku
    ) -> ShelfEvent:
        """Return the next event of this cause."""
        self.numbered += 1
        return ShelfEvent(
            event_id=event_id(self.record, self.numbered),
            time=self.time,
            position=place.position,
            sku=sku,
            kind=kind,
            quantity=quantity,
            probability=probability,
            weight_g=weight_g,
            cause=self.record,
            mono_ms=self.mono_ms,
        )


def event_id(record: RecordId, number: int) -> str:
    """Return the identity of an event: a hash of device, journal, seq and its number (design section 5)."""
    return hashlib.blake2b(f"{record}/{number}".encode(), digest_size=16).hexdigest()


def kind_of(units: int, there_before: int, taken_lately: int, *, at_once: bool = True) -> EventKind:
    """Return what a move of units is called; negative units were taken.

    `there_before` is how many stood there, `taken_lately` how many were taken and not put back since. What left while
    nobody watched, `at_once` False, is no sweep: it may be an hour of shoppers.
    """
    if units < 0:
        swept = at_once and -units >= SWEEP_UNITS and -2 * units >= there_before
        return "sweep" if swept else "pick"
    return "put_back" if units < REFILL_UNITS and units <= taken_lately else "refill"


def taken_lately(moves: Iterable[tuple[float, int]], at_s: float) -> int:
    """Return how many units were taken from a position and not put back; `moves` are times and units, oldest first.

    A refill ends the account: staff set down armful after armful, and the last may be as small as a put-back.
    """
    out = 0
    for moved_s, units in moves:
        if units >= REFILL_UNITS:
            out = 0
        elif moved_s >= at_s - PUT_BACK_WITHIN_S:
            out = max(0, out - units)
    return out


def unit_events(
    cause: Cause,
    *,
    places: tuple[PositionModel, ...],
    steps: tuple[int, ...],
    probabilities: tuple[float, ...],
    there_before: tuple[int, ...],
    lately: tuple[int, ...],
    weight_g: float,
    at_once: bool = True,
) -> Iterator[ShelfEvent]:
    """Yield an event for each position whose units moved."""
    told = zip(places, steps, probabilities, there_before, lately, strict=True)
    for place, units, probability, before, taken in told:
        if units:
            kind = kind_of(units, before, taken, at_once=at_once)
            yield cause.event(place, kind, abs(units), probability=probability, weight_g=weight_g, sku=place.sku)
