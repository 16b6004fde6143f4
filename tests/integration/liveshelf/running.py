"""Runs the `liveshelf` command as a person does: a process of its own, with nothing but the settings given."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PREFIX = "liveshelf: "

WITHOUT = """
import importlib.util, runpy, sys
find = importlib.util.find_spec
missing = set(sys.argv[1].split(","))
importlib.util.find_spec = lambda name, package=None: None if name in missing else find(name, package)
sys.argv = ["liveshelf", *sys.argv[2:]]
runpy.run_module("liveshelf", run_name="__main__", alter_sys=True)
"""
"""Runs the command as if packages were not installed."""

ABOVE_EDGE = "psycopg,psycopg_pool,numpy,epcpy,fastapi,uvicorn,biip"


def environment(**settings: str) -> dict[str, str]:
    """Return our environment without our settings, with these."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("LIVESHELF_")}
    return {**ours, "LIVESHELF_DATA_DIR": "/nonexistent/liveshelf", **settings}


def liveshelf(*arguments: str | Path, typed: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; `typed` is what it reads."""
    command = [sys.executable, "-m", "liveshelf", *map(str, arguments)]
    return subprocess.run(
        command, input=typed, env=environment(**settings), capture_output=True, text=True, timeout=120, check=False
    )


def liveshelf_on_a_shelf(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command where only the extra `edge` is installed."""
    command = [sys.executable, "-c", WITHOUT, ABOVE_EDGE, *arguments]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=120, check=False)
