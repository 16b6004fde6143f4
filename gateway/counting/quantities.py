"""What is said of a position: hypotheses and tags become low, pmf and basis, cut to what design section 3 allows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from math import lgamma, log

import numpy as np

from gateway.counting.belief import Floats
from gateway.counting.layout import Component
from gateway.counting.state import ComponentState, Published, ShelfState
from gateway.model import PMF_CUT, PMF_LENGTH_MAX, PositionModel, Quantity

READ_RATE = 0.9938
"""Probability that a tag that is there is present after smoothing: 99.38 % of 97 garments (University of Arkansas)."""

TAGS_TRUSTED = 0.5
"""How far the number of tags may correct a weight: as often as not, some goods of a product carry no tag."""

FROZEN_KERNEL = np.array([0.05, 0.10, 0.70, 0.10, 0.05])
"""A sensor that is not believed may hide moves: one or two units either way, three times in ten (a guess, on the wide
side; people are told to look)."""

CHANGE_MIN = 0.002
"""A quantity is said again when its probabilities moved by this much in sum, or its basis or freeze changed."""


def quantities_of(state: ShelfState, component: Component, as_of: datetime) -> list[Quantity]:
    """Return what is believed of the positions of a component, if anything is."""
    held = state.components.get(component.name)
    if held is None or held.belief is None:
        return []
    return [_weighed(state, held, place, index, as_of) for index, place in enumerate(component.positions)]


def tagged_quantity(state: ShelfState, place: PositionModel, as_of: datetime) -> Quantity:
    """Return what is believed of a position that only tags tell of.

    With c tags present, each read with probability p, and no count preferred: P(n) = C(n, c) p^(c+1) (1-p)^(n-c).
    What a person counted beyond the tags (a tag behind metal is never read) stands there as well.
    """
    present = max(0, tags_present(state, place) + state.unread.get(place.position, 0))
    upper = np.arange(present, present + 8)
    logs = [_log_choose(int(n), present) + (n - present) * log(1 - READ_RATE) for n in upper]
    pmf = np.exp(np.array(logs) - max(logs))
    return _quantity(place, present, pmf, basis=("tag",), frozen=False, as_of=as_of)


def tags_present(state: ShelfState, place: PositionModel) -> int:
    """Return how many tags of a position's product its zones hold."""
    zones = (state.zones.get(zone) for zone in place.zones)
    return len({epc for zone in zones if zone is not None for epc, sku in zone.present.items() if sku == place.sku})


def changed(quantity: Quantity, before: Published | None) -> bool:
    """Tell whether a quantity says something that was not said before."""
    if before is None or (quantity.sku, quantity.frozen, quantity.basis) != (
        before.sku,
        before.frozen,
        before.basis,
    ):
        return True
    now, then = _by_count(quantity), _by_count(before)
    return sum(abs(now.get(n, 0.0) - then.get(n, 0.0)) for n in now.keys() | then.keys()) > CHANGE_MIN


def _by_count(said: Quantity | Published) -> Mapping[int, float]:
    return {said.low + index: probability for index, probability in enumerate(said.pmf)}


def _weighed(state: ShelfState, held: ComponentState, place: PositionModel, index: int, as_of: datetime) -> Quantity:
    assert held.belief is not None
    low, pmf = held.belief.marginal(index)
    basis: tuple[str, ...] = ("weight",)
    present = tags_present(state, place)
    if present:
        pmf = pmf * _tag_factor(low, len(pmf), present)
        basis = ("weight", "tag")
    if held.frozen:
        low, pmf = _widened(low, pmf)
    return _quantity(place, low, pmf, basis=basis, frozen=held.frozen, as_of=as_of)


def _tag_factor(low: int, length: int, present: int) -> Floats:
    """Return how well each count fits the tags seen; counts below the tags seen keep what an odd tag leaves them."""
    counts = np.arange(low, low + length)
    seen = np.array(
        [
            np.exp(_log_choose(int(n), present) + present * log(READ_RATE) + (n - present) * log(1 - READ_RATE))
            if n >= present
            else 0.0
            for n in counts
        ]
    )
    factor: Floats = TAGS_TRUSTED * seen + (1 - TAGS_TRUSTED) / (present + 1)
    return factor


def _widened(low: int, pmf: Floats) -> tuple[int, Floats]:
    wide = np.convolve(pmf, FROZEN_KERNEL)
    low -= len(FROZEN_KERNEL) // 2
    if low < 0:
        wide[-low] += wide[:-low].sum()
        wide, low = wide[-low:], 0
    return low, wide


def _quantity(
    place: PositionModel, low: int, pmf: Floats, *, basis: tuple[str, ...], frozen: bool, as_of: datetime
) -> Quantity:
    pmf = pmf / pmf.sum()
    first, last = _window(pmf)
    cut = pmf[first:last] / pmf[first:last].sum()
    return Quantity(
        position=place.position,
        sku=place.sku,
        low=low + first,
        pmf=tuple(float(probability) for probability in cut),
        frozen=frozen,
        basis=basis,
        as_of=as_of,
    )


def _window(pmf: Floats) -> tuple[int, int]:
    """Return where to cut: improbable ends off, then the best `PMF_LENGTH_MAX` counts in a row."""
    likely = np.flatnonzero(pmf >= PMF_CUT)
    if len(likely) == 0:
        likely = np.array([pmf.argmax()])
    first, last = int(likely[0]), int(likely[-1]) + 1
    if last - first > PMF_LENGTH_MAX:
        sums = np.convolve(pmf[first:last], np.ones(PMF_LENGTH_MAX), mode="valid")
        first += int(sums.argmax())
        last = first + PMF_LENGTH_MAX
    return first, last


def _log_choose(total: int, part: int) -> float:
    return lgamma(total + 1) - lgamma(part + 1) - lgamma(total - part + 1)
