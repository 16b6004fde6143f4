"""The journals of an outbox file: runs of the agent, and how far each is numbered, committed and forgotten."""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass

from edge.outbox.rows import DamagedFile, DamagedRow, decode_row, seal, whole

JOURNALS_KEPT_MAX = 256
"""So many journals keep their line after their records are forgotten, so that a replaced database hears of the gap."""

READ_JOURNALS = "SELECT journal_no, journal, boot, committed, forgotten, seal FROM journal ORDER BY journal_no"

_NEWEST_NUMBER = """
SELECT max(coalesce((SELECT max(journal_no) FROM journal), 0), coalesce((SELECT max(journal_no) FROM record), 0),
           coalesce((SELECT max(journal_no) FROM gap), 0), coalesce((SELECT max(journal_no) FROM age_mark), 0))
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

    @property
    def seal(self) -> int:
        """The checksum of the journal's line."""
        return seal(self.number, self.name, self.boot, self.committed, self.forgotten)


def read_journals(connection: sqlite3.Connection) -> dict[str, Journal]:
    """Return all journals of the file, oldest first. Raises DamagedFile when a line or a last number is not sound."""
    journals = {}
    for number, name, boot, committed, forgotten, sealed in connection.execute(READ_JOURNALS).fetchall():
        journal = Journal(number=number, name=name, boot=boot, committed=committed, forgotten=forgotten)
        if sealed != journal.seal:
            raise DamagedFile(f"journal {number}: checksum differs")
        journal.last = last_number(connection, journal)
        journals[journal.name] = journal
    return journals


def last_number(connection: sqlite3.Connection, journal: Journal) -> int:
    """Return the highest number a journal has given, as its rows prove it. Raises DamagedFile."""
    last = journal.forgotten
    for seq, row in connection.execute(
        "SELECT seq, row FROM record WHERE journal_no = ? ORDER BY seq DESC LIMIT 1", (journal.number,)
    ).fetchall():
        try:
            decode_row(journal.name, seq, row)
        except DamagedRow as error:
            raise DamagedFile(str(error)) from error
        last = max(last, whole(seq))
    for gap in connection.execute(
        "SELECT journal_no, first, last, reason, seal FROM gap WHERE journal_no = ? ORDER BY first DESC LIMIT 1",
        (journal.number,),
    ).fetchall():
        if gap[-1] != seal(*gap[:-1]):
            raise DamagedFile(f"gap {gap[1]} of journal {journal.name}: checksum differs")
        last = max(last, gap[2])
    return last


def begin_journal(connection: sqlite3.Connection, *, boot: str, board_serial: str, at_s: int) -> Journal:
    """Return a new journal, durable: its id is random, so that a restored card image cannot use a number twice."""
    journal = Journal(number=_next_number(connection), name=secrets.token_hex(16), boot=boot)
    insert_journal(connection, journal, board_serial=board_serial, at_s=at_s)
    return journal


def adopt_journal(connection: sqlite3.Connection, *, number: int, name: str, boot: str) -> Journal:
    """Return a journal whose line was lost, with the records that are still there; `number` 0 is not known."""
    journal = Journal(number=number or _next_number(connection), name=name, boot=boot)
    insert_journal(connection, journal, board_serial="", at_s=0)
    journal.last = last_number(connection, journal)
    return journal


def insert_journal(connection: sqlite3.Connection, journal: Journal, *, board_serial: str, at_s: int) -> None:
    """Write the line of a journal; the caller's transaction makes it durable."""
    connection.execute(
        "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            journal.number,
            journal.name,
            journal.boot,
            board_serial,
            at_s,
            journal.committed,
            journal.forgotten,
            journal.seal,
        ),
    )


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
        "UPDATE journal SET committed = ?, forgotten = ?, seal = ? WHERE journal_no = ?",
        (journal.committed, journal.forgotten, journal.seal, journal.number),
    )


def _next_number(connection: sqlite3.Connection) -> int:
    (newest,) = connection.execute(_NEWEST_NUMBER).fetchone()
    return whole(newest) + 1
