"""What ends under fire is started again, unless a fault keeps it down, and what nobody killed is counted."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from contract.errors import LiveShelfError
from liveshelf.chaos import upkeep
from liveshelf.chaos.diary import Diary
from liveshelf.chaos.parts import Part, doing, family, send
from liveshelf.chaos.upkeep import Upkeep
from liveshelf.chaos.world import World


class Sleeper:
    """A part that is a process which sleeps; `refuses` so many starts."""

    def __init__(self) -> None:
        self.refuses = 0
        self.ready = True
        self.process = subprocess.Popen(["sleep", "60"])

    @property
    def pid(self) -> int | None:
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    @property
    def how_ended(self) -> str:
        return f"by {self.process.poll()}"

    def start(self) -> None:
        if self.refuses:
            self.refuses -= 1
            raise LiveShelfError("not yet")
        self.process = subprocess.Popen(["sleep", "60"])

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def sleeper() -> Iterator[Sleeper]:
    started = Sleeper()
    yield started
    started.stop()


@pytest.fixture
def database() -> Iterator[Sleeper]:
    started = Sleeper()
    yield started
    started.stop()


@pytest.fixture
def diary() -> Iterator[Diary]:
    with ExitStack() as stack:
        opened = Diary(7, Console(quiet=True), None)
        stack.callback(opened.close)
        yield opened


@pytest.fixture
def tended(sleeper: Sleeper, database: Sleeper, diary: Diary, monkeypatch: pytest.MonkeyPatch) -> Upkeep:
    monkeypatch.setattr(upkeep, "RETRY_S", 0.0)
    parts: dict[str, Part] = {"sleeper": sleeper}
    world: Any = SimpleNamespace(disks={}, parts=parts, database=database)
    return Upkeep(cast("World", world), diary)


def events(diary: Diary) -> list[object]:
    return [entry["event"] for entry in diary.entries]


def test_what_ends_by_itself_is_counted_and_started_again(tended: Upkeep, sleeper: Sleeper, diary: Diary) -> None:
    sleeper.stop()
    tended.tend()
    assert sleeper.running
    assert tended.ended == {"sleeper": 1}
    assert events(diary) == ["ended", "started"]


def test_what_a_fault_keeps_down_stays_down_until_it_may_run(tended: Upkeep, sleeper: Sleeper, diary: Diary) -> None:
    tended.held.add("sleeper")
    sleeper.stop()
    tended.tend()
    assert not sleeper.running
    tended.held.discard("sleeper")
    tended.tend()
    assert sleeper.running
    assert not tended.ended
    assert events(diary) == ["started"]


def test_what_does_not_start_is_tried_again(tended: Upkeep, sleeper: Sleeper, diary: Diary) -> None:
    sleeper.refuses = 2
    sleeper.stop()
    for _ in range(3):
        tended.tend()
    assert sleeper.running
    assert events(diary) == ["ended", "down", "down", "started"]


def test_a_database_that_never_takes_connections_is_ended_and_told_of(
    tended: Upkeep, database: Sleeper, diary: Diary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "HUNG_S", -1.0)
    tended.tend()
    assert events(diary) == []
    database.ready = False
    tended.tend()
    assert database.process.wait(5) == -9
    assert events(diary) == ["hung"]
    assert "sleep 60" in str(diary.entries[0]["said"])


def test_a_family_is_a_process_and_all_its_descendants() -> None:
    shell = subprocess.Popen(["sh", "-c", "sleep 60 & echo started; wait"], stdout=subprocess.PIPE)
    assert shell.stdout is not None
    shell.stdout.readline()
    pids = family(shell.pid)
    try:
        assert pids[0] == shell.pid
        assert [doing(pid).split()[1] for pid in pids] == ["sh", "sleep"]
    finally:
        send(reversed(pids), signal.SIGKILL)
        shell.wait()
        shell.stdout.close()
