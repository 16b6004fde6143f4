"""One program of the store as a child process: started with its log, waited for, stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from contract.errors import LiveShelfError

POLL_S = 0.05
STOP_WAIT_S = 20.0
LOG_TAIL_LINES = 12


class ProgramDown(LiveShelfError):
    """A program of the store ended before it was ready."""


@dataclass
class Program:
    """A child process running one of our modules: `python -m module arguments`.

    Its output goes to `log`. It leads a process group of its own, so that Ctrl-C reaches the demo alone, which then
    stops its programs in order. When the demo itself ends without stopping it, it stops by itself (`demo.child`).
    """

    name: str
    module: str
    arguments: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the program, or start it again; its environment is ours with `environment` on top."""
        self._let_go()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "liveshelf.demo.child", self.module, *self.arguments],
                stdin=subprocess.PIPE,  # never written to: it closes when we are gone
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,
            )

    @property
    def running(self) -> bool:
        """Whether the program was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """How the program ended, as `subprocess` has it (-9: by SIGKILL); None while it runs or was never started."""
        return self._process.poll() if self._process else None

    @property
    def pid(self) -> int | None:
        """The process id, once started."""
        return self._process.pid if self._process else None

    def wait_ready(self, ready: Callable[[], bool], *, timeout_s: float) -> None:
        """Return when `ready` says so. Raises ProgramDown with the end of the log when it ends or takes too long."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            if not self.running:
                raise ProgramDown(f"{self.name} ended: {self.last_words()}")
            if time.monotonic() > deadline:
                raise ProgramDown(f"{self.name} was not ready after {timeout_s:.0f} s: {self.last_words()}")
            time.sleep(POLL_S)

    def ask_to_stop(self) -> None:
        """Send SIGTERM; return at once."""
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL; return at once."""
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    def wait_stopped(self, *, timeout_s: float = STOP_WAIT_S) -> bool:
        """Wait for the end; kill what does not end in time. Return whether it ended by itself."""
        if self._process is None:
            return True
        in_time = True
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            in_time = False
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._let_go()
        return in_time

    def _let_go(self) -> None:
        """Close our end of the pipe of a program that has ended."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    def stop(self) -> bool:
        """Ask to stop and wait. Return whether it ended by itself."""
        self.ask_to_stop()
        return self.wait_stopped()

    def last_words(self) -> str:
        """Return the end of its log."""
        return "\n".join(self.lines()[-LOG_TAIL_LINES:]) or "it said nothing"

    def lines(self) -> list[str]:
        """Return the lines of its log."""
        try:
            return self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return []
