"""Which lights burn: a place that is to be refilled calls for it, one that somebody has taken says so; and who has to
be told of it (no I/O).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal

Colour = Literal["take", "taken"]
"""What a light says; the device knows which colour that is."""

COLOUR_OF: Final[Mapping[str, Colour]] = {"open": "take", "taken": "taken"}
"""By the state of the refill."""

Lights = Mapping[str, Colour]
"""Colour by position; a position that is not named is dark."""


def wanted(refills: Iterable[tuple[str, str]], devices: Mapping[str, Iterable[object]]) -> dict[str, Lights]:
    """Return what each device is to light.

    `refills` are (position, state of the task), `devices` the positions each can light. A device with lights and no
    work is told to be dark: it has an empty entry.
    """
    colours = {position: COLOUR_OF[state] for position, state in refills if state in COLOUR_OF}
    return {
        device: {one: colours[one] for one in positions if isinstance(one, str) and one in colours}
        for device, positions in devices.items()
    }


REPEAT_S = 40.0
"""Wall seconds after which what is lit is said again: a device that hears nothing for two minutes goes dark."""

PAUSE_S = 3.0
"""Wall seconds until a device that did not answer is asked again."""

Key = tuple[str, str]
"""Store and device."""


class Telling:
    """What every device was told to light, and when: says whom to tell now (no I/O)."""

    def __init__(self) -> None:
        self._told: dict[Key, tuple[Lights, float]] = {}
        self._again_s: dict[Key, float] = {}

    def due(self, all_wanted: Mapping[Key, Lights], now_s: float) -> dict[Key, Lights]:
        """Return what is to be told now: what changed, what burns and was told long ago, what was never told."""
        for key in self._told.keys() - all_wanted.keys():
            self.forget(key)
        return {key: lights for key, lights in all_wanted.items() if self._is_due(key, lights, now_s)}

    def told(self, key: Key, lights: Lights, now_s: float) -> None:
        """Note that a device lights this now."""
        self._told[key] = lights, now_s

    def failed(self, key: Key, now_s: float) -> None:
        """Note that a device did not do it: it is told again after a pause."""
        self._told.pop(key, None)
        self._again_s[key] = now_s + PAUSE_S

    def forget(self, key: Key) -> None:
        """Note that a device started anew, or that nobody knows what it lights."""
        self._told.pop(key, None)
        self._again_s.pop(key, None)

    def _is_due(self, key: Key, lights: Lights, now_s: float) -> bool:
        if now_s < self._again_s.get(key, now_s):
            return False
        told = self._told.get(key)
        if told is None or told[0] != lights:
            return True
        return bool(lights) and now_s - told[1] >= REPEAT_S
