"""What a plate feels: goods, noise, a ring after a change, creep over half an hour and the warmth of the day."""

from __future__ import annotations

import statistics
from dataclasses import replace

import pytest

from firmware_sim.load_cell import LoadCell, cell_for
from firmware_sim.plate import LoadedPlate
from firmware_sim.vibration import Vibration

SECOND_MS = 1000.0
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
PERFECT = replace(
    cell_for(7, "p"), non_linearity_g=0.0, creep_share=0.0, zero_g_per_c=0.0, span_share_per_c=0.0, counts_per_g=200.0
)


def plate_of(cell: LoadCell, *, load_g: float, shaking: float = 0.0, rate_sps: float = 10.0) -> LoadedPlate:
    plate = LoadedPlate(cell, seed=7, vibration=Vibration(7, "bay-1", scale=shaking), rate_sps=rate_sps)
    plate.place(load_g, 0.0)
    return plate


def grams(plate: LoadedPlate, cell: LoadCell, at_ms: float) -> float:
    """Weigh for 20 s in ten thousand conversions, so that noise is gone."""
    counts = [plate.signal(at_ms + 0.1 * number) for number in range(10_000)]
    return (statistics.fmean(counts) - cell.zero_count) / cell.counts_per_g


def test_the_same_plate_gives_the_same_counts_in_every_process() -> None:
    def counts(seed: int) -> list[float]:
        plate = LoadedPlate(cell_for(seed, "p"), seed=seed, vibration=Vibration(seed, "bay-1"), rate_sps=10.0)
        plate.place(500.0, 0.0)
        return [plate.signal(100.0 * number) for number in range(50)]

    assert counts(7) == counts(7)
    assert counts(7) != counts(8)


@pytest.mark.parametrize("load_g", [-200.0, 0.0, 1.0, 538.0, 10_000.0])
def test_a_perfect_cell_feels_the_goods(load_g: float) -> None:
    assert grams(plate_of(PERFECT, load_g=load_g), PERFECT, MINUTE_MS) == pytest.approx(load_g, abs=0.01)


@pytest.mark.parametrize(("rate_sps", "noise_g"), [(10.0, 21.47 / 200.0), (80.0, 38.65 / 200.0)])
def test_noise_is_that_of_the_converter_at_its_rate(rate_sps: float, noise_g: float) -> None:
    plate = plate_of(PERFECT, load_g=0.0, rate_sps=rate_sps)
    felt_g = [plate.signal(number) / PERFECT.counts_per_g for number in range(20_000)]
    assert statistics.stdev(felt_g) == pytest.approx(noise_g, rel=0.03)


def test_noise_is_white() -> None:
    plate = plate_of(PERFECT, load_g=0.0)
    counts = [plate.signal(100.0 * number) for number in range(20_000)]
    assert abs(statistics.correlation(counts[1:], counts[:-1])) < 0.03


def test_shaking_adds_to_the_noise() -> None:
    still, shaken = plate_of(PERFECT, load_g=0.0, rate_sps=80.0), plate_of(PERFECT, load_g=0.0, shaking=1, rate_sps=80)
    spread = [statistics.stdev(plate.signal(12.5 * number) for number in range(4000)) for plate in (still, shaken)]
    level_count = Vibration(7, "bay-1").level_g * PERFECT.counts_per_g
    assert spread[1] ** 2 - spread[0] ** 2 == pytest.approx(level_count**2, rel=0.15)


def test_a_plate_rings_after_a_pick_and_is_at_rest_after_its_settling_time() -> None:
    plate = plate_of(PERFECT, load_g=1000.0)
    plate.signal(MINUTE_MS)
    plate.place(500.0, MINUTE_MS)
    felt_g = {
        since_ms: (plate.signal(MINUTE_MS + since_ms) - PERFECT.zero_count) / PERFECT.counts_per_g
        for since_ms in range(-50, 1000)
    }
    assert felt_g[-50] == pytest.approx(1000.0, abs=1.0)
    assert felt_g[0] == pytest.approx(1000.0, abs=1.0)
    assert min(felt_g.values()) < 400.0
    late_g = [weight_g for since_ms, weight_g in felt_g.items() if since_ms > PERFECT.settle_ms]
    assert max(abs(weight_g - 500.0) for weight_g in late_g) < 0.02 * 500.0 + 1.0


def test_a_second_pick_while_the_plate_still_rings_does_not_jump() -> None:
    plate = plate_of(PERFECT, load_g=1000.0)
    plate.signal(0.0)
    plate.place(700.0, 10.0)
    before = plate.signal(60.0)
    plate.place(400.0, 60.0)
    assert plate.signal(60.0) == pytest.approx(before, abs=2.0 * PERFECT.counts_per_g)
    assert grams(plate, PERFECT, MINUTE_MS) == pytest.approx(400.0, abs=0.01)


def test_a_load_may_come_before_the_first_conversion_is_read() -> None:
    plate = plate_of(PERFECT, load_g=1000.0)
    plate.place(400.0, 5.0)
    assert grams(plate, PERFECT, MINUTE_MS) == pytest.approx(400.0, abs=0.01)


@pytest.mark.parametrize("creep_share", [0.0005, -0.0005])
def test_creep_at_full_load_is_that_of_the_data_sheet_after_30_minutes(creep_share: float) -> None:
    cell = replace(PERFECT, creep_share=creep_share)
    plate = plate_of(cell, load_g=0.0)
    plate.signal(0.0)
    plate.place(10_000.0, 0.0)
    crept_g = {minutes: grams(plate, cell, minutes * MINUTE_MS) - 10_000.0 for minutes in (1, 10, 20, 30)}
    assert crept_g[30] == pytest.approx(creep_share * 10_000.0 * 0.95, abs=0.02)
    assert crept_g[10] == pytest.approx(creep_share * 10_000.0 * 0.632, abs=0.02)
    assert abs(crept_g[1]) < 0.5
    # OIML R 60: between 20 and 30 minutes at most 0.15 / 0.7 of it.
    assert abs(crept_g[30] - crept_g[20]) < 0.15 / 0.7 * abs(crept_g[30])


def test_goods_that_were_there_from_the_start_have_crept_already() -> None:
    cell = replace(PERFECT, creep_share=0.0005)
    plate = plate_of(cell, load_g=4000.0)
    assert grams(plate, cell, SECOND_MS) == pytest.approx(4002.0, abs=0.02)
    assert grams(plate, cell, HOUR_MS) == pytest.approx(4002.0, abs=0.02)


def test_zero_follows_the_warmth_of_the_day() -> None:
    cell = replace(PERFECT, zero_g_per_c=0.4)
    plate = plate_of(cell, load_g=1000.0)
    assert grams(plate, cell, 9 * HOUR_MS) == pytest.approx(1000.0, abs=0.02)
    assert grams(plate, cell, 15 * HOUR_MS) == pytest.approx(1000.0 + 0.4 * 4.35, abs=0.02)
    assert grams(plate, cell, 27 * HOUR_MS) == pytest.approx(1000.0 - 0.4 * 4.35, abs=0.02)


def test_gain_follows_the_warmth_of_the_day() -> None:
    cell = replace(PERFECT, span_share_per_c=0.00005)
    plate = plate_of(cell, load_g=10_000.0)
    assert grams(plate, cell, 15 * HOUR_MS) == pytest.approx(10_000.0 * (1.0 + 0.00005 * 4.35), abs=0.02)


def test_a_restarted_agent_finds_the_drift_where_it_was() -> None:
    cell = replace(PERFECT, zero_g_per_c=0.4)
    midnight_ms = 7 * HOUR_MS
    plate = LoadedPlate(cell, seed=7, vibration=Vibration(7, "b", scale=0.0), rate_sps=10.0, day_zero_ms=midnight_ms)
    plate.place(1000.0, 0.0)
    assert grams(plate, cell, midnight_ms + 15 * HOUR_MS) == pytest.approx(1000.0 + 0.4 * 4.35, abs=0.02)


def test_the_line_bends_most_at_half_load() -> None:
    cell = replace(PERFECT, non_linearity_g=5.0)
    bent_g = {load_g: grams(plate_of(cell, load_g=load_g), cell, 0.0) - load_g for load_g in (0.0, 5000.0, 10_000.0)}
    assert bent_g[0.0] == pytest.approx(0.0, abs=0.01)
    assert bent_g[5000.0] == pytest.approx(5.0, abs=0.01)
    assert bent_g[10_000.0] == pytest.approx(0.0, abs=0.01)
