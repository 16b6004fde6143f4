"""The probability of each number of units as bars, for a template to draw as SVG (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from cloud.shelves.model import PositionView

WIDTH, HEIGHT = 288.0, 76.0
"""Of the picture, in its own units: CSS pixels at full size."""

CEILING, FLOOR = 18.0, 58.0
"""Bars stand on FLOOR and reach to CEILING when certain; above and below is room for figures."""

SLOTS_LEAST = 7
"""So many numbers of units are shown at least, so that a certain count is one bar among none."""

SHOWN_LEAST = 0.005
"""What is less probable than this has no bar one could see."""

SURE_MOST = 0.9999
"""Stored distributions leave out masses below 1e-4 (design section 3): what is left alone is not certain."""

BAR_SHARE = 0.7
BAR_WIDTH_MAX = 30.0
BAR_HEIGHT_LEAST = 1.5
LABELS_MAX = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One number of units: its probability, and its bar in units of the picture; `middle` is where its label goes."""

    units: int
    probability: float
    best: bool
    labelled: bool
    x: float
    y: float
    width: float
    height: float
    middle: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """The bars from the fewest units to the most. `likely` are those worth telling, the most probable first."""

    width: float
    height: float
    floor: float
    bars: tuple[Bar, ...]
    likely: tuple[Bar, ...]


def chart(position: PositionView) -> Chart | None:
    """Return the probabilities of a place as a picture; None where nothing was counted."""
    best = position.units
    if best is None or not position.pmf:
        return None
    shown = [units for units, mass in enumerate(position.pmf, position.low) if mass >= SHOWN_LEAST]
    first, last = _window(min([best, *shown]), max([best, *shown]))
    slot = WIDTH / (last - first + 1)
    every = -(-(last - first + 1) // LABELS_MAX)
    bars = tuple(
        _bar(units, _mass(position, units), slot=slot, place=units - first, best=best, every=every)
        for units in range(first, last + 1)
    )
    likely = sorted((bar for bar in bars if bar.probability >= SHOWN_LEAST), key=lambda bar: -bar.probability)
    return Chart(width=WIDTH, height=HEIGHT, floor=FLOOR, bars=bars, likely=tuple(likely))


def _window(first: int, last: int) -> tuple[int, int]:
    """Return the range widened to both sides to SLOTS_LEAST numbers; nothing holds fewer than none."""
    missing = max(0, SLOTS_LEAST - (last - first + 1))
    first = max(0, first - missing // 2)
    return first, max(last, first + SLOTS_LEAST - 1)


def _mass(position: PositionView, units: int) -> float:
    place = units - position.low
    return position.pmf[place] if 0 <= place < len(position.pmf) else 0.0


def _bar(units: int, mass: float, *, slot: float, place: int, best: int, every: int) -> Bar:
    width = min(slot * BAR_SHARE, BAR_WIDTH_MAX)
    height = max(mass * (FLOOR - CEILING), BAR_HEIGHT_LEAST) if mass >= SHOWN_LEAST else 0.0
    middle = (place + 0.5) * slot
    return Bar(
        units=units, probability=min(mass, SURE_MOST), best=units == best, labelled=(units - best) % every == 0,
        x=round(middle - width / 2, 1), y=round(FLOOR - height, 1), width=round(width, 1), height=round(height, 1),
        middle=round(middle, 1),
    )  # fmt: skip
