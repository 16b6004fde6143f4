"""The systemd unit of the agent fits the agent: its folders, its time-outs, the kernel calls it needs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge.delivery import DRAIN_S
from edge.service_manager import RESTART_S
from edge.supervision import FEEDS_PER_WATCHDOG
from tests.house.source_tree import ROOT

UNIT = ROOT / "deploy/systemd/liveshelf-edge.service"
LINES = [line for line in UNIT.read_text(encoding="utf-8").splitlines() if "=" in line and not line.startswith("#")]
EXPOSURE_MAX = 25
"""Tenths, as `systemd-analyze security` counts: below 2.5 of 10. Network and devices, its very work, cost 2."""


def values(key: str) -> list[str]:
    return [line.partition("=")[2] for line in LINES if line.startswith(f"{key}=")]


def seconds(key: str) -> float:
    [found] = values(key)
    return float(found)


def test_the_agent_may_write_the_folder_of_its_file_and_that_of_its_records_and_nothing_else() -> None:
    [command] = values("ExecStart")
    config = Path(command.split("--config ")[1])
    assert command.split()[1:3] == ["-m", "edge"]
    assert values("ReadWritePaths") == [str(config.parent)]
    assert values("StateDirectory") == ["liveshelf"]
    assert values("ProtectSystem") == ["strict"]


def test_systemd_waits_as_long_as_the_agent_needs() -> None:
    assert values("Type") == ["notify"]
    assert seconds("TimeoutStartSec") >= RESTART_S
    assert seconds("TimeoutStopSec") > 2 * DRAIN_S
    assert seconds("WatchdogSec") > 2 * (seconds("WatchdogSec") / FEEDS_PER_WATCHDOG + 5.0)
    assert seconds("WatchdogSec") > seconds("WatchdogSec") / FEEDS_PER_WATCHDOG + DRAIN_S


def test_an_agent_that_ended_is_started_again_however_often() -> None:
    assert values("Restart") == ["always"]
    assert values("StartLimitIntervalSec") == ["0"]
    assert not values("RestartPreventExitStatus")


def test_the_agent_may_ask_whether_its_clock_is_kept() -> None:
    assert "adjtimex" in values("SystemCallFilter")[-1], "after what takes it away"
    assert not values("ProtectClock"), "it closes every device, pins too"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_finds_no_fault_in_it_and_calls_it_well_closed(tmp_path: Path) -> None:
    here = tmp_path / UNIT.name
    here.write_text(re.sub(r"(?m)^ExecStart=\S+", f"ExecStart={sys.executable}", UNIT.read_text(encoding="utf-8")))
    for arguments in (("verify",), ("security", "--offline=true", f"--threshold={EXPOSURE_MAX}")):
        told = subprocess.run(
            ["systemd-analyze", *arguments, str(here)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={**os.environ, "SYSTEMD_PAGER": ""},
        )
        assert told.returncode == 0, told.stdout + told.stderr
        assert "Unknown" not in told.stderr
