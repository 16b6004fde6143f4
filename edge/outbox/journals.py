"""The journals of an outbox file: runs of the agent, and how far each is numbered, committed and forgotten."""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass

JOURNALS_KEPT_MAX = 256
"""So many journals keep their line after their records are forgotten, so that a replaced database hears of the gap."""

_READ = """
SELECT journal_no, journal, boot, committed, forgotten,
       max(forgotten,
           coalesce((SELECT max(seq) FROM record WHERE record.journal_no = journal.journal_no), 0),
           coalesce((SELECT max(last) FROM gap WHERE gap.journal_no = journal.journal_no), 0),
           coalesce((SELECT max(seq) FROM age_mark WHERE age_mark.journal_no = journal.journal_no), 0))
FROM journal ORDER BY journal_no
"""


@dataclass(slots=True, kw_only=True)
class Journal:
    """One run of an agent: `last` is the highest number given, `committed` the watermark as far as we remember,
    `forgotten` the highest number of which nothing is kept any more.
    """

    number: int
    name: str
    boot: str
    last: int = 0
    committed: int = 0
    forgotten: int = 0


def read_journals(connection: sqlite3.Connection) -> dict[str, Journal]:
    """Return all journals of the file, oldest first."""
    return {
        name: Journal(number=number, name=name, boot=boot, committed=committed, forgotten=forgotten, last=last)
        for number, name, boot, committed, forgotten, last in connection.execute(_READ)
    }


def begin_journal(connection: sqlite3.Connection, *, boot: str, board_serial: str, at_s: int) -> Journal:
    """Return a new journal, durable: its id is random, so that a restored card image cannot use a number twice."""
    name = secrets.token_hex(16)
    cursor = connection.execute(
        "INSERT INTO journal (journal, boot, board_serial, started_at_s) VALUES (?, ?, ?, ?)",
        (name, boot, board_serial, at_s),
    )
    return Journal(number=cursor.lastrowid or 0, name=name, boot=boot)


def drop_spent(connection: sqlite3.Connection, journals: dict[str, Journal]) -> None:
    """Forget the lines of journals that never numbered anything, and of the oldest that are forgotten anyhow."""
    beyond = max(0, len(journals) - JOURNALS_KEPT_MAX)
    for position, journal in enumerate(list(journals.values())):
        spent = journal.forgotten >= journal.last and (journal.committed >= journal.last)
        if journal.last == 0 or (spent and position < beyond):
            connection.execute("DELETE FROM journal WHERE journal_no = ?", (journal.number,))
            connection.execute("DELETE FROM age_mark WHERE journal_no = ?", (journal.number,))
            del journals[journal.name]


def save_progress(connection: sqlite3.Connection, journal: Journal) -> None:
    """Write how far a journal is committed and forgotten; the caller's transaction makes it durable."""
    connection.execute(
        "UPDATE journal SET committed = ?, forgotten = ? WHERE journal_no = ?",
        (journal.committed, journal.forgotten, journal.number),
    )
