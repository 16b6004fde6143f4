"""An installer at a real terminal calibrates a real agent, with hands that press and lay masses on simulated cells."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.edge.fitting_agent import PLATES, WAIT_S, FittingAgent, fitting_agent
from tests.integration.liveshelf.running import liveshelf

LEFT, RIGHT = PLATES
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A pseudo terminal with a program in it. `screen` is all it has said, without colours."""

    def __init__(self, *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "liveshelf", *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
        )
        os.close(theirs)
        self.screen = ""
        self._seen = 0

    def expect(self, text: str) -> None:
        """Read on until a text that was not there before is on the screen."""
        deadline = time.monotonic() + WAIT_S
        while text not in self.screen[self._seen :]:
            assert time.monotonic() < deadline, f"not within {WAIT_S} s: {text!r}, only:\n{self.screen}"
            assert self._read(), f"ended without {text!r}:\n{self.screen}"
        self._seen += self.screen[self._seen :].index(text) + len(text)

    def type(self, line: str) -> None:
        """Type a line and press Enter."""
        os.write(self._ours, line.encode() + b"\n")

    def answer(self, question: str, line: str = "") -> None:
        """Wait for a question and answer it."""
        self.expect(question)
        self.type(line)

    def press_ctrl_c(self) -> None:
        """Interrupt the program."""
        os.killpg(self._process.pid, signal.SIGINT)

    def end(self) -> int:
        """Read to the end and return the exit code."""
        deadline = time.monotonic() + WAIT_S
        while self._process.poll() is None or self._read(0.0):
            assert time.monotonic() < deadline, f"did not end:\n{self.screen}"
            self._read(0.1)
        return self._process.returncode

    def close(self) -> None:
        """Take the terminal away."""
        self._process.kill()
        self._process.wait(WAIT_S)
        os.close(self._ours)

    def _read(self, wait_s: float = 1.0) -> bool:
        """Take what was said; return False when the program has let go of the terminal."""
        if not select.select([self._ours], [], [], wait_s)[0]:
            return wait_s > 0.0
        try:
            said = os.read(self._ours, 65_536)
        except OSError:  # EIO: nobody is on the other side any more
            return False
        self.screen += ESCAPES.sub("", said.decode(errors="replace")).replace("\r", "\n")
        return bool(said)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[FittingAgent]:
    with fitting_agent(tmp_path, store="_new") as running:
        yield running


@pytest.fixture
def terminal(agent: FittingAgent) -> Iterator[Terminal]:
    opened = Terminal("edge", "setup", "--config", str(agent.config))
    try:
        yield opened
    finally:
        opened.close()


def press(agent: FittingAgent, plate: str) -> None:
    below_g = agent.on_g[plate]
    threading.Timer(0.3, agent.lay, (plate, below_g + 800.0)).start()
    threading.Timer(0.6, agent.lay, (plate, below_g)).start()


def fit(terminal: Terminal, agent: FittingAgent, plate: str, *, goods_g: float = 0.0) -> None:
    """Answer the questions for one plate, and do what is asked."""
    terminal.expect(f"Press on {plate}")
    press(agent, plate)
    terminal.answer("What stands on it?", f"{goods_g:g}")
    terminal.answer("A known mass", "2 kg")
    terminal.expect(f"Lay 2 kg on {plate}")
    agent.soon(plate, goods_g + 2_000.0)
    terminal.answer("Another mass", "1000")
    terminal.expect("lay 1 kg")
    agent.soon(plate, goods_g + 1_000.0)
    terminal.expect("Accept, y or n [y]")
    agent.lay(plate, goods_g)
    terminal.type("")
    terminal.expect(f"CALIBRATION OF PLATE {plate}: PASSED")


def test_a_bay_is_fitted_at_the_terminal_and_weighs_rightly_afterwards(agent: FittingAgent, terminal: Terminal) -> None:
    agent.lay(RIGHT, 3_000.0)
    terminal.answer("Your name", "Ada")
    terminal.answer("Which plate?")
    fit(terminal, agent, LEFT)
    terminal.answer("how many will you put on?", "10")
    terminal.expect("Put 10 units")
    agent.soon(LEFT, 3_300.0)
    terminal.expect("And one more.")
    agent.soon(LEFT, 3_630.0)
    terminal.expect("One unit weighs 33")
    terminal.answer("Which plate?")  # the one that has not passed yet
    fit(terminal, agent, RIGHT, goods_g=3_000.0)
    terminal.answer("how many will you put on?")
    terminal.answer("Which plate?")
    assert terminal.end() == 0
    assert agent.weight_g(LEFT) == pytest.approx(3_630.0, abs=10.0)
    assert agent.weight_g(RIGHT) == pytest.approx(3_000.0, abs=10.0)
    sheet = json.loads((agent.data_dir / "sheets" / f"{LEFT}-v2.json").read_text(encoding="utf-8"))
    assert (sheet["by"], sheet["passed"]) == ("Ada", True)


def test_ctrl_c_leaves_nothing_half_done_and_whoever_comes_back_goes_on(
    agent: FittingAgent, terminal: Terminal
) -> None:
    terminal.answer("Your name", "Ada")
    terminal.answer("Which plate?", RIGHT)
    terminal.expect(f"Press on {RIGHT}")
    press(agent, RIGHT)
    terminal.answer("What stands on it?")
    terminal.answer("A known mass")
    terminal.expect("Lay 2 kg")
    terminal.press_ctrl_c()
    terminal.expect("version 1 holds")
    assert terminal.end() == 1
    assert "Traceback" not in terminal.screen
    overview = agent.facts("calibration_overview")["plates"]
    assert [(plate["session"], plate["calibration_version"]) for plate in overview] == [(False, 1), (False, 1)]
    again = Terminal("edge", "setup", "--data-dir", str(agent.data_dir), "--plate", RIGHT, "--by", "Bo")
    try:
        fit(again, agent, RIGHT)
        again.answer("how many will you put on?")
        assert again.end() == 0
    finally:
        again.close()


def test_the_sheets_of_one_board_are_taken_over_by_the_next(agent: FittingAgent, tmp_path: Path) -> None:
    config = ("--config", str(agent.config))
    agent.facts("calibration_begin", plate=LEFT)
    agent.soon(LEFT, 2_000.0)
    agent.facts("calibration_mass", plate=LEFT, mass_g=2_000.0)
    sheet = agent.facts("calibration_accept", plate=LEFT, by="Ada")["sheet"]
    agent.lay(LEFT, 0.0)
    (tmp_path / "sheet.json").write_text(json.dumps(sheet), encoding="utf-8")

    told = liveshelf("edge", "restore", str(tmp_path / "sheet.json"), *config, "--by", "Bo")
    assert (told.returncode, told.stdout.splitlines()) == (
        0,
        [f"{LEFT}: version 3 holds; lay a known mass on it and see"],
    )
    agent.wait(lambda: agent.facts("weigh", plate=LEFT)["plates"][LEFT]["resting"], "the plate is empty")
    told = liveshelf("edge", "zero", LEFT, *config, "--by", "Bo")
    assert told.stdout.startswith(f"CALIBRATION OF PLATE {LEFT}: NOT PASSED\n")
    assert "the zero was measured, the gain kept" in told.stdout

    told = liveshelf("edge", "calibration", LEFT, *config)
    assert "before:\nversion 3" in told.stdout
    told = liveshelf("edge", "calibration", *config)
    assert [line.split()[0] for line in told.stdout.splitlines()] == [LEFT, RIGHT]
    told = liveshelf("edge", "calibration", LEFT, *config, "--json")
    assert [one["reason"] for one in json.loads(told.stdout)["sheets"]] == ["zero", "restore", "new", "file"]
    told = liveshelf("edge", "calibration", "l9", *config)
    assert (told.returncode, told.stderr) == (
        1,
        f"liveshelf: plate: found 'l9', expected one of {LEFT}, {RIGHT}\n",
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--config: missing, expected the agent's TOML file, or --data-dir with its data folder"),
        (
            ("--data-dir", "nowhere"),
            "nowhere: No such file or directory, expected the data folder of an agent that runs",
        ),
        (("--config", "nowhere.toml"), "nowhere.toml: cannot be read (No such file or directory)"),
    ],
)
def test_where_no_agent_runs_it_is_one_sentence(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    told = liveshelf("edge", "setup", "--by", "Ada", *arguments)
    assert told.returncode == 2
    assert told.stderr.startswith(f"liveshelf: {said}")
    assert len(told.stderr.splitlines()) == 1


@pytest.mark.parametrize(("content", "said"), [("{}", "plate: missing"), ("[", "expected a sheet as JSON")])
def test_what_is_no_sheet_is_said(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "sheet.json").write_text(content, encoding="utf-8")
    told = liveshelf("edge", "restore", str(tmp_path / "sheet.json"), "--data-dir", str(tmp_path), "--by", "Ada")
    assert told.returncode == 2
    assert said in told.stderr
