"""See when a scale that tells nothing but its weight has settled: one weight after another comes in, what it means goes
out (pure).

There is no waveform to look at. A weight is believed when two in a row agree; a change that two tell is a step, and
what one tells alone may be a hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

REACH = 4.25
"""Two weighings of one load, each with a normal error, differ by more than so many standard deviations of one in 1 of
370 cases: three times the square root of two."""

Meaning = Literal["rest", "step", "moving"]


@dataclass(slots=True)
class Settling:
    """The weight one scale rested at, and the one that is still to be confirmed. None: not known."""

    rest_g: float | None = None
    waiting_g: float | None = None

    def hear(self, weight_g: float, noise_g: float) -> tuple[Meaning, float | None]:
        """Take in a weight; return what it means, and for a step the weight at rest before it.

        The first weight of all has to be confirmed too, and is then a rest: what was before it nobody knows.
        """
        reach_g, before_g = REACH * noise_g, self.rest_g
        if before_g is not None and abs(weight_g - before_g) <= reach_g:
            self.rest_g, self.waiting_g = weight_g, None
            return "rest", None
        if self.waiting_g is None or abs(weight_g - self.waiting_g) > reach_g:
            self.waiting_g = weight_g
            return "moving", None
        self.rest_g, self.waiting_g = weight_g, None
        return ("rest", None) if before_g is None else ("step", before_g)

    def doubt(self) -> None:
        """Forget what waits to be confirmed: the scale is not to be believed for now."""
        self.waiting_g = None
