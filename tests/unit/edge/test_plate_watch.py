"""A verdict says what a person should look at; it may be more than what is thought of a weight."""

from __future__ import annotations

import pytest

from contract.records import Quality, WeightRecord
from edge.plate_watch import PlateVerdict, PlateWatch

MINUTE_MS = 60_000


def watch_of(*, rate_sps: float = 10.0) -> PlateWatch:
    return PlateWatch(rate_sps=rate_sps, capacity_g=10_000.0, mono_ms=0)


def verdicts(watch: PlateWatch, *minutes: tuple[Quality, int]) -> list[PlateVerdict]:
    """Return the verdict after each minute of (quality, samples that came)."""
    return [watch.judge(quality, samples, (n + 1) * MINUTE_MS) for n, (quality, samples) in enumerate(minutes)]


def beat(mono_ms: int, weight_g: float, quality: Quality = "ok") -> WeightRecord:
    return WeightRecord(mono_ms=mono_ms, plate="l1", kind="heartbeat", weight_g=weight_g, noise_g=0.2, quality=quality)


def step(mono_ms: int, before_g: float | None, weight_g: float) -> WeightRecord:
    return WeightRecord(mono_ms=mono_ms, plate="l1", kind="step", weight_g=weight_g, before_g=before_g, noise_g=0.2)


def test_a_converter_that_gives_what_it_should_is_well() -> None:
    watch = watch_of()
    assert verdicts(watch, ("ok", 0), ("ok", 598), ("ok", 601)) == ["ok"] * 3
    assert watch.measured(1_234.567) == {"rate_sps": 10.02, "weight_g": 1_234.57}


def test_a_rate_pin_at_the_wrong_level_is_slow_and_one_slow_minute_is_not() -> None:
    watch = watch_of(rate_sps=80.0)
    assert verdicts(watch, ("ok", 0), ("ok", 4_700), ("ok", 600), ("ok", 600)) == ["ok", "ok", "ok", "slow"]
    assert watch.measured(None) == {"rate_sps": 10.0}


@pytest.mark.parametrize("quality", ["unplugged", "saturated", "starting"])
def test_a_plate_that_gave_nothing_to_count_is_not_slow_when_it_is_back(quality: Quality) -> None:
    watch = watch_of()
    told = verdicts(watch, ("ok", 0), ("ok", 600), (quality, 20), (quality, 0), ("ok", 30), ("ok", 590), ("ok", 600))
    assert told == ["ok", "ok", quality, quality, "ok", "ok", "ok"]


def test_what_a_weight_is_worth_comes_before_its_rate() -> None:
    assert verdicts(watch_of(), ("noisy", 0), ("noisy", 60), ("noisy", 60), ("ok", 60)) == [*["noisy"] * 3, "slow"]


def test_a_plate_whose_empty_weight_moves_is_drifting_and_keeps_its_weight() -> None:
    watch = watch_of()
    for minute in range(25 * 60 + 1):
        watch.weighed(beat(minute * MINUTE_MS, 3_000.0 + minute * 30.0 / (24 * 60)))
    assert watch.judge("ok", 10, 1) == "drifting"
    assert watch.measured(3_030.0)["drift_g_per_day"] == pytest.approx(30.0, abs=0.5)


def test_goods_that_leave_all_day_are_no_drift() -> None:
    watch = watch_of()
    weight_g = 9_000.0
    for minute in range(26 * 60):
        if minute % 20 == 10:
            watch.weighed(step(minute * MINUTE_MS, weight_g, weight_g - 50.0))
            weight_g -= 50.0
        watch.weighed(beat(minute * MINUTE_MS, weight_g))
    assert watch.judge("ok", 10, 1) == "ok"
    assert watch.measured(weight_g)["drift_g_per_day"] == 0.0


def test_a_neighbour_that_was_not_touched_does_not_add_its_noise_to_the_drift() -> None:
    watch = watch_of()
    for minute in range(26 * 60):
        watch.weighed(step(minute * MINUTE_MS, 2_000.0, 2_000.3))
        watch.weighed(beat(minute * MINUTE_MS, 2_000.0))
    assert watch.measured(None)["drift_g_per_day"] == 0.0


@pytest.mark.parametrize("quality", ["unplugged", "starting", "stuck", "noisy", "saturated"])
def test_goods_that_moved_while_a_plate_was_ill_are_no_drift(quality: Quality) -> None:
    watch = watch_of()
    for minute in range(26 * 60):
        ill = 600 <= minute < 620
        watch.weighed(beat(minute * MINUTE_MS, 1_000.0 if minute < 610 else 5_000.0, quality if ill else "ok"))
    assert watch.measured(None)["drift_g_per_day"] == 0.0


def test_a_rest_nothing_is_known_before_begins_anew() -> None:
    watch = watch_of()
    for minute in range(26 * 60):
        watch.weighed(beat(minute * MINUTE_MS, 1_000.0 if minute < 610 else 5_000.0))
        if minute == 609:
            watch.weighed(step(minute * MINUTE_MS, None, 5_000.0))
    assert watch.measured(None)["drift_g_per_day"] == 0.0
