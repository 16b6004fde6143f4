"""What counting believes before it has seen a shelf: every figure with its source, none taken from the simulator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class ScaleClass:
    """One kind of scale that may be under a product: how far off its zero and its gain are (standard deviations)."""

    probability: float
    zero_g: float
    gain: float


SCALES = (
    ScaleClass(0.90, 3.0, 0.003),
    ScaleClass(0.08, 10.0, 0.04),
    ScaleClass(0.02, 1000.0, 0.04),
)
"""Calibrated, rough, and never zeroed. Calibrated: a cheap bar cell has 0.05 % of full scale each of non-linearity,
hysteresis, repeatability and temperature error (Seeed 500 g cell, data sheet): 0.1 % together, taken three times for
gain; zero moves 0.05 % of 10 kg = 5 g in 10 C. Rough: scales of the CPS-IoT 2020 competition were off by up to 9 %
(two sigma), and 11 of 348 of that store's plates had zeros off by hundreds of grams or more."""

SPREAD_SHARE = 0.0115
"""Spread of single units where the catalogue names none: median coefficient of variation of 81 products (AIM3S)."""

WEIGHINGS = 4
"""A catalogue weight is the mean of so few weighings (AIM3S: 294 weighings of 81 products)."""

TRUST_OLD = 0.9
"""How likely the count of before is still right when a plate was calibrated: most are calibrated again for good order,
some because they were wrong. A guess that only matters where the weight leaves a choice."""

NOISE_MIN_G = 0.3
"""No plate at rest is trusted below this: quantisation of real shelf plates 0.24 g (CPS-IoT 2020)."""

HASTE = 3.0
"""A weight whose noise was so many times the present one was taken before the shelf was calm (three sigma)."""


@dataclass(frozen=True, slots=True)
class SpillClass:
    """One kind of shelf: which share of a load neighbours take (moves between plates), and which leaves the shelf."""

    probability: float
    share: float
    leak: float


SPILLS = (SpillClass(0.7, 0.01, 0.003), SpillClass(0.3, 0.12, 0.03))
"""Plates apart, and plates that touch: in the CPS-IoT 2020 recording one item laid 3 to 18 % of its weight on
neighbouring plates ("an interaction with one plate will most certainly cause weight changes on other plates too",
Multi Person Shopping, section 3.2.1)."""

NOTHING, TAKEN, PUT = 0.10, 0.60, 0.30
"""What a touched component saw, before weighing it: nothing of its own, units taken, units put. Weak on purpose: the
weight decides. (CPS-IoT 2020 labels: 181 of 237 events are picks, 56 are put-backs.)"""

FOREIGN_PUT, FOREIGN_LOST = 0.02, 0.002
"""Something that is not a unit of the shelf's goods was put there; or weight left that was no unit (an opened pack).
The competition's winners name wrong places among their main errors, but not how often: one touch in fifty is a guess
that only matters when no number of units explains the weight."""

FOREIGN_LEAVES = 0.2
"""What does not belong somewhere is likely to be the next thing to leave."""

FOREIGN_KEPT = 0.01
"""What may be foreign with this probability is kept in mind: promises are made at 99 % (design section 5)."""

FOREIGN_MAX = 8
"""So many foreign things on one component are kept in mind, the newest."""

FOREIGN_G = 1000.0
"""Standard deviation of a weight we know nothing of: most of a shop's goods weigh below 1 kg (AIM3S products)."""

SEVERAL = 0.03
"""One hand mostly moves one product: 8 of the 237 labelled events of the CPS-IoT 2020 competition hold several."""

OVERFULL = 5.0
"""Twice of what a planogram says fits is e^5 times less likely than what fits."""

PLACE_SHARE = 0.15
"""A product's weight lies on its own plates, but for a share of about this (see SPILLS)."""


def steps_prior(steps: np.ndarray, capacity: int) -> np.ndarray:
    """Return the prior of taking (negative) or putting (positive) so many units, not 0; `steps` has any shape.

    Few units are likelier than many, with a tail heavy enough for a sweep or a refill: 1/k², and half of what is put
    is a refill of any size up to capacity.
    """
    size = np.abs(steps)
    few = 6.0 / np.pi**2 / np.maximum(size, 1) ** 2
    refill = np.where(size <= max(capacity, 1), 1.0 / max(capacity, 1), 1e-6)
    prior: np.ndarray = np.where(steps < 0, TAKEN * few, PUT * (0.5 * few + 0.5 * refill))
    return prior
