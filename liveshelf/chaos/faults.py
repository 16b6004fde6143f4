"""What goes wrong when, drawn from a seed (pure): the same seed and time give the same faults."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal[
    "kill",
    "pause",
    "delay",
    "reset",
    "half_open",
    "blackhole",
    "wipe",
    "terminate",
    "disk_full",
    "garbage",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

CALM_S = 3.0
"""Everything is well for so long at first: devices have introduced themselves, something is recorded."""

EVERY_S = (1.5, 4.5)
"""So many seconds lie between the beginnings of two faults; most last longer, so that they overlap."""

HEALTHY_S = 0.5
"""So long a target is left alone between two faults of its own."""

LINES = (
    "agents-broker",
    "gateway-1-broker",
    "gateway-2-broker",
    "gateway-1-database",
    "gateway-2-database",
)
"""Whose connections go through a proxy, and to whom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault: what happens to whom, from when on (seconds since the start) and for how long. `how` is a number
    from 0 to 1 for what else is to be chosen.
    """

    number: int
    kind: Kind
    target: str
    at_s: float
    lasts_s: float
    how: float


@dataclass(frozen=True, slots=True)
class _Card:
    """A kind of fault, whom it may strike, and how long it may last in seconds."""

    kind: Kind
    targets: tuple[str, ...]
    lasts_s: tuple[float, float]


# A lease lasts 3 s: a gateway that owns the store is also paused for longer, and wakes up when it is another's.
_DECK = (
    _Card("kill", ("gateway-owner",), (0.5, 4.0)),
    _Card("kill", ("gateway-owner", "gateway-standby"), (0.5, 4.0)),
    _Card("kill", ("broker",), (0.2, 4.0)),
    _Card("kill", ("agents",), (0.2, 5.0)),
    _Card("kill", ("agents",), (0.2, 5.0)),
    _Card("kill", ("database",), (0.0, 3.0)),
    _Card("kill", ("database-session",), (0.0, 0.0)),
    _Card("pause", ("gateway-owner",), (4.5, 8.0)),
    _Card("pause", ("gateway-owner", "gateway-standby"), (0.5, 2.5)),
    _Card("pause", ("broker",), (1.0, 5.0)),
    _Card("pause", ("agents",), (1.0, 6.0)),
    _Card("pause", ("database",), (1.0, 6.0)),
    _Card("delay", LINES, (3.0, 8.0)),
    _Card("reset", LINES, (0.0, 0.0)),
    _Card("half_open", LINES, (2.0, 7.0)),
    _Card("blackhole", LINES, (2.0, 7.0)),
    _Card("wipe", ("broker",), (0.0, 2.0)),
    _Card("terminate", ("database-session",), (0.0, 0.0)),
    _Card("terminate", ("database-session",), (0.0, 0.0)),
    _Card("disk_full", ("database-disk",), (3.0, 6.0)),
    _Card("disk_full", ("outbox-disk",), (3.0, 8.0)),
    _Card("garbage", ("topics",), (0.0, 0.0)),
)


def draw_faults(
    seed: int, *, for_s: float, agents: Sequence[str], kinds: Collection[Kind] = KINDS, without: Collection[str] = ()
) -> list[Fault]:
    """Return the faults of a run in order of time; all are over after `for_s` seconds.

    `agents` are the names of the processes with agents, `without` targets this machine does not have. Kinds come like
    cards of a deck that is dealt to its end; a target has one fault at a time, and a card without a free one is lost.
    """
    chance = random.Random(seed)
    cards = _deal(chance, _deck(agents, kinds, without))
    faults: list[Fault] = []
    free_at_s: dict[str, float] = {}
    at_s = CALM_S
    while at_s < for_s:
        card, target = _draw(chance, cards, free_at_s, at_s)
        if card is not None:
            lasts_s = min(chance.uniform(*card.lasts_s), for_s - at_s)
            free_at_s[target] = at_s + lasts_s + HEALTHY_S
            faults.append(
                Fault(
                    number=len(faults) + 1,
                    kind=card.kind,
                    target=target,
                    at_s=at_s,
                    lasts_s=lasts_s,
                    how=chance.random(),
                )
            )
        at_s += chance.uniform(*EVERY_S)
    return faults


def _deck(agents: Sequence[str], kinds: Collection[Kind], without: Collection[str]) -> list[_Card]:
    deck = []
    for card in _DECK:
        targets = tuple(agents) if card.targets == ("agents",) else card.targets
        left = tuple(target for target in targets if target not in without)
        if card.kind in kinds and left:
            deck.append(_Card(card.kind, left, card.lasts_s))
    return deck


def _deal(chance: random.Random, deck: Sequence[_Card]) -> Iterator[_Card]:
    while deck:
        yield from chance.sample(deck, len(deck))


def _draw(
    chance: random.Random, cards: Iterator[_Card], free_at_s: dict[str, float], at_s: float
) -> tuple[_Card | None, str]:
    """Return the next card and one of its targets that is free, or None when it has none."""
    card = next(cards, None)
    free = [] if card is None else [target for target in card.targets if free_at_s.get(target, 0.0) <= at_s]
    return (card, chance.choice(free)) if free else (None, "")
