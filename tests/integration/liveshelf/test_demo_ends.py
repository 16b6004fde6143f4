"""However the demo ends, nothing it started stays: Ctrl-C during its start, an impatient second one, kill -9."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.liveshelf.running import environment, liveshelf

pytestmark = [pytest.mark.journey, pytest.mark.broker, pytest.mark.database]

WAIT_S = 60.0


class Demo:
    """A demo that is starting. Its temporary files go to `folder`; `family` finds what belongs to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "liveshelf", "demo", "--headless", "--json", "--speed", "10"]
        self.process = subprocess.Popen(
            command,
            env=environment(TMPDIR=str(folder)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # as in a terminal: the signals of these tests reach the demo alone
        )

    def family(self) -> list[str]:
        """Return the command lines of all processes that live on this folder, the demo's children at any depth."""
        mark = f"TMPDIR={self.folder}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append((entry / "cmdline").read_text(encoding="utf-8", errors="replace").replace("\0", " "))
            except OSError:
                continue
        return [line for line in found if line]

    def wait_until(self, part: str) -> None:
        """Wait until a part of the store runs."""
        wait_until(lambda: any(part in line for line in self.family()) or self.process.poll() is not None)
        assert self.process.poll() is None, "the demo ended by itself"

    def wait_ended(self) -> int:
        self.process.communicate(timeout=WAIT_S)
        return self.process.returncode


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    started = Demo(tmp_path)
    yield started
    if started.process.poll() is None:
        started.process.kill()
        started.process.communicate()


@pytest.mark.parametrize("part", ["database serve", "demo.child dashboards", "firmware_sim world"])
def test_ctrl_c_during_the_start_leaves_no_process_and_no_folder(demo: Demo, part: str) -> None:
    demo.wait_until(part)
    demo.process.send_signal(signal.SIGINT)
    assert demo.wait_ended() == 130
    assert demo.family() == []
    assert list(demo.folder.iterdir()) == []


def test_an_impatient_second_ctrl_c_does_not_cut_the_stopping_short(demo: Demo) -> None:
    demo.wait_until("demo.child dashboards")
    demo.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    demo.process.send_signal(signal.SIGINT)
    demo.wait_ended()
    assert demo.family() == []
    assert list(demo.folder.iterdir()) == []


def test_the_programs_end_by_themselves_when_the_demo_is_killed(demo: Demo) -> None:
    demo.wait_until(" edge --config")
    os.kill(demo.process.pid, signal.SIGKILL)
    demo.wait_ended()
    wait_until(lambda: demo.family() == [])


def test_a_port_in_use_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        told = liveshelf("demo", "--port", str(port), "--data-dir", tmp_path / "shop")
    assert told.returncode == 1
    assert told.stderr.endswith(f"liveshelf: port {port} is in use; name another with --port, or 0 for any free one\n")
    assert list((tmp_path / "shop").iterdir()) == []


@pytest.mark.parametrize("address", ["mqtt://127.0.0.1:1", "127.0.0.1:1"])
def test_a_broker_that_is_not_there_is_said_at_once(tmp_path: Path, address: str) -> None:
    told = liveshelf("demo", "--headless", "--data-dir", tmp_path / "shop", LIVESHELF_MQTT_URL=address)
    assert told.returncode in {1, 2}
    assert "127.0.0.1:1" in told.stderr.splitlines()[-1]
    assert "Traceback" not in told.stderr
