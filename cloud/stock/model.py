"""What moves goods between places, and how many units a SKU has for sure (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor
from typing import Literal

import numpy as np
import numpy.typing as npt

from contract.ids import PositionId, Sku

Place = Literal["shelf", "display", "backroom", "basket", "in_transit"]
PmfArray = npt.NDArray[np.float64]

PROMISE_LEVEL = 0.99
"""A promise holds in 99 of 100 cases (design section 5)."""

DISPLAY_LEVEL = 0.95
"""What is shown holds in 95 of 100 cases (design section 5)."""

LEDGER_CONFIDENCE = 0.35
"""Books alone are right in 35 % of cases: 65 % of about 370,000 records were wrong (DeHoratius and Raman 2004)."""

ROUNDING = 1e-6
"""Distributions are stored as 4-byte floats: sums miss 1 by up to this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Units of a SKU from one place to another; None is outside the store. `source` names the cause, once."""

    sku: Sku
    kind: str
    from_place: Place | None
    to_place: Place | None
    units: int
    happened_at: datetime
    source: str
    position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenEvent:
    """What the scale or the tags saw at a position; `refilling` when staff had a refill task there."""

    event_id: str
    time: datetime
    position: PositionId
    sku: Sku
    kind: str
    quantity: int
    refilling: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionBelief:
    """The distribution of units at one sensed position: `pmf[i]` is the probability of `low + i` units.

    `as_of` None: no sensor has reported yet. `confirmed_at`: until when its tag readers, which speak only of changes,
    have been heard to be well; None where scales speak for themselves.
    """

    position: PositionId
    sku: Sku
    capacity: int
    low_units: int
    low: int = 0
    pmf: tuple[float, ...] = (1.0,)
    frozen: bool = False
    basis: tuple[str, ...] = ()
    as_of: datetime | None = None
    confirmed_at: datetime | None = None

    def heard_within(self, age: timedelta, *, at: datetime) -> bool:
        """Tell whether its sensors have been heard so recently."""
        heard = [time for time in (self.as_of, self.confirmed_at) if time is not None]
        return bool(heard) and at - max(heard) <= age

    def at_most(self, units: int) -> float:
        """Return the probability that at most so many units are there."""
        total = sum(self.pmf)
        return sum(self.pmf[: max(0, units - self.low + 1)]) / total

    @property
    def best(self) -> int:
        """The most probable number of units."""
        return self.low + max(range(len(self.pmf)), key=self.pmf.__getitem__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Basket:
    """The units of a SKU that were picked and not paid for: all, and of the picks of late; `move_id` is the newest move
    of the SKU in the ledger.
    """

    sku: Sku
    units: int
    young: int
    move_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StockAnswer:
    """Units of a SKU in a store: the answer every channel builds on, without its time."""

    on_shelf: int
    unsensed: int
    backroom: int
    incoming: int
    on_hand: int
    display_units: int
    confidence: float
    basis: tuple[str, ...]
    frozen: bool


def summed(beliefs: Sequence[PositionBelief]) -> tuple[int, PmfArray]:
    """Return the distribution of the sum of independent positions as (lowest number, pmf): their convolution."""
    low, pmf = 0, np.ones(1)
    for belief in beliefs:
        one = np.asarray(belief.pmf, dtype=np.float64)
        low, pmf = low + belief.low, np.convolve(pmf, one / one.sum())
    return low, pmf


def surely(low: int, pmf: PmfArray, level: float) -> int:
    """Return the largest n with P(N >= n) >= level, where P(N = low + i) = pmf[i]."""
    at_least = np.cumsum(pmf[::-1])[::-1]
    return low + int(np.flatnonzero(at_least >= level - ROUNDING)[-1])


def answer(beliefs: Sequence[PositionBelief], places: Mapping[str, int]) -> StockAnswer:
    """Return the stock of one SKU from what its sensed positions believe and what the ledger says of other places.

    A sensed position that has not reported yet adds nothing to the units and takes all confidence. Confidence is the
    probability that `on_shelf` is right, in whole percents, rounded down so that it never says more than is known;
    where nothing is sensed it is that of books.
    """
    reported = [belief for belief in beliefs if belief.as_of is not None]
    low, pmf = summed(reported)
    unsensed, backroom = max(0, places.get("display", 0)), max(0, places.get("backroom", 0))
    confidence = float(pmf.max()) if beliefs else LEDGER_CONFIDENCE
    basis = {word for belief in reported for word in belief.basis} | ({"ledger"} if unsensed or backroom else set())
    return StockAnswer(
        on_shelf=low + int(pmf.argmax()),
        unsensed=unsensed,
        backroom=backroom,
        incoming=max(0, places.get("in_transit", 0)),
        on_hand=surely(low, pmf, PROMISE_LEVEL) + unsensed + backroom,
        display_units=surely(low, pmf, DISPLAY_LEVEL) + unsensed + backroom,
        confidence=floor((confidence + ROUNDING) * 100) / 100 if len(reported) == len(beliefs) else 0.0,
        basis=tuple(sorted(basis)) or ("ledger",),
        frozen=any(belief.frozen for belief in beliefs),
    )


def moves_of_events(events: Iterable[SeenEvent], places: Mapping[tuple[str, str], int]) -> list[Move]:
    """Return the moves of shelf events in their order; `places` maps (SKU, place) to units before the first.

    A misplaced unit stands where it should not: it stays in the basket of the ledger until it is found.
    """
    backroom: MutableMapping[str, int] = {sku: units for (sku, place), units in places.items() if place == "backroom"}
    moves: list[Move] = []
    for event in events:
        if event.kind in ("pick", "sweep"):
            moves.append(_move(event, event.kind, "shelf", "basket", event.quantity))
        elif event.kind == "refill" or (event.kind == "put_back" and event.refilling):
            held = max(0, backroom.get(event.sku, 0))
            moves.extend(_refill(event, held))
            backroom[event.sku] = max(0, held - event.quantity)
        elif event.kind == "put_back":
            moves.append(_move(event, "put_back", "basket", "shelf", event.quantity))
    return moves


def _refill(event: SeenEvent, held: int) -> list[Move]:
    """Goods the books did not know of come from outside, so that the backroom never holds less than nothing.

    Most often their receipt has not been posted yet; `receipt_moves` evens them out when it is.
    """
    known = min(held, event.quantity)
    moves = [_move(event, "refill", "backroom", "shelf", known)] if known else []
    if event.quantity > known:
        moves.append(_move(event, "refill_unknown", None, "shelf", event.quantity - known))
    return moves


def _move(event: SeenEvent, kind: str, source: Place | None, target: Place, units: int) -> Move:
    return Move(
        sku=event.sku, kind=kind, from_place=source, to_place=target, units=units, happened_at=event.time,
        source=f"event:{event.event_id}", position=event.position,
    )  # fmt: skip


def sale_moves(
    sale_id: str, lines: Mapping[Sku, int], places: Mapping[tuple[str, str], int], *, at: datetime
) -> list[Move]:
    """Return the moves of a till sale: baskets first, then unsensed displays.

    What neither holds is charged to the baskets too: its pick is still on the way from the shelf and evens it out.
    """
    moves: list[Move] = []
    for sku, units in sorted(lines.items()):
        basket, display = max(0, places.get((sku, "basket"), 0)), max(0, places.get((sku, "display"), 0))
        from_display = min(display, max(0, units - basket))
        for kind, place, count in (("sale", "basket", units - from_display), ("sale_display", "display", from_display)):
            if count:
                moves.append(_outward(sku, kind, place, count, at=at, source=f"sale:{sale_id}"))
    return moves


def loss_moves(baskets: Iterable[Basket], *, at: datetime) -> list[Move]:
    """Return the moves of units that nobody paid for in time.

    What leaves baskets (sales, put backs, losses) takes the oldest picks first, so that what is left are the newest:
    whatever is more than the young picks is old. A loss is itself a move, so the next has another cause.
    """
    return [
        Move(
            sku=one.sku, kind="unknown_loss", from_place="basket", to_place=None, units=one.units - one.young,
            happened_at=at, source=f"basket:{one.move_id}",
        )
        for one in baskets
        if one.units > one.young
    ]  # fmt: skip


def receipt_moves(
    source: str, sku: Sku, units: int, *, in_transit: int, shelved: int, at: datetime
) -> list[Move]:  # fmt: skip
    """Return the moves of received goods: what was in transit arrives; more than that comes from outside.

    `shelved` of them stood on the shelf before anyone said that they had come: their refill was booked from outside,
    so they leave the backroom to there, and are counted once.
    """
    known = min(units, max(0, in_transit))
    parts: tuple[tuple[str, Place | None, Place | None, int], ...] = (
        ("receipt", "in_transit", "backroom", known),
        ("receipt_extra", None, "backroom", units - known),
        ("receipt_shelved", "backroom", None, min(units, max(0, shelved))),
    )
    return [
        Move(sku=sku, kind=kind, from_place=origin, to_place=target, units=count, happened_at=at, source=source)
        for kind, origin, target, count in parts
        if count
    ]


def correction(
    sku: Sku, place: Place, *, booked: int, counted: int, at: datetime, source: str, position: str = ""
) -> list[Move]:
    """Return the move that makes the books say what a person counted; none when they say it already."""
    missing = counted - booked
    if not missing:
        return []
    return [
        Move(
            sku=sku, kind="count", from_place=place if missing < 0 else None, to_place=place if missing > 0 else None,
            units=abs(missing), happened_at=at, source=source, position=position,
        )
    ]  # fmt: skip


def place_changes(moves: Iterable[Move]) -> dict[tuple[str, str], int]:
    """Return by how much each (SKU, place) changes, in key order."""
    changes: dict[tuple[str, str], int] = {}
    for move in moves:
        for place, sign in ((move.from_place, -1), (move.to_place, 1)):
            if place is not None:
                changes[move.sku, place] = changes.get((move.sku, place), 0) + sign * move.units
    return dict(sorted(changes.items()))


def _outward(sku: Sku, kind: str, place: str, units: int, *, at: datetime, source: str) -> Move:
    origin: Place = "display" if place == "display" else "basket"
    return Move(sku=sku, kind=kind, from_place=origin, to_place=None, units=units, happened_at=at, source=source)
