"""The numbered SQL files of `database/migrations`, read as values."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from importlib.resources.abc import Traversable

from database.errors import MigrationError

NO_TRANSACTION = "-- liveshelf: no transaction"
"""First line of a step PostgreSQL refuses inside a transaction (CREATE INDEX CONCURRENTLY, refresh of a continuous
aggregate). Such a file holds one statement, and one that may run twice (IF NOT EXISTS): a kill between it and the note
that it ran repeats it."""

_FILE_NAME = re.compile(r"^(\d{4})_[a-z0-9_]+\.sql$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One migration file. `checksum` is the SHA-256 of its text, line ends as LF."""

    number: int
    name: str
    sql: str
    checksum: str

    @property
    def transactional(self) -> bool:
        """Whether the whole file is one transaction."""
        return not self.sql.startswith(NO_TRANSACTION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A row of `schema_migration`: what was applied, and at which shop time."""

    number: int
    name: str
    checksum: str
    applied_at: datetime


def read_steps(folder: Traversable | None = None) -> list[Step]:
    """Return the steps of a folder (ours by default) in order. Raises MigrationError naming a file out of order."""
    folder = files("database") / "migrations" if folder is None else folder
    paths = sorted((path for path in folder.iterdir() if path.name.endswith(".sql")), key=lambda path: path.name)
    steps = [read_step(path.name, path.read_text(encoding="utf-8")) for path in paths]
    for expected, step in enumerate(steps, start=1):
        if step.number != expected:
            raise MigrationError(f"{step.name}: found number {step.number:04}, expected {expected:04}")
    return steps


def read_step(name: str, text: str) -> Step:
    """Return one step from the name and the text of its file."""
    match = _FILE_NAME.match(name)
    if match is None:
        raise MigrationError(f"{name}: expected a name like 0007_what_it_does.sql")
    unix_text = text.replace("\r\n", "\n")
    checksum = hashlib.sha256(unix_text.encode()).hexdigest()
    return Step(number=int(match.group(1)), name=name, sql=unix_text, checksum=checksum)
