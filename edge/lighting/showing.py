"""What the lights of a device show at a time: commands and their times come in, glows go out (pure).

Times are wall seconds: people look at lights, and a gateway that is silent is silent in real time.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from msgspec import Struct

from edge.lighting.signals import IDENTIFY, SIGNALS, STEP_S, Colour, Signal


class Glow(Struct, frozen=True):
    """What a position shows: its colour, and whether it is lit in this step of its pattern."""

    colour: Colour
    lit: bool


class Showing(Struct, frozen=True):
    """The signals by position, until when they hold, and until when all lights say which device this is."""

    signals: Mapping[str, str] = {}
    until_s: float = -math.inf
    identify_until_s: float = -math.inf

    def at(self, time_s: float, positions: Collection[str]) -> dict[str, Glow]:
        """Return what the positions show; those not named are dark."""
        return {
            position: Glow(signal.colour, signal.lit_at(time_s))
            for position, signal in self._signals(time_s, positions).items()
        }

    def next_change_s(self, time_s: float, positions: Collection[str]) -> float:
        """Return when the picture may change next by itself: infinity for one that stays."""
        signals = self._signals(time_s, positions).values()
        ends = [end_s for end_s in (self.until_s, self.identify_until_s) if end_s > time_s]
        if any(not signal.steady for signal in signals):
            ends.append((math.floor(time_s / STEP_S) + 1) * STEP_S)
        return min(ends, default=math.inf)

    def _signals(self, time_s: float, positions: Collection[str]) -> dict[str, Signal]:
        if time_s < self.identify_until_s:
            return dict.fromkeys(positions, IDENTIFY)
        if time_s >= self.until_s:
            return {}
        return {position: SIGNALS[signal] for position, signal in self.signals.items()}
