"""What may have happened at one component in one episode: every hypothesis times every move that could explain it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gateway.counting.assumptions import (
    FOREIGN_G,
    FOREIGN_LEAVES,
    FOREIGN_LOST,
    FOREIGN_PUT,
    NOTHING,
    PLACE_SHARE,
    SCALES,
    SEVERAL,
    steps_prior,
)
from gateway.counting.belief import Belief, Floats, Ints, overfull, rows_of, surprise_of
from gateway.counting.layout import Component

OWN, FOREIGN, LEAVES = 0, 1, 2
"""What moved: units of the component's goods, something foreign that stays, or foreign thing number `move - LEAVES`."""

SINGLES_MAX, PAIRS_MAX = 200, 12
"""So many units of one product, and so many of each of several at once, are looked for in one episode."""

OPTIONS_MAX = 4_000
"""The most probable options of a component that are kept for weighing the whole shelf."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What the plates of a component showed: grams by plate and their sum, variance of the noise of both rests."""

    plates_g: Floats
    noise_g2: float

    @property
    def total_g(self) -> float:
        """The change of the summed weight."""
        return float(self.plates_g.sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """N options of a component: `belief` after each (rows in step), log prior, and what the plates would show.

    `steps` (N, m) units put (positive) or taken; `move` (N,); `surprise` (N,) grams the plates differ from what the
    option expects and `variance` (N,) of that, without spill from neighbours.
    """

    steps: Ints
    move: Ints
    prior: Floats
    surprise: Floats
    variance: Floats
    belief: Belief

    def chosen(self, rows: np.ndarray) -> Options:
        """Return some of the options."""
        belief = self.belief
        return Options(
            steps=self.steps[rows],
            move=self.move[rows],
            prior=self.prior[rows],
            surprise=self.surprise[rows],
            variance=self.variance[rows],
            belief=Belief(
                counts=belief.counts[rows],
                scale=belief.scale[rows],
                weight=belief.weight[rows],
                mean=belief.mean[rows],
                cov=belief.cov[rows],
                total_g=belief.total_g,
                at_s=belief.at_s,
            ),
        )


def options_of(component: Component, belief: Belief, change: Change, foreign: tuple[float, ...]) -> Options:
    """Return what may have happened to a component whose weight changed; `foreign` are the strange weights on it."""
    steps, move, extra_g, extra_g2 = _moves(component, change, foreign)
    prior = _log_prior(component, change, steps, move)
    hypothesis = np.repeat(np.arange(len(belief.counts)), len(steps))
    kind = np.tile(np.arange(len(steps)), len(belief.counts))
    possible = np.all(belief.counts[hypothesis] + steps[kind] >= 0, axis=1)
    for index, weight_g in enumerate(foreign):
        possible &= (move[kind] != LEAVES + index) | carries(belief.mean[hypothesis, 0], weight_g)
    hypothesis, kind = hypothesis[possible], kind[possible]
    mean, cov = _moved(component, belief, hypothesis, steps[kind])
    mean[:, 0] += extra_g[kind]
    cov[:, 0, 0] += extra_g2[kind]
    counts = belief.counts[hypothesis] + steps[kind]
    seen_g = belief.total_g + change.total_g
    surprise, variance = surprise_of(mean, cov, rows_of(component, counts), seen_g)
    return Options(
        steps=steps[kind],
        move=move[kind],
        prior=prior[kind] + np.log(belief.weight[hypothesis]) + _log_room(component, counts, steps[kind]),
        surprise=surprise,
        variance=variance + change.noise_g2,
        belief=Belief(
            counts=counts,
            scale=belief.scale[hypothesis],
            weight=belief.weight[hypothesis],
            mean=mean,
            cov=cov,
            total_g=seen_g,
            at_s=belief.at_s,
        ),
    )


def carries(zero_g: Floats, weight_g: float) -> NDArray[np.bool_]:
    """Tell which hypotheses hold that a foreign thing is there: it is part of the weight without goods, the zero."""
    held: NDArray[np.bool_] = zero_g / weight_g > 0.5
    return held


def best_options(options: Options, spill_g2: float, number_max: int) -> Options:
    """Return the most probable options, each judged by its own plates with so much spill."""
    if len(options.prior) <= number_max:
        return options
    variance = options.variance + spill_g2
    logs = options.prior - 0.5 * (options.surprise**2 / variance + np.log(variance))
    return options.chosen(np.sort(np.argsort(-logs, kind="stable")[:number_max]))


def _moves(component: Component, change: Change, foreign: tuple[float, ...]) -> tuple[Ints, Ints, Floats, Floats]:
    """Return steps (K, m), what moved (K,), the grams it adds to the zero (K,) and their variance (K,)."""
    own = _own_steps(component, change.total_g)
    none = np.zeros((1 + len(foreign), own.shape[1]), dtype=np.int64)
    move = np.concatenate([np.full(len(own), OWN), [FOREIGN], LEAVES + np.arange(len(foreign))]).astype(np.int64)
    weights = np.array(foreign)
    extra_g = np.concatenate([np.zeros(len(own) + 1), -weights])
    rough = max(scale.gain for scale in SCALES)
    extra_g2 = np.concatenate([np.zeros(len(own)), [FOREIGN_G**2], (rough * weights) ** 2 + change.noise_g2])
    return np.concatenate([own, none]), move, extra_g, extra_g2


def _own_steps(component: Component, total_g: float) -> Ints:
    """Return the steps whose weight comes near the change (within half a unit and a quarter of it), and no step."""
    weights = np.array(component.weight_g)
    several = len(weights) > 1
    limit = PAIRS_MAX if several else SINGLES_MAX
    reach_g = 0.25 * abs(total_g) + component.half_unit_g * 1.2
    axes = [np.arange(-limit, limit + 1)] * len(weights)
    steps = _grid(axes) if len(weights) <= 3 else np.zeros((1, len(weights)), dtype=np.int64)
    steps = np.concatenate([steps, _singles(weights, total_g, reach_g)]) if several else steps
    near = np.abs(steps @ weights - total_g) <= reach_g
    none = ~steps.any(axis=1)
    return np.unique(steps[near | none], axis=0)


def _grid(axes: list[np.ndarray]) -> Ints:
    return np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1).astype(np.int64)


def _singles(weights: Floats, total_g: float, reach_g: float) -> Ints:
    """Return the steps of one product alone, however many units."""
    found = []
    for position, weight_g in enumerate(weights):
        ends = sorted(((total_g - reach_g) / weight_g, (total_g + reach_g) / weight_g))
        units = np.clip(np.arange(int(np.floor(ends[0])), int(np.ceil(ends[1])) + 1), -SINGLES_MAX, SINGLES_MAX)
        steps = np.zeros((len(units), len(weights)), dtype=np.int64)
        steps[:, position] = units
        found.append(steps)
    return np.concatenate(found)


def _log_prior(component: Component, change: Change, steps: Ints, move: Ints) -> Floats:
    moved = steps != 0
    total = np.log(np.where(moved.any(axis=1), SEVERAL ** np.maximum(moved.sum(axis=1) - 1, 0), NOTHING))
    for index, place in enumerate(component.positions):
        total += np.where(moved[:, index], np.log(steps_prior(steps[:, index], place.capacity)), 0.0)
    total += _log_place(component, change, steps)
    strange = np.log(FOREIGN_PUT if change.total_g > 0 else FOREIGN_LOST)
    total[move == FOREIGN] = strange
    total[move >= LEAVES] = np.log(FOREIGN_LEAVES)
    return total


def _log_room(component: Component, counts: Ints, steps: Ints) -> Floats:
    """Weigh how much more would stand there than fits, where something was put."""
    return np.where((steps > 0).any(axis=1), overfull(component, counts), 0.0)


def _log_place(component: Component, change: Change, steps: Ints) -> Floats:
    """Weigh how much of the change lies on plates of products that did not move (0 where all share all plates)."""
    own = np.array(component.own)
    if own.all():
        return np.zeros(len(steps))
    covered = (steps != 0) @ own.astype(np.int64) > 0
    stray_g = np.abs((change.plates_g * ~covered).sum(axis=1))
    spread_g2 = (PLACE_SHARE * np.abs(change.plates_g).sum()) ** 2 + change.noise_g2
    logs: Floats = -0.5 * stray_g**2 / spread_g2
    return logs


def _moved(component: Component, belief: Belief, hypothesis: Ints, steps: Ints) -> tuple[Floats, Floats]:
    """Return x after units moved, (N, 3) and (N, 3, 3).

    Units taken out of n leave, of the deviation of all n, the share of those that stay, uncertain by k (n - k) / n
    spreads squared (drawing without replacement); units put bring their own spread, and the error of the catalogue
    where it is not part of the ratio.
    """
    spread2, error2 = np.array(component.spread_g) ** 2, np.array(component.error_g) ** 2
    before = belief.counts[hypothesis]
    taken = np.minimum(np.maximum(-steps, 0), before)
    put = np.maximum(steps, 0)
    stay = before - taken
    had_g2, has_g2 = before @ spread2, stay @ spread2
    keep = np.where(had_g2 > 0, has_g2 / np.maximum(had_g2, 1e-12), 1.0)
    new_g2 = (taken * stay / np.maximum(before, 1)) @ spread2 + put @ spread2
    if len(component.positions) > 1:
        new_g2 = new_g2 + steps**2 @ error2
    mean, cov = belief.mean[hypothesis].copy(), belief.cov[hypothesis].copy()
    mean[:, 1] *= keep
    cov[:, 1, :] *= keep[:, None]
    cov[:, :, 1] *= keep[:, None]
    cov[:, 1, 1] += new_g2
    return mean, cov
