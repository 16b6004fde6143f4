"""Points become a line, with an uncertainty that is true, and a third mass speaks for or against it."""

from __future__ import annotations

import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.calibrating.line import Point, check, fit, gain_is_usual, least_change
from edge.calibrating.masses import m1_error_g, uncertainty_g
from edge.calibrating.resting import RATED_COUNT, Rest

CAPACITY_G = 10_000.0
gains = st.floats(1.0, 1e4).flatmap(lambda gain: st.sampled_from([gain, -gain]))


def point(mass_g: float, count: float, *, error_count: float = 5.0, mass_error_g: float = 0.0) -> Point:
    return Point(mass_g, Rest(count, 4.0 * error_count, error_count), mass_error_g)


@given(
    zero=st.floats(-1e6, 1e6),
    gain=gains,
    goods_g=st.floats(0.0, 5_000.0),
    masses=st.sets(st.integers(1, 5_000), max_size=4),
)
def test_any_masses_and_goods_give_back_the_line_they_were_weighed_by(
    zero: float, gain: float, goods_g: float, masses: set[int]
) -> None:
    points = [point(mass_g, zero + gain * (goods_g + mass_g)) for mass_g in {0, 2_000, *masses}]
    line = fit(points, goods_g)
    assert line.counts_per_g == pytest.approx(gain, rel=1e-6)
    assert line.zero_count == pytest.approx(zero, abs=1e-6 * (1e6 + abs(gain) * CAPACITY_G))


def test_the_uncertainty_stated_is_how_much_lines_of_the_same_scale_differ() -> None:
    draw = random.Random(7)
    lines = []
    for _ in range(2_000):
        mass_error_g = 20.0
        mass_g = 2_000.0 + draw.uniform(-mass_error_g, mass_error_g)
        measured = [
            point(0.0, draw.gauss(0.0, 40.0), error_count=40.0),
            point(2_000.0, 200.0 * mass_g + draw.gauss(0.0, 40.0), error_count=40.0, mass_error_g=mass_error_g),
        ]
        lines.append(fit(measured))
    assert statistics.stdev(line.counts_per_g for line in lines) == pytest.approx(lines[0].gain_error, rel=0.05)
    assert statistics.stdev(line.zero_count for line in lines) == pytest.approx(lines[0].zero_error, rel=0.05)


def test_goods_below_the_masses_make_the_zero_less_sure_and_not_the_gain() -> None:
    points = [point(0.0, 1_200_000.0), point(2_000.0, 1_600_000.0)]
    empty, stocked = fit(points), fit(points, goods_g=6_000.0)
    assert stocked.counts_per_g == empty.counts_per_g
    assert stocked.zero_count == pytest.approx(empty.zero_count - 6_000.0 * 200.0)
    assert stocked.zero_error > 3.0 * empty.zero_error


def test_a_cell_that_bends_fails_at_the_third_mass_and_a_straight_one_does_not() -> None:
    line = fit([point(0.0, 0.0), point(5_000.0, 1_000_000.0)])
    straight = check(line, point(2_500.0, 500_000.0 + 200.0 * 2.0), goods_g=0.0, heaviest_g=5_000.0)
    bent = check(line, point(2_500.0, 500_000.0 + 200.0 * 30.0), goods_g=0.0, heaviest_g=5_000.0)
    assert (straight.passed, bent.passed) == (True, False)
    assert bent.error_g == pytest.approx(30.0)
    assert 5.0 < bent.limit_g < 6.0


def test_a_mass_that_may_be_off_itself_does_not_fail_a_good_cell() -> None:
    line = fit([point(0.0, 0.0), point(5_000.0, 1_000_000.0)])
    exact = point(2_500.0, 504_000.0)
    rough = point(2_500.0, 504_000.0, mass_error_g=20.0)
    assert not check(line, exact, goods_g=0.0, heaviest_g=5_000.0).passed
    assert check(line, rough, goods_g=0.0, heaviest_g=5_000.0).passed


@pytest.mark.parametrize(
    ("mass_g", "error_g"), [(1.0, 0.001), (15.0, 0.0025), (100.0, 0.005), (500.0, 0.025), (20_000.0, 1.0)]
)
def test_a_mass_of_class_m1_may_be_off_by_what_oiml_r_111_allows(mass_g: float, error_g: float) -> None:
    assert m1_error_g(mass_g) == pytest.approx(error_g)
    assert uncertainty_g(m1_error_g(mass_g)) == pytest.approx(error_g / math.sqrt(3.0))


def test_kilograms_told_as_grams_are_no_usual_gain() -> None:
    common = RATED_COUNT / CAPACITY_G
    assert gain_is_usual(common, CAPACITY_G)
    assert gain_is_usual(-2.0 * common, CAPACITY_G)
    assert not gain_is_usual(1_000.0 * common, CAPACITY_G)


def test_a_finger_is_no_mass() -> None:
    common = RATED_COUNT / CAPACITY_G
    wanted = least_change(2_000.0, 30.0, capacity_g=CAPACITY_G, counts_per_g=common)
    assert 100.0 * common < wanted < 2_000.0 * common
    assert least_change(2_000.0, 30.0, capacity_g=CAPACITY_G) < 0.2 * 2_000.0 * common
