"""What is believed of a component: hypotheses of how many units there are, each with a filter of what no one can see.

The hidden state of a hypothesis is x = (zero, deviation, ratio): the weight the plates show without goods, in grams;
by how much the goods there together deviate from their mean weight, in grams; scale and catalogue error as a factor.
The plates show zero + deviation + ratio * sum(n * unit). Formulas: the Kalman measurement update (Kalman 1960; any
textbook), weighed over hypotheses as a mixture (Blackman, "Multiple hypothesis tracking", 2004).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gateway.counting.assumptions import OVERFULL, SCALES, TRUST_OLD
from gateway.counting.layout import Component

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HYPOTHESES_MAX = 256
"""So many hypotheses of one component are kept."""

WEIGHT_MIN = 1e-7
"""Hypotheses below this probability are forgotten."""

ANCHOR_MAX = 200_000
"""So many combinations of counts are looked at when goods are first seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """H hypotheses of a component of m positions.

    `counts` (H, m) units by position; `scale` (H,) which of SCALES; `weight` (H,) probabilities, sum 1; `mean` (H, 3)
    and `cov` (H, 3, 3) of x; `total_g` the summed weight of the plates this was last told, at `at_s` (unix seconds).
    """

    counts: Ints
    scale: Ints
    weight: Floats
    mean: Floats
    cov: Floats
    total_g: float
    at_s: float

    def marginal(self, position: int) -> tuple[int, Floats]:
        """Return the lowest count of a position and the probabilities of it and the ones after it."""
        counts = self.counts[:, position]
        low = int(counts.min())
        return low, np.bincount(counts - low, weights=self.weight).astype(np.float64)

    def best(self, position: int) -> int:
        """Return the most probable count of a position."""
        low, pmf = self.marginal(position)
        return low + int(pmf.argmax())


def rows_of(component: Component, counts: Ints) -> Floats:
    """Return what the plates show of x when there are so many units: (N, 3) for counts (N, m)."""
    rows = np.ones((len(counts), 3))
    rows[:, 2] = counts @ np.array(component.weight_g)
    return rows


def measured(mean: Floats, cov: Floats, rows: Floats, seen_g: float, noise_g2: Floats | float) -> tuple[Floats, Floats]:
    """Return mean and covariance of x after the plates showed `seen_g` (Kalman update, one scalar measurement)."""
    reach = np.einsum("nij,nj->ni", cov, rows)
    variance = np.einsum("ni,ni->n", rows, reach) + noise_g2
    gain = reach / variance[:, None]
    surprise = seen_g - np.einsum("ni,ni->n", rows, mean)
    return mean + gain * surprise[:, None], cov - gain[:, :, None] * reach[:, None, :]


def surprise_of(mean: Floats, cov: Floats, rows: Floats, seen_g: float) -> tuple[Floats, Floats]:
    """Return by how many grams the plates differ from what is expected, and the variance of that."""
    return seen_g - np.einsum("ni,ni->n", rows, mean), np.einsum("ni,nij,nj->n", rows, cov, rows)


def first_belief(
    component: Component, total_g: float, noise_g2: float, at_s: float, known: dict[int, int] | None = None
) -> Belief:
    """Return what the absolute weight alone says; `known` are counts by people, by index of position."""
    counts = _candidates(component, total_g, known or {})
    number = len(SCALES)
    scale = np.tile(np.arange(number), len(counts))
    counts = np.repeat(counts, number, axis=0)
    mean = np.tile(np.array([0.0, 0.0, 1.0]), (len(counts), 1))
    cov = _first_cov(component, counts, scale)
    rows = rows_of(component, counts)
    surprise, variance = surprise_of(mean, cov, rows, total_g)
    variance = variance + noise_g2
    prior = np.log(np.array([each.probability for each in SCALES]))[scale] + overfull(component, counts)
    logs = prior - 0.5 * (surprise**2 / variance + np.log(variance))
    weight = np.exp(logs - logs.max())
    keep = np.argsort(-weight, kind="stable")[:HYPOTHESES_MAX]
    mean, cov = measured(mean[keep], cov[keep], rows[keep], total_g, noise_g2)
    return pruned(
        Belief(
            counts=counts[keep], scale=scale[keep], weight=weight[keep], mean=mean, cov=cov, total_g=total_g, at_s=at_s
        )
    )


def told(component: Component, belief: Belief, known: dict[int, int], noise_g2: float) -> Belief:
    """Return the belief after a person counted some positions (index -> units). A person is believed.

    Counts no hypothesis holds are looked for anew in the absolute weight.
    """
    agrees = np.all([belief.counts[:, position] == units for position, units in known.items()], axis=0)
    if belief.weight[agrees].sum() < 1e-3:
        return first_belief(component, belief.total_g, noise_g2, belief.at_s, known)
    return pruned(_chosen(belief, np.flatnonzero(agrees)))


def shifted(belief: Belief, total_g: float, at_s: float, error_g2: float) -> Belief:
    """Return the belief after the weight moved at rest, without anyone touching the shelf: the zero moved."""
    mean, cov = belief.mean.copy(), belief.cov.copy()
    mean[:, 0] += total_g - belief.total_g
    cov[:, 0, 0] += error_g2
    return replace(belief, mean=mean, cov=cov, total_g=total_g, at_s=at_s)


def weighed_again(component: Component, belief: Belief, total_g: float, noise_g2: float) -> Belief:
    """Return the belief after a calmer weighing of the same goods: one that was taken in haste is checked by it."""
    rows = rows_of(component, belief.counts)
    surprise, variance = surprise_of(belief.mean, belief.cov, rows, total_g)
    variance = variance + noise_g2
    logs = np.log(belief.weight) - 0.5 * (surprise**2 / variance + np.log(variance))
    mean, cov = measured(belief.mean, belief.cov, rows, total_g, noise_g2)
    return pruned(replace(belief, weight=np.exp(logs - logs.max()), mean=mean, cov=cov, total_g=total_g))


def recalibrated(component: Component, before: Belief, total_g: float, noise_g2: float, at_s: float) -> Belief:
    """Return the belief after a plate got another line: what it weighs now, with what was counted before as a prior.

    The old count may have been wrong because the old line was (TRUST_OLD); where the weight is clear it decides alone.
    """
    fresh = first_belief(component, total_g, noise_g2, at_s)
    unique, group = np.unique(fresh.counts, axis=0, return_inverse=True)
    held = np.array([before.weight[(before.counts == counts).all(axis=1)].sum() for counts in unique])
    prior = TRUST_OLD * held + (1.0 - TRUST_OLD) / len(unique)
    weight = fresh.weight * prior[group.reshape(-1)]
    return pruned(replace(fresh, weight=weight / weight.sum()))


def pruned(belief: Belief) -> Belief:
    """Return the belief with equal hypotheses merged (moments matched), the improbable forgotten, summing to 1."""
    tags = np.column_stack([belief.counts, belief.scale])
    unique, group = np.unique(tags, axis=0, return_inverse=True)
    group = group.reshape(-1)
    weight = np.bincount(group, weights=belief.weight, minlength=len(unique))
    share = belief.weight / np.maximum(weight[group], 1e-300)
    mean = np.zeros((len(unique), 3))
    np.add.at(mean, group, share[:, None] * belief.mean)
    apart = belief.mean - mean[group]
    cov = np.zeros((len(unique), 3, 3))
    np.add.at(cov, group, share[:, None, None] * (belief.cov + apart[:, :, None] * apart[:, None, :]))
    merged = replace(
        belief, counts=unique[:, :-1], scale=unique[:, -1], weight=weight / weight.sum(), mean=mean, cov=cov
    )
    order = np.argsort(-merged.weight, kind="stable")[:HYPOTHESES_MAX]
    return _chosen(merged, order[merged.weight[order] > WEIGHT_MIN])


def _chosen(belief: Belief, rows: NDArray[np.intp]) -> Belief:
    weight = belief.weight[rows]
    return replace(
        belief,
        counts=belief.counts[rows],
        scale=belief.scale[rows],
        weight=weight / weight.sum(),
        mean=belief.mean[rows],
        cov=belief.cov[rows],
    )


def _candidates(component: Component, total_g: float, known: dict[int, int]) -> Ints:
    """Return the combinations of counts worth a look, (N, m)."""
    tops = [
        int(max(1.25 * place.capacity, 1.15 * total_g / weight_g) + 3)
        for place, weight_g in zip(component.positions, component.weight_g, strict=True)
    ]
    limit = int(ANCHOR_MAX ** (1 / len(tops)))
    axes = [
        np.array([known[index]]) if index in known else np.arange(min(top, limit) + 1) for index, top in enumerate(tops)
    ]
    return np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1).astype(np.int64)


def overfull(component: Component, counts: Ints) -> Floats:
    """Return the log prior of counts: any up to capacity is as likely as another, more is less likely (OVERFULL)."""
    capacity = np.array([max(place.capacity, 1) for place in component.positions])
    over = np.maximum(counts - capacity, 0) / capacity
    logs: Floats = -OVERFULL * over.sum(axis=1)
    return logs


def _first_cov(component: Component, counts: Ints, scale: Ints) -> Floats:
    spread2, error2 = np.array(component.spread_g) ** 2, np.array(component.error_g) ** 2
    alone = len(component.positions) == 1
    cov = np.zeros((len(counts), 3, 3))
    cov[:, 0, 0] = np.array([each.zero_g**2 for each in SCALES])[scale] * len(component.plates)
    cov[:, 1, 1] = counts @ spread2 + (0.0 if alone else 1.0) * (counts**2 @ error2)
    cov[:, 2, 2] = np.array([each.gain**2 for each in SCALES])[scale]
    if alone:
        cov[:, 2, 2] += error2[0] / component.weight_g[0] ** 2
    return cov
