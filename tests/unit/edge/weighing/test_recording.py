"""Real scales (CPS-IoT Week 2020, cps-test-01): the two true picks are found, at 60 samples/s and at 10 of any phase.

Nothing in the weigher is fitted to the recording; what was labelled stands in the data's README.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from contract.ids import PlateId, ShelfId
from contract.records import WeightRecord
from edge.weighing.shelf import ShelfWeigher

TEST_DATA_VARIABLE = "LIVESHELF_TEST_DATA"
ROOT = Path(__file__).resolve().parents[4]
PLATES = Path(os.environ.get(TEST_DATA_VARIABLE) or ROOT.parent / "shared" / "data") / "weight_cps2020" / "plates_csv"

pytestmark = pytest.mark.skipif(
    not PLATES.is_dir(), reason=f"no recorded plates: set {TEST_DATA_VARIABLE} to the folder that holds weight_cps2020"
)

LABEL_S_MAX = 3.0
"""Labels are whole seconds."""

Series = Sequence[tuple[float, float]]
"""Unix seconds and grams."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """What a shelf told when it came to rest."""

    at_s: float
    change_g: float
    changes: dict[str, float]


def _samples(path: Path) -> Series:
    rows = (line.split(",") for line in path.read_text(encoding="ascii").splitlines())
    return [(float(at_s), float(weight_g)) for at_s, weight_g in rows]


def _averaged(series: Series) -> Series:
    cuts = (series[start : start + 6] for start in range(0, len(series) - 5, 6))
    return [(sum(at_s for at_s, _ in cut) / 6, sum(weight_g for _, weight_g in cut) / 6) for cut in cuts]


def _thinned(series: Series, sampling: str) -> Series:
    match sampling:
        case "60 Hz":
            return series
        case "averaged":
            return _averaged(series)
        case _:
            return series[int(sampling.removeprefix("phase ")) :: 6]


def _episodes(shelf: str, sampling: str) -> list[Episode]:
    series = {path.stem: _thinned(_samples(path), sampling) for path in sorted(PLATES.glob(f"{shelf}_plate_*.csv"))}
    assert series, f"no plates of {shelf} in {PLATES}"
    origin_s = min(plate[0][0] for plate in series.values())
    weigher = ShelfWeigher(ShelfId(shelf), [PlateId(plate) for plate in series], heartbeat_s=30.0)
    samples = sorted((at_s, plate, weight_g) for plate, rows in series.items() for at_s, weight_g in rows)
    for at_s, plate, weight_g in samples:
        weigher.add(PlateId(plate), round((at_s - origin_s) * 1000), weight_g)
    records = weigher.tick(round((samples[-1][0] - origin_s) * 1000))
    return list(_gather([record for record in records if record.kind == "step"], origin_s))


def _gather(steps: Sequence[WeightRecord], origin_s: float) -> Iterator[Episode]:
    for mono_ms in sorted({step.mono_ms for step in steps}):
        changes = {
            step.plate: step.weight_g - step.before_g
            for step in steps
            if step.mono_ms == mono_ms and step.before_g is not None
        }
        yield Episode(at_s=origin_s + mono_ms / 1000, change_g=sum(changes.values()), changes=changes)


SAMPLINGS = ["60 Hz", "averaged", *(f"phase {phase}" for phase in range(6))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What the people who made the recording wrote down, and by how much it moved the scales (the data's README)."""

    shelf: str
    at_s: float
    change_g: float
    plate: str


FIRE = Label(shelf="gondola_2_shelf_5", at_s=1_580_250_255.0, change_g=-100.0, plate="gondola_2_shelf_5_plate_4")
"""2020-01-28 22:24:15 UTC, a Taco Bell Fire sauce."""

FIJI = Label(shelf="gondola_1_shelf_5", at_s=1_580_250_261.0, change_g=-581.0, plate="gondola_1_shelf_5_plate_10")
"""22:24:21 UTC, half a litre of FIJI water."""


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("label", [FIRE, FIJI], ids=["fire", "fiji"])
def test_the_labelled_pick_is_the_only_large_episode_of_its_shelf(sampling: str, label: Label) -> None:
    episodes = _episodes(label.shelf, sampling)
    [pick] = [episode for episode in episodes if abs(episode.change_g) > abs(label.change_g) / 2]
    assert abs(pick.at_s - label.at_s) <= LABEL_S_MAX
    assert pick.change_g == pytest.approx(label.change_g, rel=0.06)
    assert min(pick.changes, key=lambda name: pick.changes[name]) == label.plate
    assert len(episodes) <= 3, "vibration makes few episodes"


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("shelf", ["gondola_1_shelf_6", "gondola_3_shelf_2", "gondola_4_shelf_2"])
def test_a_shelf_nobody_touched_tells_no_step_that_goods_could_make(sampling: str, shelf: str) -> None:
    episodes = _episodes(shelf, sampling)
    assert len(episodes) <= 1
    assert all(abs(episode.change_g) < 5.0 for episode in episodes)
