"""What systemd hears of the agent, over a real datagram socket: of a real process too."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.service_manager import service_manager
from tests.integration.edge.fitting_agent import fitting_agent


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ears:
        ears.bind(str(tmp_path / "notify"))
        ears.settimeout(5.0)
        yield ears


def test_it_is_ready_alive_and_stopping(systemd: socket.socket) -> None:
    manager = service_manager({"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "30000000"})
    assert manager.watchdog_s == 30.0
    manager.ready("2 of 2 plates ok")
    assert systemd.recv(1000).decode() == "READY=1\nSTATUS=2 of 2 plates ok\nWATCHDOG_USEC=30000000"
    manager.alive("2 of 2 plates ok")
    assert systemd.recv(1000).decode().splitlines()[0] == "WATCHDOG=1"
    manager.stopping()
    assert systemd.recv(1000).decode().splitlines()[0] == "STOPPING=1"


def test_a_restart_in_place_has_time_to_read_a_large_outbox(systemd: socket.socket) -> None:
    manager = service_manager({"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "30000000"})
    manager.restarting()
    assert "WATCHDOG_USEC=180000000" in systemd.recv(1000).decode()


def test_an_abstract_address_works_too() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ears:
        name = f"liveshelf-test-{os.getpid()}"
        ears.bind(f"\0{name}")
        ears.settimeout(5.0)
        service_manager({"NOTIFY_SOCKET": f"@{name}"}).ready("well")
        assert ears.recv(1000).startswith(b"READY=1")


def test_without_systemd_nothing_is_told_and_a_systemd_that_went_away_harms_nobody(tmp_path: Path) -> None:
    service_manager({}).ready("well")
    service_manager({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready("well")


def test_a_watchdog_that_is_meant_for_another_process_is_none() -> None:
    environ = {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid() + 1)}
    assert service_manager(environ).watchdog_s is None
    assert service_manager({**environ, "WATCHDOG_PID": str(os.getpid())}).watchdog_s == 30.0


def hear(systemd: socket.socket, wanted: str) -> list[str]:
    """Listen until an assignment comes, and return all that came before it."""
    heard: list[str] = []
    systemd.settimeout(60.0)
    while wanted not in heard:
        heard += systemd.recv(1000).decode().splitlines()
    return heard[: heard.index(wanted)]


def test_an_agent_that_starts_again_in_place_never_tells_systemd_that_it_stops(
    systemd: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", systemd.getsockname())
    monkeypatch.setenv("WATCHDOG_USEC", "3000000")
    with fitting_agent(tmp_path) as agent:
        assert hear(systemd, "READY=1") == []
        assert "STOPPING=1" not in hear(systemd, "WATCHDOG=1")
        assert agent.tell("restart").ok
        assert "STOPPING=1" not in hear(systemd, "WATCHDOG_USEC=180000000"), (
            "systemd would kill what it takes for stopping"
        )
        assert "STOPPING=1" not in hear(systemd, "READY=1")
        hear(systemd, "WATCHDOG=1")
        agent.stop()
        hear(systemd, "STOPPING=1")


def heard_of(systemd: socket.socket) -> str | None:
    """Return what systemd is told next, None when that is nothing in its time."""
    try:
        return systemd.recv(1000).decode()
    except TimeoutError:
        return None


HANGING = """
import sys, time
from pathlib import Path
from edge.outbox.outbox import Outbox
append, hang = Outbox.append, Path(sys.argv[2]).with_name("hang")

def waits_for_the_disk(outbox, records):
    while hang.exists():
        time.sleep(0.05)
    return append(outbox, records)

Outbox.append = waits_for_the_disk
from edge.__main__ import main
sys.exit(main())
"""


def test_an_agent_whose_disk_hangs_goes_on_sampling_and_gives_no_sign_of_life(
    systemd: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", systemd.getsockname())
    monkeypatch.setenv("WATCHDOG_USEC", "3000000")
    monkeypatch.setattr("tests.integration.edge.fitting_agent.PROGRAM", [sys.executable, "-c", HANGING])
    with fitting_agent(tmp_path) as agent:
        hear(systemd, "WATCHDOG=1")
        (tmp_path / "hang").touch()
        agent.facts("weigh", plate="b1-s1-l1")
        agent.lay("b1-s1-l1", 500.0)  # a step has to be written
        systemd.settimeout(2.5)  # two signs are due in that time; some may still come for what was done before
        assert any(heard_of(systemd) is None for _ in range(6)), "signs of life while nothing can be written"
        assert agent.weighs(), "sampling goes on"
        (tmp_path / "hang").unlink()
        hear(systemd, "WATCHDOG=1")
