"""What a killed server leaves behind: processes still ending, and files that name a process that is gone."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from database.errors import EmbeddedServerError
from database.socket_folder import SOCKET_NAME

PID_FILE = "postmaster.pid"
POLL_S = 0.05
WAIT_S_MAX = 10.0
"""After kill -9 of the server its backends notice within seconds; more is a fault somebody must look at."""


def clear_remains(cluster: Path, socket_folder: Path) -> None:
    """Stop what an owner killed with -9 left running in a data directory and remove its lock files.

    Only the owner of the data directory may call this. PostgreSQL itself cannot tell a reused process number from a
    running server and would refuse to start; here every process standing in the data directory is known, because
    PostgreSQL's processes all do. Raises EmbeddedServerError when they do not end.
    """
    deadline_s = time.monotonic() + WAIT_S_MAX
    _interrupt_server(cluster)
    while pids := list(processes_in(cluster)):
        if time.monotonic() > deadline_s:
            raise EmbeddedServerError(f"{cluster}: still used by process {pids[0]}, which does not end")
        time.sleep(POLL_S)
    for lock in (cluster / PID_FILE, socket_folder / SOCKET_NAME, socket_folder / f"{SOCKET_NAME}.lock"):
        lock.unlink(missing_ok=True)


def processes_in(folder: Path) -> Iterator[int]:
    """Return the processes whose working directory is this folder, as far as we may see them."""
    wanted = folder.resolve()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            found = (entry / "cwd").readlink()
        except OSError:
            continue
        if found == wanted:
            yield int(entry.name)


def server_pid(cluster: Path) -> int | None:
    """Return the process number in the pid file, or None."""
    lines = _pid_lines(cluster)
    return int(lines[0]) if lines and lines[0].isdigit() else None


def is_ready(cluster: Path) -> bool:
    """Tell whether the server says in its pid file that it takes connections (as pg_ctl reads it)."""
    lines = _pid_lines(cluster)
    return len(lines) >= 8 and lines[7].strip() == "ready"  # LOCK_FILE_LINE_PM_STATUS in miscadmin.h


def _interrupt_server(cluster: Path) -> None:
    pid = server_pid(cluster)
    if pid is not None and pid in processes_in(cluster):
        os.kill(pid, signal.SIGINT)


def _pid_lines(cluster: Path) -> list[str]:
    try:
        return (cluster / PID_FILE).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
