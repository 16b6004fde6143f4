"""See which plate answers when somebody presses one: looks at all come in, the one that moved goes out (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PRESS_COUNTS = 2_000.0
"""A hand presses with more: 10 g on a common 10 kg cell (2,147,484 counts at its capacity)."""

PRESS_RATIO = 10.0
"""And with more than ten times the noise of a second."""

Look = Mapping[str, Mapping[str, Any]]
"""What `weigh` says of every plate."""


def pressed(before: Look, now: Look) -> str | None:
    """Return the plate that moved most between two looks, None when none has."""
    moved = {plate: _moved(before[plate], now[plate]) for plate in now if plate in before}
    plate = max(moved, key=lambda each: moved[each], default=None)
    return plate if plate is not None and moved[plate] >= 1.0 else None


def _moved(before: Mapping[str, Any], now: Mapping[str, Any]) -> float:
    """Return by how many times what a press takes a plate has moved."""
    if before["count"] is None or now["count"] is None:
        return 0.0
    wanted = max(PRESS_COUNTS, PRESS_RATIO * before["noise_count"])
    return float(max(abs(now["count"] - before["count"]), now["noise_count"]) / wanted)
