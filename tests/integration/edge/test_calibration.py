"""A real agent process is calibrated over its socket, masses laid on by a real world; it survives a kill."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.clock import ManualClock
from contract.records import HealthRecord, Record, WeightRecord
from edge.calibrating.sheet_log import COPY_NAME, LOG_NAME
from edge.delivery import open_outbox
from tests.integration.edge.fitting_agent import PLATES, FittingAgent, fitting_agent

LEFT, RIGHT = PLATES
TOLERANCE_G = 10.0
"""A tenth of a percent of 10 kg: what a good cell may bend, creep and drift."""


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[FittingAgent]:
    with fitting_agent(tmp_path, store="_new") as running:
        yield running


def calibrate(agent: FittingAgent, plate: str, **begin: object) -> dict[str, object]:
    below_g = agent.on_g[plate]
    agent.facts("calibration_begin", plate=plate, **begin)
    agent.soon(plate, below_g + 2_000.0)
    agent.facts("calibration_mass", plate=plate, mass_g=2_000.0)
    agent.soon(plate, below_g + 1_000.0)
    agent.facts("calibration_check", plate=plate, mass_g=1_000.0)
    agent.lay(plate, below_g)
    sheet: dict[str, object] = agent.facts("calibration_accept", plate=plate, by="Ada")["sheet"]
    return sheet


def test_a_bay_is_calibrated_plate_by_plate_and_weighs_rightly_also_after_a_power_cut(agent: FittingAgent) -> None:
    assert abs(agent.facts("weigh", plate=LEFT)["plates"][LEFT]["weight_g"]) > 10_000.0  # wild
    agent.lay(RIGHT, 3_000.0)
    sheets = [calibrate(agent, LEFT), calibrate(agent, RIGHT, goods_g=3_000.0)]
    assert [(sheet["version"], sheet["passed"]) for sheet in sheets] == [(2, True), (2, True)]
    agent.lay(LEFT, 4_000.0)
    assert agent.weight_g(LEFT) == pytest.approx(4_000.0, abs=TOLERANCE_G)
    assert agent.weight_g(RIGHT) == pytest.approx(3_000.0, abs=TOLERANCE_G)
    agent.kill()
    agent.start()
    assert agent.weight_g(LEFT) == pytest.approx(4_000.0, abs=TOLERANCE_G)
    assert agent.weight_g(RIGHT) == pytest.approx(3_000.0, abs=TOLERANCE_G)
    history = agent.facts("calibration_history", plate=LEFT)["sheets"]
    assert history[0] == sheets[0]
    assert [sheet["reason"] for sheet in history] == ["new", "file"]


def test_a_kill_in_the_middle_leaves_the_line_before_and_no_session(agent: FittingAgent) -> None:
    agent.facts("calibration_begin", plate=LEFT)
    agent.soon(LEFT, 2_000.0)
    agent.facts("calibration_mass", plate=LEFT, mass_g=2_000.0)
    agent.kill()
    agent.start()
    assert agent.tell("calibration_accept", plate=LEFT, by="Ada").facts["code"] == "no_session"
    [left, _] = agent.facts("calibration_overview")["plates"]
    assert (left["calibration_version"], left["session"]) == (1, False)


def test_another_board_takes_over_what_this_one_knew_of_its_cells(agent: FittingAgent, tmp_path: Path) -> None:
    sheet = calibrate(agent, LEFT)
    agent.close()
    (tmp_path / "second").mkdir()
    with fitting_agent(tmp_path / "second") as board:
        board.lay(LEFT, 1_500.0)
        line = {key: sheet[key] for key in ("zero_count", "counts_per_g")}
        assert board.facts("calibration_restore", plate=LEFT, by="Ada", **line)["sheet"]["version"] == 2
        assert board.weight_g(LEFT) == pytest.approx(1_500.0, abs=TOLERANCE_G)


def test_the_weight_of_a_unit_is_learned_from_ten_and_one(agent: FittingAgent) -> None:
    calibrate(agent, LEFT)
    agent.facts("unit_weight_begin", plates=[LEFT])
    agent.soon(LEFT, 3_300.0)
    agent.facts("unit_weight_add", units=10)
    agent.soon(LEFT, 3_630.0)
    assert agent.facts("unit_weight_add", units=1)["consistent"]
    assert agent.facts("unit_weight_end")["unit_weight_g"] == pytest.approx(330.0, abs=1.0)


def test_sheets_that_rotted_in_both_files_raise_an_alarm_and_the_plates_are_not_compared_with_before(
    tmp_path: Path,
) -> None:
    with fitting_agent(tmp_path) as agent:
        calibrate(agent, LEFT)
        agent.kill()
        for name in (LOG_NAME, COPY_NAME):
            content = (agent.data_dir / name).read_bytes()
            at = content.index(b'"reason":"new"')
            (agent.data_dir / name).write_bytes(content[:at] + b"#" + content[at + 1 :])
        agent.start()
        assert agent.facts("calibration_history", plate=LEFT)["sheets"][0]["reason"] == "file"
        agent.wait(lambda: all(quality != "starting" for quality in agent.qualities()), "both plates are learned anew")
        agent.stop()
        told = records(agent.data_dir)
    [alarm] = [one for one in told if isinstance(one, HealthRecord) and one.verdict == "calibration_damaged"]
    assert alarm.rejected == {"lost": 1}
    anew = {one.plate for one in told if isinstance(one, WeightRecord) and one.quality == "starting"}
    assert anew == {LEFT, RIGHT}


def records(data_dir: Path) -> list[Record]:
    """Return what the last run of an agent has made durable."""
    outbox = open_outbox(data_dir, ManualClock())
    try:
        *_, last_run = outbox.held()
        return [record for _, record in outbox.read(last_run.journal, 1, 10**6)]
    finally:
        outbox.close()
