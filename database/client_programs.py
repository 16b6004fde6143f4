"""pg_dump and pg_restore: found in the wheel of the embedded server or on the machine, run without showing a password.

Source of the rule: pg_dump reads servers of its own major version and older, pg_restore files of its own and older.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Literal

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from database.binaries import PACKAGE
from database.cluster import server_environment
from database.errors import BackupError

Name = Literal["pg_dump", "pg_restore"]
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
SAID_BYTES_MAX = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One program and its major version."""

    path: Path
    major: int


def find_program(name: Name, *, major_min: int) -> Program:
    """Return the oldest program here that is new enough. Raises BackupError saying which there are."""
    found = [Program(path=path, major=major) for path in _places(name) if (major := _major(path)) is not None]
    fit = [program for program in found if program.major >= major_min]
    if not fit:
        there = ", ".join(f"{program.major} at {program.path}" for program in found) or "none"
        raise BackupError(
            f"{name}: found {there}, expected version {major_min} or newer: install the client programs of PostgreSQL,"
            " or `pip install 'liveshelf[demo]'`"
        )
    return min(fit, key=lambda program: program.major)


def run(program: Program, arguments: list[str], url: str, *, stdin: IO[bytes] | None, stdout: IO[bytes] | None) -> None:
    """Run a program against a database, streaming from `stdin` or to `stdout`. Raises BackupError with its words."""
    parts = conninfo_to_dict(url)
    secret = {"PGPASSWORD": str(password)} if (password := parts.pop("password", None)) else {}
    command = [str(program.path), *arguments, f"--dbname={make_conninfo('', **parts)}", "--no-password"]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
        stdout=subprocess.PIPE if stdout else subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=server_environment() | secret,
    )
    with process:
        try:
            if stdin and process.stdin:
                _pour(stdin, process.stdin)
            elif stdout and process.stdout:
                shutil.copyfileobj(process.stdout, stdout)
            said = process.stderr.read() if process.stderr else b""
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        words = said[:SAID_BYTES_MAX].decode(errors="replace").split("\n", maxsplit=1)[0]
        raise BackupError(f"{program.path.name} ended with {process.returncode}: {words or 'it said nothing'}")


def _pour(source: IO[bytes], sink: IO[bytes]) -> None:
    try:
        shutil.copyfileobj(source, sink)
        sink.close()
    except BrokenPipeError:
        pass  # it ended early: what it said tells why


def _places(name: Name) -> Iterator[Path]:
    spec = find_spec(PACKAGE)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        yield Path(folder) / "pginstall" / "bin" / name
    on_path = shutil.which(name)
    if on_path is not None:
        yield Path(on_path)


def _major(path: Path) -> int | None:
    try:
        told = subprocess.run([str(path), "--version"], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    match = _VERSION.search(told.stdout)
    return int(match.group(1)) if match else None
