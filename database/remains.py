"""What a killed program leaves behind: a server still running, and files that name a process which is gone."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from database.errors import EmbeddedServerError
from database.socket_folder import SOCKET_NAME

PID_FILE = "postmaster.pid"
_STATUS_LINE = 7
"""LOCK_FILE_LINE_PM_STATUS of PostgreSQL's miscadmin.h, counted from 0."""
POLL_S = 0.05
STOP_S_MAX = 60.0
"""A server without an owner first writes what it holds in memory, as at any clean stop."""


def clear_remains(cluster: Path, socket_folder: Path) -> None:
    """Stop a server whose owner was killed, and make its lock files harmless. Only for the owner of the data directory.

    PostgreSQL cannot tell a process number that was given out again (after a restart of a container, say) from that of
    a running server, and would refuse to start. The file is kept all the same: it leads PostgreSQL to the shared memory
    of backends that are still ending, which it must wait for. Raises EmbeddedServerError if a server does not stop.
    """
    pid = running_server(cluster)
    if pid is not None:
        os.kill(pid, signal.SIGINT)
        _wait_until_stopped(cluster)
    lines = _pid_lines(cluster)
    if lines:
        # PostgreSQL takes a file that names its own parent for stale (CreateLockFile in miscinit.c).
        (cluster / PID_FILE).write_text("\n".join([str(os.getpid()), *lines[1:], ""]), encoding="utf-8")
    for lock in (SOCKET_NAME, f"{SOCKET_NAME}.lock"):
        (socket_folder / lock).unlink(missing_ok=True)


def running_server(cluster: Path) -> int | None:
    """Return the process number of the server of a data directory; what a killed one left in its file is no server."""
    pid = _pid(_pid_lines(cluster))
    return pid if pid is not None and _serves(pid, cluster) else None


def ready_server(cluster: Path) -> int | None:
    """Return the process number of the server once its pid file says that it takes connections (as pg_ctl does)."""
    lines = _pid_lines(cluster)
    says_ready = len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == "ready"
    return running_server(cluster) if says_ready else None


def _wait_until_stopped(cluster: Path) -> None:
    deadline_s = time.monotonic() + STOP_S_MAX
    while (pid := running_server(cluster)) is not None:
        if time.monotonic() > deadline_s:
            raise EmbeddedServerError(f"{cluster}: a server without an owner, process {pid}, does not stop")
        time.sleep(POLL_S)


def _serves(pid: int, cluster: Path) -> bool:
    """Tell by its command line, which everyone may read: where the process works, root in a container may not see."""
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return Path(os.fsdecode(arguments[0])).name == "postgres" and os.fsencode(cluster) in arguments


def _pid(lines: list[str]) -> int | None:
    return int(lines[0]) if lines and lines[0].strip().isdigit() else None


def _pid_lines(cluster: Path) -> list[str]:
    try:
        return (cluster / PID_FILE).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
