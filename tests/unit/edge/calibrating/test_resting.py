"""Counts lie still, or they do not: hands, spikes, silence and converters that are not connected."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from contract.ids import PlateId
from edge.calibrating.resting import REST_MS, is_stuck, rest_of, still_count
from edge.sampling.samples import RawSample

NOW_MS = 10_000
NOISE = 60.0
LIMIT = still_count(NOISE)


def samples(
    signal: Callable[[int], float], *, rate_sps: float = 10.0, seed: int = 1, noise: float = NOISE
) -> list[RawSample]:
    draw, period_ms = random.Random(seed), round(1000.0 / rate_sps)
    times = range(NOW_MS - 5_000, NOW_MS + 1, period_ms)
    return [RawSample(PlateId("l1"), at_ms, round(signal(at_ms) + draw.gauss(0.0, noise))) for at_ms in times]


def steady(_at_ms: int) -> float:
    return 84_000.0


@pytest.mark.parametrize("rate_sps", [10.0, 20.0, 80.0, 320.0])
def test_a_plate_nobody_touches_rests_at_any_rate(rate_sps: float) -> None:
    rest = rest_of(samples(steady, rate_sps=rate_sps), NOW_MS, LIMIT)
    assert rest is not None
    assert rest.count == pytest.approx(84_000.0, abs=4.0 * rest.error_count)
    assert rest.error_count < 0.5 * NOISE


def test_it_almost_always_does() -> None:
    found = [rest_of(samples(steady, seed=seed), NOW_MS, LIMIT) for seed in range(500)]
    assert sum(rest is None for rest in found) <= 1


@pytest.mark.parametrize("ago_ms", [300, 700, 1_000, 1_400, 1_700])
def test_a_plate_whose_load_changed_within_two_seconds_does_not(ago_ms: int) -> None:
    changed = samples(lambda at_ms: 84_000.0 + 40_000.0 * (at_ms > NOW_MS - ago_ms))
    assert rest_of(changed, NOW_MS, LIMIT) is None


def test_a_hand_that_grows_heavier_is_no_rest_however_smooth_it_is() -> None:
    leaning = samples(lambda at_ms: 84_000.0 + (at_ms - NOW_MS) * 0.5)
    assert rest_of(leaning, NOW_MS, LIMIT) is None


def test_a_spike_neither_ends_a_rest_nor_moves_it() -> None:
    spiked = samples(steady)
    quiet = rest_of(spiked, NOW_MS, LIMIT)
    spiked[-7] = RawSample(PlateId("l1"), spiked[-7].mono_ms, 4_194_302)
    rest = rest_of(spiked, NOW_MS, LIMIT)
    assert rest is not None
    assert quiet is not None
    assert rest.count == pytest.approx(quiet.count, abs=NOISE)
    assert rest.noise_count < 2.0 * NOISE


@pytest.mark.parametrize("dead_ms", [(NOW_MS - 1_200, NOW_MS - 600), (NOW_MS - 600, NOW_MS)])
def test_a_plate_that_was_silent_meanwhile_does_not_rest(dead_ms: tuple[int, int]) -> None:
    heard = [one for one in samples(steady) if not dead_ms[0] < one.mono_ms < dead_ms[1] + 1]
    assert rest_of(heard, NOW_MS, LIMIT) is None


def test_two_seconds_are_needed() -> None:
    young = [one for one in samples(steady) if one.mono_ms > NOW_MS - REST_MS + 100]
    assert rest_of(young, NOW_MS, LIMIT) is None
    assert rest_of([], NOW_MS, LIMIT) is None


def test_a_shelf_that_shook_for_minutes_does_not_make_a_hand_pass_for_rest() -> None:
    draw = random.Random(3)
    weight = {0: 0.0}
    for at_ms in range(NOW_MS - 5_000, NOW_MS + 1, 100):
        weight[at_ms] = draw.gauss(0.0, 20.0 * 215.0)  # 20 g, on a common cell of 10 kg
    shaky = samples(lambda at_ms: 84_000.0 + weight[at_ms])
    assert rest_of(shaky, NOW_MS, still_count(quiet_count=1e6)) is None


def test_a_converter_without_a_cell_gives_the_same_count_again_and_again() -> None:
    assert is_stuck(samples(steady, noise=0.0), NOW_MS)
    assert not is_stuck(samples(steady), NOW_MS)
    assert not is_stuck(samples(steady, noise=0.0)[-5:], NOW_MS)
