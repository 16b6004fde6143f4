"""The parts of a store under fire, each behind the same few words: does it run, its processes, kill it, start it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from database.embedded import EmbeddedServer
from liveshelf.broker import Broker
from liveshelf.broker_configuration import KEPT_FOLDER
from liveshelf.demo.process import Program
from liveshelf.demo.supervisor import how_it_ended


class Part(Protocol):
    """A program of the store."""

    @property
    def pid(self) -> int | None:
        """The process that leads it, once started."""
        ...

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        ...

    @property
    def how_ended(self) -> str:
        """How it ended, in words."""
        ...

    def start(self) -> None:
        """Start it, or start it again. Raises LiveShelfError or OSError."""
        ...

    def stop(self) -> None:
        """Let it end in order."""
        ...


class ProgramPart:
    """A child process with one of our modules."""

    def __init__(self, program: Program) -> None:
        self.program = program

    @property
    def pid(self) -> int | None:
        """The process number, once started."""
        return self.program.pid

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self.program.running

    @property
    def how_ended(self) -> str:
        """How it ended, and its last words."""
        return f"{how_it_ended(self.program.exit_code)}: {self.program.lines()[-1:]}"

    def start(self) -> None:
        """Start it."""
        self.program.start()

    def stop(self) -> None:
        """Ask it to stop and wait."""
        self.program.stop()


class BrokerPart:
    """The private broker, which keeps retained messages in a folder so that they can come back old, or be wiped."""

    def __init__(self, folder: Path) -> None:
        self.broker = Broker(port=0, kind="mosquitto", folder=folder, keeps=True)
        self._kept = folder / KEPT_FOLDER
        self._started = False

    @property
    def pid(self) -> int | None:
        """The process number, once started."""
        return self.broker.pid

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._started and self.broker.exit_code is None

    @property
    def how_ended(self) -> str:
        """How it ended."""
        return how_it_ended(self.broker.exit_code)

    def start(self) -> None:
        """Start it; only from the main thread, with which it ends."""
        self._started = True
        self.broker.start()

    def stop(self) -> None:
        """Stop it."""
        self.broker.stop()

    def wipe(self) -> None:
        """Remove all it keeps."""
        shutil.rmtree(self._kept, ignore_errors=True)


class DatabasePart:
    """The embedded PostgreSQL."""

    def __init__(self, folder: Path) -> None:
        self.server = EmbeddedServer(folder)
        self._started = False

    @property
    def pid(self) -> int | None:
        """The postmaster, once started."""
        return self.server.started_pid

    @property
    def ready(self) -> bool:
        """Whether it takes connections."""
        return self.server.pid is not None

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._started and self.server.owned and self.server.exit_code is None

    @property
    def how_ended(self) -> str:
        """How it ended."""
        return how_it_ended(self.server.exit_code)

    def start(self) -> None:
        """Start it and wait until it has recovered."""
        self._started = True
        self.server.start()

    def stop(self) -> None:
        """Stop it."""
        self.server.stop()


def family(pid: int) -> list[int]:
    """Return a process and all its descendants, the eldest first (proc(5), `children`)."""
    return [pid, *(one for child in _children(pid) for one in family(child))]


def doing(pid: int) -> str:
    """Return what a process says it is, and in which call of the kernel it waits (proc(5), `wchan`)."""
    said = []
    for file in ("cmdline", "wchan"):
        with contextlib.suppress(OSError):
            said.append(Path(f"/proc/{pid}/{file}").read_text(encoding="utf-8", errors="replace").strip("\0"))
    return f"{pid} {' in '.join(said)}".replace("\0", " ")


def send(pids: Iterable[int], sign: signal.Signals) -> None:
    """Send a signal to processes, as far as they are still there."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sign)


def _children(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").glob("*"):
        with contextlib.suppress(OSError):
            yield from map(int, (task / "children").read_text(encoding="ascii").split())
