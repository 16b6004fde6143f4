from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import ConfigurationError
from edge.weighing.calibration import Calibration


def test_the_empty_plate_weighs_nothing() -> None:
    assert Calibration(zero_count=84_211.0, counts_per_g=207.3).grams(84_211) == 0.0


@given(
    zero_count=st.integers(-1_000_000, 1_000_000),
    counts_per_g=st.floats(1.0, 10_000.0) | st.floats(-10_000.0, -1.0),
    weight_g=st.floats(-5_000.0, 20_000.0),
)
def test_a_weight_comes_back_from_the_count_it_makes(zero_count: int, counts_per_g: float, weight_g: float) -> None:
    count = round(zero_count + weight_g * counts_per_g)
    calibration = Calibration(zero_count=zero_count, counts_per_g=counts_per_g)
    assert calibration.grams(count) == pytest.approx(weight_g, abs=0.51 / abs(counts_per_g))


@pytest.mark.parametrize("counts_per_g", [0.0, math.nan, math.inf])
def test_a_gain_that_cannot_weigh_is_refused(counts_per_g: float) -> None:
    with pytest.raises(ConfigurationError, match=r"counts_per_g: found .*, expected"):
        Calibration(zero_count=0.0, counts_per_g=counts_per_g)


def test_a_zero_that_is_no_number_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"zero_count: found nan, expected"):
        Calibration(zero_count=math.nan, counts_per_g=1.0)
