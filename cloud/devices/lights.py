"""Which lights burn: a place that is to be refilled calls for it, one that somebody has taken says so (pure)."""

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
