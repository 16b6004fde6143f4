"""How often the counted quantity was the true one: truth log and quantity history in, a share out (pure)."""

from __future__ import annotations

import bisect
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SAMPLE_EVERY_S = 5.0
"""Shop seconds between two looks at a position."""

REST_BEFORE_S = 15.0
"""A look counts only when nothing was moved for so long: a shelf must come to rest, and a tag be missed, first."""

REST_AFTER_S = 2.0
"""Nor may a movement follow so soon: the hand is on the shelf before the goods have moved."""

FOREIGN_KINDS = ("misplace", "tidy")
"""Lines of the truth log that count a foreign product at a position, not the position's own."""


@dataclass(frozen=True, slots=True)
class Level:
    """From `at_s` (shop unix seconds) on there were `quantity` units."""

    at_s: float
    quantity: int


History = Mapping[str, Sequence[Level]]
"""Levels by position, in order of time."""


@dataclass(frozen=True, slots=True)
class Exactness:
    """`exact` of `looks` at positions at rest found the true quantity; `worst` names where most went wrong."""

    looks: int
    exact: int
    worst: Mapping[str, int]

    @property
    def share(self) -> float | None:
        """Exact looks per look; None when nothing could be looked at."""
        return self.exact / self.looks if self.looks else None


def read_truth(path: Path) -> dict[str, list[Level]]:
    """Return the true quantities by position from the world's log (JSON lines).

    A foreign product that comes or goes moves the shelf, but leaves the position's own count. A last line that does not
    end is left out: the world was killed, or its disk was full, while it wrote.
    """
    history: dict[str, list[Level]] = {}
    whole, _, _ = path.read_text(encoding="utf-8").rpartition("\n")
    moves = map(json.loads, whole.splitlines())
    for move in sorted((move for move in moves if "quantity" in move), key=lambda move: float(move["at"])):
        levels = history.setdefault(move["position"], [])
        if move["kind"] not in FOREIGN_KINDS:
            levels.append(Level(move["at"], move["quantity"]))
        elif levels:
            levels.append(Level(move["at"], levels[-1].quantity))
    return history


def exactness(truth: History, counted: History, *, first_s: float, last_s: float) -> Exactness:
    """Look at every counted position each few shop seconds; compare wherever it was at rest."""
    looks = exact = 0
    wrong: dict[str, int] = {}
    for position in sorted(truth.keys() & counted.keys()):
        times = [level.at_s for level in truth[position]]
        for at_s in _at_rest(times, first_s, last_s):
            looks += 1
            if _at(counted[position], at_s) == _at(truth[position], at_s):
                exact += 1
            else:
                wrong[position] = wrong.get(position, 0) + 1
    worst = dict(sorted(wrong.items(), key=lambda item: -item[1])[:10])
    return Exactness(looks, exact, worst)


def _at_rest(moved_s: Sequence[float], first_s: float, last_s: float) -> Iterable[float]:
    at_s = first_s
    while at_s <= last_s:
        following = bisect.bisect_right(moved_s, at_s - REST_BEFORE_S)
        if following == len(moved_s) or moved_s[following] > at_s + REST_AFTER_S or _only_opening(moved_s, following):
            yield at_s
        at_s += SAMPLE_EVERY_S


def _only_opening(moved_s: Sequence[float], following: int) -> bool:
    return following == 0 and len(moved_s) == 1


def _at(levels: Sequence[Level], at_s: float) -> int | None:
    found = bisect.bisect_right([level.at_s for level in levels], at_s)
    return levels[found - 1].quantity if found else None
