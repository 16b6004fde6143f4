"""The agent's own file: a new text is on trial until the agent runs by it, and is taken back when it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.agent_file import STARTS_MAX, AgentFile

OLD, NEW = "store = 'a'\n", "store = 'b'\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "bay.toml"
    path.write_text(OLD)
    path.chmod(0o640)
    return path


def start(path: Path) -> AgentFile:
    """Begin a start of the agent."""
    file = AgentFile(path)
    file.begin()
    return file


def changed(path: Path) -> AgentFile:
    """Put the new text in by the running agent, and start again."""
    start(path).replace(NEW)
    return start(path)


def test_a_text_that_the_agent_runs_by_holds(path: Path) -> None:
    file = changed(path)
    assert file.on_trial
    file.prove()
    again = start(path)
    assert (again.on_trial, again.refusal, again.text()) == (None, None, NEW)
    assert (path.with_name("bay.toml.before").read_text(), path.stat().st_mode & 0o777) == (OLD, 0o640)


def test_a_text_the_agent_cannot_run_by_is_taken_back_and_kept_aside(path: Path) -> None:
    assert changed(path).go_back("hardware: there is no such bus")
    again = start(path)
    assert (again.text(), path.with_name("bay.toml.refused").read_text()) == (OLD, NEW)
    assert again.refusal is not None
    assert again.refusal.refused == "hardware: there is no such bus"
    assert [again.tell_refusal(), again.tell_refusal()] == [True, False]


def test_a_text_that_kills_the_agent_is_taken_back_after_three_starts(path: Path) -> None:
    changed(path)
    for _ in range(STARTS_MAX - 1):
        assert start(path).text() == NEW
    assert start(path).text() == OLD


def test_a_refused_text_that_a_power_cut_left_in_place_is_taken_back_at_the_next_start(path: Path) -> None:
    changed(path).go_back("no")
    path.write_text(NEW)  # the last of the three writes did not reach the disk
    assert start(path).text() == OLD


def test_a_text_somebody_wrote_by_hand_is_on_no_trial(path: Path) -> None:
    changed(path)
    path.write_text("store = 'c'\n")
    file = start(path)
    assert file.on_trial is None
    assert not file.go_back("it is wrong")
    assert file.text() == "store = 'c'\n"


def test_two_changes_in_a_row_lead_back_to_what_has_held(path: Path) -> None:
    file = changed(path)
    file.replace("store = 'c'\n")
    start(path).go_back("no")
    assert start(path).text() == OLD


def test_a_folder_that_takes_no_file_leaves_the_old_text(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = start(path)
    monkeypatch.setattr("edge.agent_file.os.fsync", _full)
    with pytest.raises(OSError, match="full"):
        file.replace(NEW)
    monkeypatch.undo()
    assert start(path).text() == OLD
    assert [one.name for one in path.parent.iterdir()] == ["bay.toml"]


def _full(_handle: int) -> None:
    raise OSError(28, "full")
