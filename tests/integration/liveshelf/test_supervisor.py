"""Real processes under the supervisor: they come back, stay away while held, and nothing starts once it has stopped."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from liveshelf.demo import patience
from liveshelf.demo.process import Program
from liveshelf.demo.supervisor import Supervisor, Turn

WAIT_S = 30.0
AWAY_S = 1.5


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Program]:
    """A program that runs until it is stopped."""
    program = Program("server", "http.server", ["0", "--bind", "127.0.0.1"], tmp_path / "server.log")
    program.start()
    yield program
    program.kill()
    program.wait_stopped()


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    made = Supervisor()
    yield made
    made.stop()


def wait_until(true: Callable[[], object]) -> None:
    deadline_s = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < deadline_s, "waited too long"
        time.sleep(0.02)


def test_a_killed_program_runs_again_and_both_is_told(running: Program, supervisor: Supervisor) -> None:
    supervisor.start([running])
    first = running.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: supervisor.restarts == {"server": 1})
    assert running.running
    assert running.pid != first
    ended, restarted = supervisor.turns()
    assert (ended.program, ended.kind, ended.how) == ("server", "ended", "was ended by SIGKILL")
    assert (restarted.program, restarted.kind) == ("server", "restarted")
    assert supervisor.turns() == []
    assert supervisor.wait_all_run(timeout_s=WAIT_S)
    assert zombies() == []


def zombies() -> list[str]:
    """Return our children that have ended and that nobody has waited for."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state == "Z" and int(parent) == os.getpid():
            found.append(stat.parent.name)
    return found


def test_a_pulled_program_stays_away_and_cannot_be_pulled_twice(running: Program, supervisor: Supervisor) -> None:
    supervisor.start([running])
    pulled_s = time.monotonic()
    assert supervisor.pull("server", away_s=AWAY_S)
    assert not supervisor.pull("server", away_s=AWAY_S)
    assert not supervisor.pull("nobody", away_s=AWAY_S)
    wait_until(lambda: supervisor.restarts == {"server": 1})
    assert time.monotonic() >= pulled_s + AWAY_S
    assert running.running


def test_a_released_program_is_let_be(running: Program, supervisor: Supervisor, tmp_path: Path) -> None:
    other = Program("other", "http.server", ["0", "--bind", "127.0.0.1"], tmp_path / "other.log")
    other.start()
    supervisor.start([running, other])
    supervisor.release([running])
    running.kill()
    other.kill()
    wait_until(lambda: supervisor.restarts == {"other": 1})
    assert not running.running
    assert supervisor.wait_all_run(timeout_s=WAIT_S)
    supervisor.stop()
    other.kill()
    other.wait_stopped()
    assert not other.running


def test_a_program_that_cannot_run_is_given_up(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "RESTARTS_PER_MINUTE_MAX", 2)
    program = Program("broken", "liveshelf.broker", ["--port", "many"], tmp_path / "broken.log")
    program.start()
    supervisor.start([program])
    wait_until(lambda: supervisor.given_up == ["broken"])
    last = supervisor.turns()[-1]
    assert last == Turn(program="broken", kind="given_up", how="ended with exit code 2")
    assert "invalid int value: 'many'" in program.last_words()
    assert supervisor.wait_all_run(timeout_s=WAIT_S)
    program.wait_stopped()
