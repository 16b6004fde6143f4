"""One thing a plan warns of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

FindingKind = Literal["overload", "blind", "no_weight", "unsensed", "too_light", "shaky", "tie", "alike", "unsure"]

Facts = dict[str, float | str | tuple[str, ...] | tuple[int, ...] | None]

TITLES: dict[FindingKind, str] = {
    "overload": "Too heavy for any load cell",
    "blind": "Scales that can count nothing",
    "no_weight": "Neither weight nor tags",
    "unsensed": "Seen by no sensor",
    "too_light": "Too light to sense",
    "shaky": "Light: sensed on a calm shelf only",
    "tie": "Ties: the weight cannot say which product it was",
    "alike": "Nearly alike: the weight will sometimes say the wrong product",
    "unsure": "More units than their weight alone can count",
}
"""What each kind is called, in the order of how much it hurts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`said` is one sentence with the place, the numbers and what to do; `facts` are its numbers for programs."""

    kind: FindingKind
    positions: tuple[str, ...]
    said: str
    facts: Facts = field(default_factory=dict)
