"""The main job on real input: a recording of real scales becomes exactly the two picks that happened in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("LIVESHELF_TEST_DATA", ROOT.parent / "shared" / "data")) / "weight_cps2020"

TRUE_PICKS = {
    "TACO-BELL-FIRE": datetime(2020, 1, 28, 22, 24, 15, tzinfo=UTC),
    "FIJI-WATER-5-LTR": datetime(2020, 1, 28, 22, 24, 21, tzinfo=UTC),
}
"""Labels of recording cps-test-01, by hand, in whole seconds."""

LABELS_WITHIN_S = 3.0
EVERY = 6
"""60 Hz to 10 Hz: the slow rate of an HX711."""

pytestmark = [
    pytest.mark.journey,
    pytest.mark.skipif(
        not DATA.is_dir(),
        reason=f"RECORDED SCALES NOT TESTED: no {DATA}; point LIVESHELF_TEST_DATA at the folder of evaluation data",
    ),
]

COMMAND = [sys.executable, "-m", "liveshelf", "replay"]


def replay(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=ROOT)


def recordings() -> list[Path]:
    return sorted((DATA / "plates_csv").glob("*.csv"))


def assert_the_two_true_picks(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert {event["sku"] for event in events} == set(TRUE_PICKS)
    assert len(events) == len(TRUE_PICKS)
    for event in events:
        assert set(event) == {"kind", "time", "position", "sku", "quantity", "probability"}
        assert (event["kind"], event["quantity"]) == ("pick", 1)
        assert abs(datetime.fromisoformat(event["time"]) - TRUE_PICKS[event["sku"]]).total_seconds() <= LABELS_WITHIN_S
        assert event["probability"] > 0.95


def thinned(source: Path, folder: Path, phase: int) -> Path:
    lines = source.read_text().splitlines()[phase::EVERY]
    path = folder / source.name
    path.write_text("\n".join(lines) + "\n")
    return path


def averaged(source: Path, folder: Path) -> Path:
    samples = [tuple(map(float, line.split(","))) for line in source.read_text().splitlines()]
    groups = [samples[start : start + EVERY] for start in range(0, len(samples) - EVERY + 1, EVERY)]
    means = [(sum(time for time, _ in group) / EVERY, sum(weight for _, weight in group) / EVERY) for group in groups]
    path = folder / source.name
    path.write_text("".join(f"{time!r},{weight!r}\n" for time, weight in means))
    return path


def test_a_recording_of_real_scales_gives_its_two_true_picks_and_nothing_else() -> None:
    done = replay("--json", "--planogram", DATA / "planogram_liveshelf.csv", *recordings())
    assert_the_two_true_picks(done)
    assert done.stderr.splitlines() == [
        "liveshelf: plate gondola_4_shelf_4_plate_11: no position names it; it gives no event"
    ]


def test_the_same_recording_averaged_to_10_hz_gives_the_same(tmp_path: Path) -> None:
    files = [averaged(source, tmp_path) for source in recordings()]
    assert_the_two_true_picks(replay("--json", "--planogram", DATA / "planogram_liveshelf.csv", *files))


@pytest.mark.parametrize("phase", range(EVERY))
def test_every_sixth_sample_gives_the_same_wherever_the_sampling_began(tmp_path: Path, phase: int) -> None:
    files = [thinned(source, tmp_path, phase) for source in recordings()]
    assert_the_two_true_picks(replay("--json", "--planogram", DATA / "planogram_liveshelf.csv", *files))


def test_a_person_reads_a_table() -> None:
    done = replay("--planogram", DATA / "planogram_liveshelf.csv", *recordings())
    assert done.returncode == 0, done.stderr
    assert "TACO-BELL-FIRE" in done.stdout
    assert "FIJI-WATER-5-LTR" in done.stdout


def test_columns_of_another_planogram_are_renamed(tmp_path: Path) -> None:
    theirs = tmp_path / "planogram.csv"
    heading, _, rest = (DATA / "planogram_liveshelf.csv").read_text().partition("\n")
    theirs.write_text(heading.replace("sku", "item no").replace("bay", "gondola") + "\n" + rest)
    done = replay("--json", "--planogram", theirs, "--column", "item no=sku", "--column", "gondola=bay", *recordings())
    assert_the_two_true_picks(done)


def test_a_wrong_input_is_one_clear_error_and_no_event(tmp_path: Path) -> None:
    folder = tmp_path / "plates"
    shutil.copytree(DATA / "plates_csv", folder)
    broken = folder / recordings()[0].name
    broken.chmod(0o644)
    broken.write_text(broken.read_text().replace(",", ";", 1))
    done = replay("--json", "--planogram", DATA / "planogram_liveshelf.csv", *sorted(folder.glob("*.csv")))
    assert done.returncode == 2
    assert done.stdout == ""
    assert "line 1" in done.stderr
    assert "unix_seconds,grams" in done.stderr
