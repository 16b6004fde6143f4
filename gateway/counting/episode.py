"""Explain one episode of a shelf: what all its plates showed comes in, the new belief of each component goes out.

All components of the shelf are weighed together, because neighbours take part of a load: with m components the spill
has covariance spill² (I - 1/m), so that it moves weight about and sums to zero, and what the shelf weighed as a whole
holds tightly. Formula of the joint likelihood: Sherman and Morrison 1950 (inverse and determinant of a diagonal matrix
less a rank-one matrix).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gateway.counting.assumptions import FOREIGN_KEPT, FOREIGN_MAX, SPILLS, SpillClass
from gateway.counting.belief import Belief, Floats, measured, pruned, rows_of
from gateway.counting.layout import Component
from gateway.counting.options import (
    FOREIGN,
    LEAVES,
    OPTIONS_MAX,
    Change,
    Options,
    best_options,
    carries,
    options_of,
)

JOINT_MAX = 400_000
"""So many joint explanations of one shelf are weighed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One component of a shelf in an episode: its belief before, its change, and the strange weights on it.

    `at_once`: one episode saw all of it. A jump between two rests nobody followed may be the work of many hands.
    """

    component: Component
    belief: Belief
    change: Change
    foreign: tuple[float, ...] = ()
    at_once: bool = True

    @property
    def touched(self) -> bool:
        """Tell whether at least half of the lightest unit moved here."""
        return abs(self.change.total_g) >= self.component.half_unit_g


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What happened to a component: belief after, the likeliest move, and the probability of each part of it.

    `steps` are units by position (0 when nothing or something foreign moved), `probability` goes with each. `move` is
    OWN, FOREIGN or LEAVES + index; `move_probability` is of that. `foreign_probability` is that something foreign
    came or went, however likely the rest is.
    """

    belief: Belief
    steps: tuple[int, ...]
    probability: tuple[float, ...]
    move: int
    move_probability: float
    foreign_probability: float


def explain(seen: Sequence[Seen]) -> dict[int, Explained]:
    """Return what happened to the touched components, by their index in `seen`."""
    touched = [index for index, each in enumerate(seen) if each.touched]
    if not touched:
        return {}
    moved_g = sum(abs(seen[index].change.total_g) for index in touched)
    widest_g2 = max((spill.share**2 + spill.leak**2) * moved_g**2 for spill in SPILLS)
    room = max(8, int(min(OPTIONS_MAX, JOINT_MAX ** (1 / len(touched)))))
    options = {}
    for index in touched:
        each = seen[index]
        found = options_of(each.component, each.belief, each.change, each.foreign)
        options[index] = best_options(found, widest_g2, room)
    joint, spill_g2 = _weigh(seen, options, moved_g)
    shares = _marginals(joint, [len(found.prior) for found in options.values()])
    return {
        index: _explained(seen[index], found, share, spill_g2)
        for (index, found), share in zip(options.items(), shares, strict=True)
    }


def _weigh(seen: Sequence[Seen], options: Mapping[int, Options], moved_g: float) -> tuple[Floats, float]:
    """Return the probability of every combination of options, flat, and the expected spill variance of a plate."""
    layers = np.stack([_log_joint(seen, options, moved_g, spill) + np.log(spill.probability) for spill in SPILLS])
    weights = np.exp(layers - layers.max())
    total = weights.sum()
    by_class = weights.sum(axis=1) / total
    spill_g2 = sum(
        share * (spill.share**2 + spill.leak**2) * moved_g**2 for share, spill in zip(by_class, SPILLS, strict=True)
    )
    return weights.sum(axis=0) / total, float(spill_g2)


def _log_joint(seen: Sequence[Seen], options: Mapping[int, Options], moved_g: float, spill: SpillClass) -> Floats:
    members = len(seen)
    shared_g2 = (spill.share * moved_g) ** 2 if members > 1 else 0.0
    own_g2 = shared_g2 + (spill.leak * moved_g) ** 2
    idle = [each.change for index, each in enumerate(seen) if index not in options]
    at_rest = np.array([[change.total_g, change.noise_g2 + own_g2] for change in idle]).reshape(-1, 2)
    logs, square, plain, inverse = (np.array([part]) for part in _parts(at_rest[:, 0], at_rest[:, 1], 0.0))
    for found in options.values():
        parts = _terms(found.surprise, found.variance + own_g2, found.prior)
        logs, square, plain, inverse = (
            (whole[:, None] + part[None, :]).ravel()
            for whole, part in zip((logs, square, plain, inverse), parts, strict=True)
        )
    coupling = shared_g2 / members
    rest = np.maximum(1.0 - coupling * inverse, 1e-12)
    joint: Floats = logs - 0.5 * (np.log(rest) + square + coupling * plain**2 / rest)
    return joint


def _terms(surprise: Floats, variance: Floats, prior: Floats | float) -> tuple[Floats, Floats, Floats, Floats]:
    """Return what each option adds to the joint likelihood: log, r²/a, r/a, 1/a."""
    return prior - 0.5 * np.log(variance), surprise**2 / variance, surprise / variance, 1.0 / variance


def _parts(surprise: Floats, variance: Floats, prior: float) -> tuple[float, float, float, float]:
    """Return the sums of `_terms` over components that were not touched."""
    logs, square, plain, inverse = (float(term.sum()) for term in _terms(surprise, variance, prior))
    return logs, square, plain, inverse


def _marginals(joint: Floats, sizes: Sequence[int]) -> list[Floats]:
    table = joint.reshape(tuple(sizes))
    axes = range(len(sizes))
    return [table.sum(axis=tuple(other for other in axes if other != axis)) for axis in axes]


def _explained(seen: Seen, options: Options, share: Floats, spill_g2: float) -> Explained:
    belief = options.belief
    cov = belief.cov.copy()
    cov[:, 0, 0] += spill_g2
    rows = rows_of(seen.component, belief.counts)
    mean, cov = measured(belief.mean, cov, rows, belief.total_g, seen.change.noise_g2)
    after = pruned(replace(belief, weight=share, mean=mean, cov=cov))
    steps, move = _likeliest(options, share)
    alike = options.move == move
    parts = tuple(
        float(share[alike & (options.steps[:, position] == units)].sum()) for position, units in enumerate(steps)
    )
    return Explained(
        belief=after,
        steps=steps,
        probability=tuple(min(part, 1.0) for part in parts),
        move=move,
        move_probability=min(float(share[alike].sum()), 1.0),
        foreign_probability=min(float(share[options.move == FOREIGN].sum()), 1.0),
    )


def _likeliest(options: Options, share: Floats) -> tuple[tuple[int, ...], int]:
    """Return the steps and the kind of move that are most probable over all hypotheses."""
    tags = np.column_stack([options.steps, options.move])
    unique, group = np.unique(tags, axis=0, return_inverse=True)
    best = unique[np.bincount(group.reshape(-1), weights=share).argmax()]
    return tuple(int(units) for units in best[:-1]), int(best[-1])


def foreign_after(seen: Seen, explained: Explained) -> tuple[float, ...]:
    """Return the strange weights that may be on a component after an episode, in grams.

    A foreign thing may weigh about as much as some units: as long as it is possible, it has to be possible that it
    leaves. One that is on the plate in no hypothesis worth keeping is forgotten.
    """
    foreign = seen.foreign
    if explained.move >= LEAVES:
        gone = explained.move - LEAVES
        foreign = (*foreign[:gone], *foreign[gone + 1 :])
    elif explained.foreign_probability > FOREIGN_KEPT:
        foreign = (*foreign, seen.change.total_g)
    belief = explained.belief
    return tuple(
        weight_g for weight_g in foreign if belief.weight[carries(belief.mean[:, 0], weight_g)].sum() > FOREIGN_KEPT
    )[-FOREIGN_MAX:]
