"""Starts programs again that ended by themselves, from a thread, until it is told to let them be."""

from __future__ import annotations

import signal
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from liveshelf.demo.patience import Course
from liveshelf.demo.process import POLL_S, Program

LOOK_EVERY_S = 0.1
TURNS_MAX = 1000
"""So many turns are kept for whoever asks; a headless run asks for none."""

NAME_OF_SIGNAL = {number.value: number.name for number in signal.Signals}


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What became of a program: it `ended` and is started again after `wait_s`, it `restarted` after it was away for
    `wait_s`, or it is `given_up`. `how` says how it ended.
    """

    program: str
    kind: Literal["ended", "restarted", "given_up"]
    how: str = ""
    wait_s: float = 0.0


@dataclass(slots=True)
class _Ward:
    program: Program
    course: Course
    ended_s: float | None = None
    due_s: float = 0.0
    held_until_s: float = 0.0
    restarts: int = 0
    let_be: bool = False

    @property
    def away(self) -> bool:
        return not (self.let_be or self.program.running)


class Supervisor:
    """Watches programs once `start` was called; one that is released, or given up, is not started again."""

    def __init__(self) -> None:
        self._wards: dict[str, _Ward] = {}
        self._given_up: list[str] = []
        self._turns: deque[Turn] = deque(maxlen=TURNS_MAX)
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_looking, name="supervisor", daemon=True)

    def start(self, programs: Iterable[Program]) -> None:
        """Start these programs again from now on whenever they end. To be called once."""
        now_s = time.monotonic()
        self._wards = {program.name: _Ward(program, Course(started_s=now_s)) for program in programs}
        self._thread.start()

    def stop(self) -> None:
        """Let all programs be; when this returns nothing is started any more."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def release(self, programs: Iterable[Program]) -> None:
        """Let these programs be: they are about to be stopped."""
        with self._lock:
            for program in programs:
                if program.name in self._wards:
                    self._wards[program.name].let_be = True

    def pull(self, name: str, *, away_s: float) -> bool:
        """Kill a program (SIGKILL) and keep it away for so long. Return whether it is one of ours that ran."""
        now_s = time.monotonic()
        with self._lock:
            ward = self._wards.get(name)
            if ward is None or ward.let_be or ward.held_until_s > now_s or not ward.program.running:
                return False
            ward.held_until_s = now_s + away_s
            ward.program.kill()
        return True

    def wait_all_run(self, *, timeout_s: float) -> bool:
        """Wait until every program runs that is neither released nor given up; return whether they do."""
        deadline_s = time.monotonic() + timeout_s
        while self._any_away():
            if time.monotonic() > deadline_s:
                return False
            time.sleep(POLL_S)
        return True

    @property
    def given_up(self) -> list[str]:
        """The programs that ended so often that they were given up."""
        with self._lock:
            return list(self._given_up)

    @property
    def restarts(self) -> dict[str, int]:
        """How often each program was started again, of those that were."""
        with self._lock:
            return {name: ward.restarts for name, ward in self._wards.items() if ward.restarts}

    def turns(self) -> list[Turn]:
        """Return what happened since the last call, oldest first."""
        with self._lock:
            found = list(self._turns)
            self._turns.clear()
        return found

    def _any_away(self) -> bool:
        with self._lock:
            return any(ward.away for ward in self._wards.values())

    def _keep_looking(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            with self._lock:
                for ward in self._wards.values():
                    if ward.away:
                        self._tend(ward, time.monotonic())

    def _tend(self, ward: _Ward, now_s: float) -> None:
        if ward.ended_s is None:
            ward.ended_s = now_s
            self._plan(ward, now_s)
        elif now_s >= ward.due_s:
            self._start_again(ward, now_s, away_s=now_s - ward.ended_s)

    def _plan(self, ward: _Ward, now_s: float) -> None:
        """Decide when an ended program is started again, or that it is not."""
        name, how = ward.program.name, how_it_ended(ward.program.exit_code)
        ward.course = ward.course.ended(now_s)
        if ward.course.hopeless(now_s):
            ward.let_be = True
            self._given_up.append(name)
            self._turns.append(Turn(program=name, kind="given_up", how=how))
            return
        ward.due_s = max(now_s + ward.course.pause_s, ward.held_until_s)
        self._turns.append(Turn(program=name, kind="ended", how=how, wait_s=ward.due_s - now_s))

    def _start_again(self, ward: _Ward, now_s: float, *, away_s: float) -> None:
        ward.course = ward.course.restarted(now_s)
        try:
            ward.program.start()
        except OSError:
            # No memory, no process, no room for its log: that is an end at once.
            self._plan(ward, now_s)
            return
        ward.restarts += 1
        ward.ended_s = None
        self._turns.append(Turn(program=ward.program.name, kind="restarted", wait_s=away_s))


def how_it_ended(exit_code: int | None) -> str:
    """Say in words how a process ended, by its exit code as `subprocess` has it; None: nobody knows."""
    if exit_code is None:
        return "ended"
    if exit_code >= 0:
        return f"ended with exit code {exit_code}"
    return f"was ended by {NAME_OF_SIGNAL.get(-exit_code, f'signal {-exit_code}')}"
