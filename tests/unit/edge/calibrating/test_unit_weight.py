"""What one unit weighs is learned from additions, with an uncertainty that is true, and miscounts are noticed."""

from __future__ import annotations

import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.calibrating.unit_weight import Addition, learn

UNIT_G = 330.0


def lots(
    *units: int, told: tuple[int, ...] | None = None, spread_g: float = 0.0, noise_g: float = 0.0, seed: int = 1
) -> list[Addition]:
    draw = random.Random(seed)
    additions = []
    for really, said in zip(units, told or units, strict=True):
        weight_g = sum(draw.gauss(UNIT_G, spread_g) for _ in range(abs(really))) * (1 if really > 0 else -1)
        additions.append(Addition(said, weight_g + draw.gauss(0.0, noise_g), max(noise_g, 0.05)))
    return additions


def test_ten_and_then_one_give_mean_spread_and_agreement() -> None:
    learned = learn(lots(10, 1, spread_g=3.0, noise_g=0.3))
    assert learned.units == 11
    assert learned.unit_weight_g == pytest.approx(UNIT_G, abs=3.0)
    assert learned.unit_spread_g is not None
    assert learned.consistent


def test_one_addition_says_nothing_of_the_spread() -> None:
    learned = learn(lots(10))
    assert (learned.unit_spread_g, learned.consistent) == (None, True)


@pytest.mark.parametrize(
    ("units", "told"), [((10, 1), (11, 1)), ((9, 1), (10, 1)), ((10, 2), (10, 1)), ((-6, 1), (-7, 1))]
)
def test_a_miscount_is_noticed(units: tuple[int, ...], told: tuple[int, ...]) -> None:
    assert not learn(lots(*units, told=told, spread_g=3.0, noise_g=0.3)).consistent


def test_goods_that_differ_are_not_taken_for_a_miscount() -> None:
    agreed = [learn(lots(10, 1, spread_g=0.0115 * UNIT_G, noise_g=0.3, seed=seed)).consistent for seed in range(300)]
    assert statistics.fmean(agreed) > 0.99


def test_units_taken_off_teach_as_much_as_units_put_on() -> None:
    learned = learn(lots(5, -5, 1, spread_g=1.0))
    assert learned.unit_weight_g == pytest.approx(UNIT_G, abs=2.0)
    assert learned.units == 1


def test_the_uncertainty_stated_is_how_much_learned_weights_differ() -> None:
    found = [learn(lots(1, 1, 1, 1, spread_g=4.0, noise_g=1.0, seed=seed), gain_share=0.0) for seed in range(2_000)]
    apart = statistics.stdev(one.unit_weight_g for one in found)
    assert statistics.median(one.uncertainty_g for one in found) == pytest.approx(apart, rel=0.25)


def test_a_scale_that_is_not_sure_of_its_gain_is_not_sure_of_a_unit() -> None:
    assert learn(lots(10, 1), gain_share=0.003).uncertainty_g > 0.003 * UNIT_G


@given(units=st.lists(st.integers(1, 40), min_size=1, max_size=5), gain=st.floats(0.5, 3_000.0))
def test_exact_lots_give_the_exact_weight(units: list[int], gain: float) -> None:
    learned = learn([Addition(number, gain * number, 0.1) for number in units])
    assert learned.unit_weight_g == pytest.approx(gain, rel=1e-9)
    assert learned.consistent
