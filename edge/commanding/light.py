"""The operation `light`: which positions shall be lit, and what they say."""

from __future__ import annotations

from collections.abc import Mapping

from edge.commanding.outcome import Arguments, Operation, Said, wrong_argument
from edge.lighting.lights import Lights
from edge.lighting.signals import SIGNALS


def light_operation(lights: Lights) -> Operation:
    """Return `light`: the positions named are lit and all others dark, until the next one or `lights_off_after_s`."""

    def light(arguments: Arguments) -> Said:
        found = arguments.get("positions")
        if not isinstance(found, Mapping):
            raise wrong_argument("positions", found, "a table of positions and what they say")
        for position, signal in found.items():
            if position not in lights.positions:
                known = ", ".join(lights.positions) or "none"
                raise wrong_argument("positions", position, f"a position with a light ({known})")
            if not isinstance(signal, str) or signal not in SIGNALS:
                raise wrong_argument("positions", signal, f"one of {', '.join(SIGNALS)} for {position}")
        lights.show(found)
        away = lights.away
        lit = [position for position in lights.lit if position not in away]
        return Said(f"{len(lit)} of {len(lights.positions)} positions lit", {"lit": lit, "away": away})

    return light
