"""Months in arrays are the hours of the chips: the same loads on the same cells read the same either way."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_sim.faults.acting import ActingFaults
from firmware_sim.faults.schedule import DAY_MS, Episode, FaultSchedule
from firmware_sim.faults.table import FaultKind, kinds_of
from firmware_sim.load_cell import LoadCell, cell_for
from firmware_sim.months.plates import Floats, PlateMonths
from firmware_sim.plate import LoadedPlate
from firmware_sim.vibration import Vibration

SEED = 7
PLATE = "b1-s1-l1"
HOUR_MS = 3_600_000.0
RATE_SPS = 10.0
CHANGES = [(0.0, 3_000.0), (2 * HOUR_MS, 2_475.0), (2.5 * HOUR_MS, 5_100.0), (5 * HOUR_MS, 400.0)]
EVERY_MS = 60_000.0
CELL = cell_for(SEED, PLATE)


def grams(cell: LoadCell, counts: Floats) -> Floats:
    weights: Floats = (counts - cell.zero_count) / cell.counts_per_g
    return weights


def by_chips(at_ms: Floats, episodes: list[Episode]) -> Floats:
    """Return the means of the seconds before these times, one conversion after the other."""
    acting = ActingFaults(((PLATE, tuple({episode.kind for episode in episodes})),))
    acting.command(episodes)
    plate = LoadedPlate(
        CELL, seed=SEED, vibration=Vibration(SEED, "bay-1"), rate_sps=RATE_SPS, faults=acting if episodes else None
    )
    changes, found = list(CHANGES), []
    plate.place(changes.pop(0)[1], 0.0)
    for end_ms in at_ms:
        while changes and changes[0][0] <= end_ms:
            at, load_g = changes.pop(0)
            plate.place(load_g, at)
        for second in reversed(range(1, round(EVERY_MS / 1_000.0))):
            plate.signal(end_ms - second * 1_000.0)
        found.append(np.mean([plate.signal(end_ms - back * 100.0) for back in reversed(range(10))]))
    return np.array(found)


def at_once(at_ms: Floats, episodes: list[Episode], changes: list[tuple[float, float]] | None = None) -> Floats:
    plate = PlateMonths(
        CELL, seed=SEED, vibration=Vibration(SEED, "bay-1"), rate_sps=RATE_SPS, episodes=episodes
    )  # fmt: skip
    return plate.counts(at_ms, changes or CHANGES)


def _episode(kind: FaultKind, size: float, begin_h: float = 3.0, end_h: float = 4.0) -> Episode:
    return Episode(kind, PLATE, begin_h * HOUR_MS, end_h * HOUR_MS, size, 1)


@pytest.mark.parametrize(
    "episodes",
    [[], [_episode("temperature_cycle", 8.0)], [_episode("creep", 0.02)], [_episode("vibration_bout", 6.0)]],
    ids=lambda episodes: episodes[0].kind if episodes else "a good day",
)
def test_eight_hours_in_arrays_read_as_they_do_chip_by_chip(episodes: list[Episode]) -> None:
    at_ms = np.arange(30_000.0, 8 * HOUR_MS, EVERY_MS)
    apart_g = grams(CELL, at_once(at_ms, episodes)) - grams(CELL, by_chips(at_ms, episodes))
    noise_g = np.std(np.diff(grams(CELL, by_chips(at_ms[:110], [])))) / np.sqrt(2.0)
    assert abs(np.mean(apart_g)) < 0.05
    assert np.max(np.abs(apart_g)) < 8.0 * noise_g + 0.2, "no step, drift or creep is another one"
    assert np.std(apart_g) == pytest.approx(np.sqrt(2.0) * noise_g, rel=0.35), "and it is as noisy"


def test_faults_of_the_plate_show_as_they_do_on_a_chip() -> None:
    at_ms = np.arange(30_000.0, 8 * HOUR_MS, EVERY_MS)
    within = (at_ms >= 3 * HOUR_MS) & (at_ms < 4 * HOUR_MS)
    assert np.isnan(at_once(at_ms, [_episode("unplugged", 0.0)])[within]).all()
    assert np.ptp(at_once(at_ms, [_episode("dead_plate", 0.0)])[within]) == 0.0
    assert np.median(grams(CELL, at_once(at_ms, [_episode("negative_plate", 900.0)])[within])) == pytest.approx(
        -900.0, abs=15.0
    )
    assert (at_once(at_ms, [_episode("overload", 6.0)])[within] == 2**23 - 1).all()


def test_three_months_of_a_plate_with_all_its_faults_come_at_once_and_the_same_every_time() -> None:
    begin_ms = 20_000.0 * DAY_MS
    at_ms = begin_ms + np.arange(0.0, 90 * DAY_MS, 30_000.0)
    episodes = FaultSchedule(SEED).episodes(PLATE, kinds_of("plate"), begin_ms, begin_ms + 90 * DAY_MS)
    changes = [(begin_ms, 3_000.0), *((begin_ms + day * DAY_MS, 3_000.0 - 25.0 * (day % 20)) for day in range(1, 90))]
    first, again = (at_once(at_ms, episodes, changes) for _ in range(2))
    assert len(first) == 259_200
    np.testing.assert_array_equal(first, again)


def test_a_plate_without_any_load_is_refused() -> None:
    with pytest.raises(ValueError, match="changes: found none"):
        PlateMonths(CELL, seed=SEED, vibration=Vibration(SEED, "bay-1"), rate_sps=RATE_SPS).counts(np.array([1.0]), [])
