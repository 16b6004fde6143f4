"""The outbox file: its tables and the settings that make a commit survive a power cut."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

PAGE_BYTES = 4096
"""Page size of the file; also SQLite's default."""

WAL_BYTES_MAX = 4 * 1024 * 1024
"""The write-ahead log never takes more: it is folded into the file at 400 pages, and no transaction adds 600."""

_FOLD_AT_PAGES = 400

_SETTINGS = (
    f"PRAGMA page_size = {PAGE_BYTES}",
    "PRAGMA locking_mode = EXCLUSIVE",  # one process, one connection: no second checkpointer can exist
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # NORMAL lost acknowledged rows in 889 of 1,000 crash images
    f"PRAGMA wal_autocheckpoint = {_FOLD_AT_PAGES}",
    f"PRAGMA journal_size_limit = {WAL_BYTES_MAX}",
    "PRAGMA cache_size = -512",  # KiB: the agent's memory stays flat
)

_TABLES = """
CREATE TABLE IF NOT EXISTS journal (
    journal_no   INTEGER PRIMARY KEY,
    journal      TEXT NOT NULL UNIQUE,
    boot         TEXT NOT NULL,
    board_serial TEXT NOT NULL,
    started_at_s INTEGER NOT NULL,
    committed    INTEGER NOT NULL DEFAULT 0,
    forgotten    INTEGER NOT NULL DEFAULT 0,
    seal         INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS record (
    journal_no INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    heartbeat  INTEGER NOT NULL,
    row        BLOB NOT NULL,
    PRIMARY KEY (journal_no, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS gap (
    journal_no INTEGER NOT NULL,
    first      INTEGER NOT NULL,
    last       INTEGER NOT NULL,
    reason     TEXT NOT NULL,
    seal       INTEGER NOT NULL,
    PRIMARY KEY (journal_no, first)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS age_mark (
    journal_no INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    at_s       INTEGER NOT NULL,
    seal       INTEGER NOT NULL,
    PRIMARY KEY (journal_no, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS database_epoch (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    epoch TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS alarm (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    lost INTEGER NOT NULL
);
"""


def connect(path: Path) -> sqlite3.Connection:
    """Return the one connection to an outbox file, its tables made. Raises sqlite3.DatabaseError when it is damaged.

    The connection may be used by one thread at a time, not only by the one that opened it.
    """
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=1.0)
    try:
        for setting in _SETTINGS:
            connection.execute(setting).fetchall()
        connection.executescript(_TABLES)
    except BaseException:
        connection.close()
        raise
    sync_folder(path.parent)
    return connection


def connect_scratch(path: Path) -> sqlite3.Connection:
    """Return a connection to a file that counts for nothing until it is whole: no log, nothing synchronised."""
    connection = sqlite3.connect(path, isolation_level=None)
    for setting in (f"PRAGMA page_size = {PAGE_BYTES}", "PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF"):
        connection.execute(setting).fetchall()
    connection.executescript(_TABLES)
    return connection


def limit_bytes(connection: sqlite3.Connection, bytes_max: int) -> None:
    """Let the file never grow beyond so much: what does not fit then is refused with SQLITE_FULL, as on a full disk."""
    connection.execute(f"PRAGMA max_page_count = {bytes_max // PAGE_BYTES}").fetchall()


def sync_written(path: Path) -> bool:
    """Make durable what an earlier process wrote; return whether there was something.

    A process killed in a commit leaves a log that is whole and not synchronised: what is read from it must not be
    relied on before.
    """
    for file in (path.with_name(path.name + "-wal"), path):
        if file.exists():
            sync_file(file)
    return path.exists() and path.stat().st_size > 0


def sync_file(path: Path) -> None:
    """Make the content of a file durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def used_bytes(connection: sqlite3.Connection) -> int:
    """Return what the records in the file take: pages in use, not those free to be used again."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    return int(pages - free) * PAGE_BYTES


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable: a new file is only when its folder's entry is."""
    sync_file(folder)
