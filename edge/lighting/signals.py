"""What lights say, by meaning: the one place where a word becomes a colour and a pattern (pure).

Every meaning has a pattern of its own, so that people who tell no colours apart, and single-colour LEDs, say it too.
The colours are bluish green, orange and blue of Okabe and Ito's set ("Color Universal Design", 2008), as far apart for
dichromats as LEDs allow, and white.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

STEP_S = 0.25
"""A step of a pattern. Nothing changes more often, so nothing flashes more than twice a second: three times in one may
bring on seizures (WCAG 2.2, success criterion 2.3.1)."""

STEPS = 8
"""All patterns repeat after two seconds, in step with one another."""

Colour = tuple[int, int, int]
"""Red, green, blue, 0 to 255."""


class Signal(Struct, frozen=True):
    """A colour, and in which steps of the two seconds it is lit: `#` lit, `-` dark."""

    colour: Colour
    pattern: str

    def lit_at(self, time_s: float) -> bool:
        """Tell whether it is lit at a time."""
        return self.pattern[int(time_s / STEP_S) % STEPS] == "#"

    @property
    def steady(self) -> bool:
        """Whether it is lit all the time."""
        return "-" not in self.pattern


SIGNALS: Mapping[str, Signal] = {
    "take": Signal((0, 255, 130), "########"),
    "taken": Signal((255, 110, 0), "#-------"),
    "find": Signal((0, 80, 255), "#-#-#-#-"),
}
"""`take`: to do here now. `taken`: done here, the task goes on elsewhere. `find`: somebody looks for this place."""

IDENTIFY = Signal((255, 255, 255), "##-##---")
"""Which device is this? All its lights say it."""
