"""A damaged outbox file: kept aside for whoever wants to look, and what is readable of it taken over."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge.outbox.rows import DamagedRow, decode_row

FILES_ASIDE_MAX = 3
"""So many damaged files are kept; an older one makes room, because a card that rots must not fill itself."""


def is_damage(error: sqlite3.Error) -> bool:
    """Tell whether SQLite says that the file itself is broken (SQLITE_CORRUPT, SQLITE_NOTADB)."""
    return _code(error) in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def is_full(error: sqlite3.Error) -> bool:
    """Tell whether SQLite says that the disk is full (SQLITE_FULL)."""
    return _code(error) == sqlite3.SQLITE_FULL


def set_file_aside(path: Path) -> Path:
    """Rename an outbox file and its log to `*.damaged-N` and return the new path."""
    kept = sorted(path.parent.glob(f"{path.name}.damaged-*[0-9]"), key=_number)
    for old in kept[: max(0, len(kept) - FILES_ASIDE_MAX + 1)]:
        old.unlink()
        old.with_name(old.name + "-wal").unlink(missing_ok=True)
    aside = path.with_name(f"{path.name}.damaged-{_number(kept[-1]) + 1 if kept else 1}")
    path.rename(aside)
    wal = path.with_name(path.name + "-wal")
    if wal.exists():
        wal.rename(aside.with_name(aside.name + "-wal"))
    return aside


def salvage(damaged: Path, into: sqlite3.Connection) -> int:
    """Copy journals, gaps and every sound record into a fresh outbox file; return how many records were saved.

    Numbers below a journal's end that cannot be read are holes, which the outbox reports as gaps, `lost`.
    """
    source = sqlite3.connect(damaged)
    saved = 0
    try:
        into.execute("BEGIN IMMEDIATE")
        journals = _readable(source, "SELECT * FROM journal ORDER BY journal_no")
        for journal in journals:
            into.execute("INSERT OR IGNORE INTO journal VALUES (?, ?, ?, ?, ?, ?, ?)", journal)
            saved += _copy_records(source, into, number=journal[0], name=journal[1])
        for table, marks in (("gap", "?, ?, ?, ?"), ("age_mark", "?, ?, ?"), ("database_epoch", "?, ?")):
            rows = list(_readable(source, f"SELECT * FROM {table}"))  # noqa: S608 - names of our own tables
            into.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", rows)  # noqa: S608 - likewise
        into.execute("COMMIT")
    finally:
        source.close()
    return saved


def _copy_records(source: sqlite3.Connection, into: sqlite3.Connection, *, number: int, name: str) -> int:
    saved = 0
    # From both ends: a broken page stops a scan, and what lies behind it is reached from the other side.
    for order in ("ASC", "DESC"):
        select = f"SELECT seq, heartbeat, row FROM record WHERE journal_no = {number:d} ORDER BY seq {order}"  # noqa: S608 - an integer and our own words
        for seq, heartbeat, row in _readable(source, select):
            with contextlib.suppress(DamagedRow):
                decode_row(name, seq, row)
                saved += into.execute(
                    "INSERT OR IGNORE INTO record VALUES (?, ?, ?, ?)", (number, seq, heartbeat, row)
                ).rowcount
    return saved


def _readable(source: sqlite3.Connection, select: str) -> Iterator[tuple[Any, ...]]:
    with contextlib.suppress(sqlite3.DatabaseError):
        yield from source.execute(select)


def _code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _number(path: Path) -> int:
    return int(path.name.rpartition("-")[2])
