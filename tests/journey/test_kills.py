"""Any one process of the store is killed with -9 and comes back by itself; at the end nothing is lost or doubled."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from database.connection import connect
from database.embedded import EmbeddedServer
from tests.integration.liveshelf.running import environment

pytestmark = [pytest.mark.journey, pytest.mark.broker, pytest.mark.database, pytest.mark.timeout(240)]

SPEED = "10"
START_WAIT_S = 60.0
BACK_WAIT_S = 40.0
CALM_S = 2.0
"""Wall seconds, twenty shop seconds, between one program's return and the next one's end."""

AGENTS = ("bay-1", "bay-2", "bay-3")
BROKER = ("liveshelf.broker", "--port")
REAL_BROKERS = (("mosquitto", "-c"), ("iotcore_child.py",))


@dataclass(frozen=True)
class Victim:
    """One process of the store: `words` of its command line, one of these rows, tell it from the others."""

    program: str
    name: str
    words: tuple[tuple[str, ...], ...]


VICTIMS = (
    Victim("broker", "broker wrapper", (BROKER,)),
    Victim("broker", "broker", REAL_BROKERS),
    Victim("gateway", "gateway", (("demo.child", "gateway"),)),
    Victim("worker", "worker", (("cloud", "worker"),)),
    Victim("web", "web", (("demo.child", "dashboards"),)),
    *(Victim(f"agent {name}", f"agent {name}", (("edge", f"{name}.toml"),)) for name in AGENTS),
    Victim("database", "database wrapper", (("database", "serve"),)),
    Victim("database", "postmaster", (("postgres", "-D"),)),
)


class Demo:
    """A running demo in `folder`, with the processes that belong to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = folder / "store"
        self.port = free_port()
        command = [sys.executable, "-m", "liveshelf", "demo", "--headless", "--json", "--speed", SPEED]
        self.told = folder / "told"
        with self.told.open("wb") as told:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port), "--data-dir", str(self.store)],
                env=environment(TMPDIR=str(folder)),
                stdout=subprocess.PIPE,
                stderr=told,
                text=True,
                start_new_session=True,
            )

    def pid(self, victim: Victim) -> int | None:
        """Return the process of this name, or None while there is none."""
        mark = f"TMPDIR={self.folder}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                    line = (entry / "cmdline").read_text(encoding="utf-8", errors="replace").replace("\0", " ")
                    if any(all(word in line for word in row) for row in victim.words):
                        found.append(int(entry.name))
            except OSError:
                continue
        return min(found, default=None)

    def kill(self, victim: Victim) -> None:
        """Kill it with -9 and wait until another one does its work."""
        pid = self.pid(victim)
        assert pid is not None, f"{victim.name} does not run"
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: self.pid(victim) not in {None, pid}, BACK_WAIT_S, f"{victim.name} does not come back")
        wait_until(self.is_whole, BACK_WAIT_S, f"the store is not whole after {victim.name} came back")

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.told.read_text()
        return "ready after" in self.told.read_text()

    def is_whole(self) -> bool:
        """Tell whether every process runs, the API answers and loads arrive in the database."""
        return all(self.pid(victim) for victim in VICTIMS) and self.answers() and self.loads()

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def loads(self) -> bool:
        """Tell whether every agent's records reach the database: a watermark of each has moved."""
        try:
            before, until = self.watermarks(), time.monotonic() + 10
            while time.monotonic() < until:
                now = self.watermarks()
                if all(now.get(agent, 0) > before.get(agent, 0) for agent in AGENTS):
                    return True
                time.sleep(0.2)
        except psycopg.OperationalError:
            pass
        return False

    def watermarks(self) -> dict[str, int]:
        with connect(EmbeddedServer(self.store / "database").url) as link:
            rows = link.execute("SELECT device, sum(seq)::bigint FROM journal_watermark GROUP BY device")
            return dict(rows.fetchall())

    def tracebacks(self) -> list[str]:
        """Return the logs of programs that met an error nobody had thought of."""
        logs = (self.store / "logs").glob("*.log")
        return [log.name for log in logs if "Traceback" in log.read_text(encoding="utf-8", errors="replace")]

    def end(self) -> dict[str, Any]:
        """Ask the demo to end and return its sum."""
        self.process.send_signal(signal.SIGINT)
        said, _ = self.process.communicate(timeout=150)
        assert said, self.told.read_text()
        summary: dict[str, Any] = json.loads(said.splitlines()[-1])
        assert self.process.returncode == 0, (summary, self.told.read_text())
        return summary


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def wait_until(true: Callable[[], bool], wait_s: float, otherwise: str) -> None:
    deadline = time.monotonic() + wait_s
    while not true():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.05)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    started = Demo(tmp_path)
    yield started
    if started.process.poll() is None:
        started.process.terminate()
        started.process.communicate(timeout=60)


def test_whatever_process_is_killed_comes_back_and_nothing_is_lost_or_doubled(demo: Demo) -> None:
    seed = random.randrange(10**6)  # --randomly-seed with the number of the run repeats it
    print(f"seed {seed}")
    chance = random.Random(seed)
    wait_until(demo.is_ready, START_WAIT_S, "the store does not start")
    for victim in chance.sample(VICTIMS, len(VICTIMS)):
        print(f"kill -9 {victim.name}")
        demo.kill(victim)
        time.sleep(chance.uniform(0, CALM_S))
    summary = demo.end()
    assert (summary["lost"], summary["duplicates"]) == (0, 0)
    assert set(summary["restarts"]) == {victim.program for victim in VICTIMS}
    assert summary["picks"] > 0
    assert demo.tracebacks() == []
