"""How a bay shakes: at 8 to 10 Hz, as hard as recorded, part of it common to its plates."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import pytest

from firmware_sim.vibration import Tone, Vibration


def shake(tones: Sequence[Tone], *, seconds: int = 120, rate_hz: int = 60) -> list[float]:
    times_ms = [1000.0 * sample / rate_hz for sample in range(seconds * rate_hz)]
    return [
        sum(tone.amplitude_g * math.sin(tone.radians_per_ms * at_ms + tone.phase) for tone in tones)
        for at_ms in times_ms
    ]


def test_a_bay_shakes_the_same_way_in_every_process() -> None:
    assert Vibration(7, "bay-1").tones("p", averaged_ms=0.0) == Vibration(7, "bay-1").tones("p", averaged_ms=0.0)
    assert Vibration(7, "bay-1").level_g != Vibration(7, "bay-2").level_g


def test_all_tones_lie_in_the_band_of_footfall() -> None:
    tones = [tone for bay in range(50) for tone in Vibration(7, f"bay-{bay}").tones("p", averaged_ms=0.0)]
    assert all(8.0 <= tone.radians_per_ms * 1000.0 / math.tau <= 10.0 for tone in tones)


def test_bays_shake_as_hard_as_the_recorded_ones() -> None:
    levels_g = sorted(Vibration(7, f"bay-{bay}").level_g for bay in range(1000))
    assert statistics.median(levels_g) == pytest.approx(0.68, rel=0.15)
    assert levels_g[-1] == 3.07
    assert levels_g[880] < 3.07


def test_a_plate_moves_by_the_level_of_its_bay() -> None:
    vibration = Vibration(7, "bay-1")
    moved_g = shake(vibration.tones("p", averaged_ms=0.0), seconds=1200)
    assert statistics.pstdev(moved_g) == pytest.approx(vibration.level_g, rel=0.02)


def test_plates_of_a_bay_share_part_of_the_shaking() -> None:
    vibration = Vibration(7, "bay-1")
    left, right = (shake(vibration.tones(plate, averaged_ms=0.0), seconds=1200) for plate in ("l", "r"))
    assert statistics.correlation(left, right) == pytest.approx(0.4, abs=0.05)


def test_a_converter_at_10_samples_a_second_averages_most_of_it_away() -> None:
    vibration = Vibration(7, "bay-1")
    slow_g = statistics.pstdev(shake(vibration.tones("p", averaged_ms=100.0)))
    fast_g = statistics.pstdev(shake(vibration.tones("p", averaged_ms=12.5)))
    assert slow_g < 0.25 * vibration.level_g
    assert fast_g > 0.95 * vibration.level_g


def test_a_shelf_on_bedrock_does_not_shake() -> None:
    assert all(tone.amplitude_g == 0.0 for tone in Vibration(7, "bay-1", scale=0.0).tones("p", averaged_ms=100.0))


def test_negative_shaking_is_refused() -> None:
    with pytest.raises(ValueError, match="vibration: found -1, expected 0 or more"):
        Vibration(7, "bay-1", scale=-1)
