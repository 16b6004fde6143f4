"""The systemd units of a server fit its programs, and let them do no more than they need."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.source_tree import ROOT

UNITS = sorted(unit for unit in (ROOT / "deploy/systemd").glob("*.service") if unit.stem != "liveshelf-edge")
EXPOSURE_MAX = 20
"""Tenths, as `systemd-analyze security` counts: below 2 of 10. They need a network and no device."""

STOP_S = 10.0
"""A gateway told to stop is gone by then, whatever it was doing."""


def values(unit: Path, key: str) -> list[str]:
    lines = unit.read_text(encoding="utf-8").splitlines()
    return [line.partition("=")[2] for line in lines if line.startswith(f"{key}=")]


def test_there_is_a_unit_for_every_program_of_a_server() -> None:
    assert [unit.stem for unit in UNITS] == ["liveshelf-gateway@", "liveshelf-pages", "liveshelf-worker"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_starts_a_program_that_exists_and_never_gives_it_up(unit: Path) -> None:
    [command] = values(unit, "ExecStart")
    python, flag, module, *_ = command.split()
    assert (python, flag) == ("/opt/liveshelf/bin/python", "-m")
    assert importlib.util.find_spec(f"{module}.__main__") is not None
    assert values(unit, "Restart") == ["always"]
    assert values(unit, "StartLimitIntervalSec") == ["0"]
    assert float(values(unit, "TimeoutStopSec")[0]) > STOP_S


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_holds_no_secret_and_may_write_nowhere(unit: Path) -> None:
    assert "/etc/liveshelf/server.env" in values(unit, "EnvironmentFile")
    assert "PASSWORD" not in unit.read_text(encoding="utf-8").upper()
    assert values(unit, "ProtectSystem") == ["strict"]
    assert not values(unit, "ReadWritePaths")
    assert not values(unit, "StateDirectory")
    assert values(unit, "User") == ["liveshelf"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_finds_no_fault_in_a_unit_and_calls_it_well_closed(unit: Path, tmp_path: Path) -> None:
    here = tmp_path / unit.name.replace("@", "@main-street")
    here.write_text(re.sub(r"(?m)^ExecStart=\S+", f"ExecStart={sys.executable}", unit.read_text(encoding="utf-8")))
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
