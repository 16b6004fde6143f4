"""The outbox: records go in and are numbered and durable before the call returns; they come out by number.

One process and one thread at a time own a file. Every run of the agent opens a journal of its own, numbered from 1;
journals of earlier runs stay readable until their reserve ends and are never appended to.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from contract.clock import Clock
from contract.codec import NumberedRecord
from contract.errors import LiveShelfError
from contract.records import Gap, HeldJournal, Record
from edge.outbox.ballast import Ballast
from edge.outbox.gaps import add_gap, read_gaps
from edge.outbox.journals import begin_journal, drop_spent, read_journals, save_progress
from edge.outbox.quarantine import is_damage, is_full, salvage, set_file_aside
from edge.outbox.reserve import Reserve
from edge.outbox.rows import DamagedRow, decode_row, encode_row, is_heartbeat
from edge.outbox.schema import WAL_BYTES_MAX, connect

RESERVE_AGE_S = 2 * 24 * 3600.0
"""Committed records are kept so long for a restored database (design section 9: a 2-day reserve)."""

QUOTA_BYTES = 512 * 1024 * 1024
"""The file, its log and its ballast never take more (design section 9)."""

QUOTA_BYTES_MIN = 8 * 1024 * 1024
"""Below this the log and the ballast would leave no room for records."""

AGE_MARK_EVERY_S = 600
"""The age of a record is known to so many shop seconds."""

FORGET_EVERY_RECORDS = 256
"""After so many records the reserve is looked at again: less than one chunk, so it always keeps up."""

T = TypeVar("T")
logger = logging.getLogger(__name__)


class OutboxFull(LiveShelfError):
    """The disk is full and nothing of the outbox can be given up."""

    retryable = True


class Outbox:
    """Records kept on disk until the gateway has them and the reserve has aged. Made by `Outbox.open`."""

    def __init__(self, path: Path, *, boot: str, board_serial: str, clock: Clock, reserve: Reserve) -> None:
        self._path = path
        self._boot = boot
        self._board_serial = board_serial
        self._clock = clock
        self._reserve = reserve
        self._ballast = Ballast(path.with_name(path.name + ".ballast"))
        self._since_forget = 0
        self._marked_at_s = 0
        self._unsaved: set[str] = set()
        self._epoch = ""
        try:
            self._start()
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            self._start_anew()

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        boot: str,
        board_serial: str,
        clock: Clock,
        reserve_age_s: float = RESERVE_AGE_S,
        quota_bytes: int = QUOTA_BYTES,
    ) -> Outbox:
        """Open or make the file at `path` and begin this run's journal, durable before this returns.

        `boot` is the id of the running boot, `reserve_age_s` is in shop seconds. A damaged file is set aside under
        the name `*.damaged-N`, what can be read of it is taken over, and the rest of its numbers become gaps.
        Raises sqlite3.OperationalError when another process has the file, ValueError for a quota under 8 MiB.
        """
        if quota_bytes < QUOTA_BYTES_MIN:
            raise ValueError(f"quota_bytes: found {quota_bytes}, expected at least {QUOTA_BYTES_MIN}")
        room = quota_bytes - WAL_BYTES_MAX - Ballast.SIZE_BYTES
        path.parent.mkdir(parents=True, exist_ok=True)
        reserve = Reserve(age_s=reserve_age_s, quota_bytes=room)
        return cls(path, boot=boot, board_serial=board_serial, clock=clock, reserve=reserve)

    @property
    def journal(self) -> str:
        """The journal of this run: 32 hexadecimal digits."""
        return self._current.name

    @property
    def epoch(self) -> str:
        """The database epoch the remembered watermarks belong to; empty when no gateway was ever heard."""
        return self._epoch

    def append(self, records: Sequence[Record]) -> tuple[int, int]:
        """Number the records and make them durable in one transaction; return the first and last number.

        Records of one episode belong into one call. Raises OutboxFull when the disk is full even after giving up
        the ballast and the oldest records; nothing is numbered then and the same call may be repeated.
        """
        if not records:
            raise ValueError("records: found none, expected at least one")
        try:
            return self._guarded(lambda: self._append(records))
        except sqlite3.OperationalError as error:
            if not is_full(error):
                raise
        return self._append_after_making_room(records)

    def held(self) -> list[HeldJournal]:
        """Return the journals that numbered anything, oldest first; `first` is `last + 1` when all is forgotten."""
        return [HeldJournal(j.name, j.forgotten + 1, j.last) for j in self._journals.values() if j.last]

    def boot_of(self, journal: str) -> str:
        """Return the boot a journal was written in; empty for a journal not known."""
        known = self._journals.get(journal)
        return known.boot if known else ""

    def read(self, journal: str, first: int, count_max: int) -> list[NumberedRecord]:
        """Return up to `count_max` records from number `first` on. A damaged record becomes a gap instead."""
        return self._guarded(lambda: self._read(journal, first, count_max))

    def gaps(self, journal: str, first: int, last: int) -> list[Gap]:
        """Return the gaps within `first` to `last`: with the records of that range they cover every number."""
        return self._guarded(lambda: self._gaps(journal, first, last))

    def set_aside(self, journal: str, seq: int) -> None:
        """Give up one record the gateway cannot read: it becomes a gap, `rejected`."""
        self._guarded(lambda: self._turn_into_gap(journal, seq, "rejected"))

    def committed(self, epoch: str, watermarks: Mapping[str, int]) -> None:
        """Remember what the gateway committed; written to disk with the next append or `close`.

        A new epoch forgets all watermarks of the old one: what is not named counts as not committed.
        """
        if epoch != self._epoch:
            self._epoch = epoch
            for journal in self._journals.values():
                journal.committed = 0
            self._unsaved.update(self._journals)
        for name, seq in watermarks.items():
            known = self._journals.get(name)
            if known and known.committed != seq:
                known.committed = seq
                self._unsaved.add(name)

    def watermarks(self) -> dict[str, int]:
        """Return the watermark last remembered of each journal, in the epoch `epoch`."""
        return {journal.name: journal.committed for journal in self._journals.values()}

    def close(self) -> None:
        """Write what is only remembered and close the file; safe to call twice."""
        with contextlib.suppress(sqlite3.Error), self._transaction():
            self._save_watermarks()
        self._connection.close()

    def _start(self) -> None:
        self._connection = connect(self._path)
        try:
            with self._transaction():
                self._journals = read_journals(self._connection)
                drop_spent(self._connection, self._journals)
                self._mark_ends(self._now_s())
                epoch = self._connection.execute("SELECT epoch FROM database_epoch").fetchone()
                self._epoch = str(epoch[0]) if epoch else ""
                self._current = begin_journal(
                    self._connection, boot=self._boot, board_serial=self._board_serial, at_s=self._now_s()
                )
        except BaseException:
            self._connection.close()
            raise
        self._journals[self._current.name] = self._current
        self._marked_at_s = 0
        self._ballast.fill()

    def _start_anew(self) -> None:
        aside = set_file_aside(self._path)
        fresh = connect(self._path)
        saved = salvage(aside, fresh)
        fresh.close()
        self._start()
        logger.error(
            "outbox file was damaged and set aside",
            extra={"event": "outbox_damaged", "kept_as": str(aside), "records_saved": saved},
        )

    def _guarded(self, action: Callable[[], T]) -> T:
        try:
            return action()
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
        self._connection.close()
        self._start_anew()
        return action()

    def _append(self, records: Sequence[Record]) -> tuple[int, int]:
        journal = self._current
        first = journal.last + 1
        rows = [
            (journal.number, seq, is_heartbeat(record), encode_row(journal.name, seq, record))
            for seq, record in enumerate(records, first)
        ]
        with self._transaction():
            self._connection.executemany("INSERT INTO record VALUES (?, ?, ?, ?)", rows)
            self._keep_bounds(rows[-1][1])
        journal.last = rows[-1][1]
        return first, journal.last

    def _keep_bounds(self, last: int) -> None:
        now_s = self._now_s()
        if abs(now_s - self._marked_at_s) >= AGE_MARK_EVERY_S:
            self._connection.execute(
                "INSERT OR REPLACE INTO age_mark VALUES (?, ?, ?)", (self._current.number, last, now_s)
            )
            self._marked_at_s = now_s
        self._save_watermarks()
        self._since_forget += last - self._current.last
        if self._since_forget >= FORGET_EVERY_RECORDS:
            self._since_forget = 0
            self._reserve.forget(self._connection, self._journals.values(), now_s=now_s)

    def _append_after_making_room(self, records: Sequence[Record]) -> tuple[int, int]:
        logger.warning("disk is full, giving up the oldest records", extra={"event": "outbox_disk_full"})
        self._ballast.drop()
        try:
            with self._transaction():
                self._reserve.free_a_chunk(
                    self._connection, [j for j in self._journals.values() if j.last > j.forgotten]
                )
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            numbers = self._append(records)
        except sqlite3.OperationalError as error:
            if not is_full(error):
                raise
            raise OutboxFull(f"{self._path.parent}: the disk is full, expected room for the outbox") from error
        self._ballast.fill()
        return numbers

    def _read(self, journal: str, first: int, count_max: int) -> list[NumberedRecord]:
        known = self._journals.get(journal)
        if known is None:
            return []
        rows = self._connection.execute(
            "SELECT seq, row FROM record WHERE journal_no = ? AND seq >= ? ORDER BY seq LIMIT ?",
            (known.number, first, count_max),
        ).fetchall()
        records: list[NumberedRecord] = []
        for seq, row in rows:
            try:
                records.append((seq, decode_row(journal, seq, row)))
            except DamagedRow:
                self._turn_into_gap(journal, seq, "lost")
                logger.exception(
                    "a record was damaged", extra={"event": "record_damaged", "journal": journal, "seq": seq}
                )
        return records

    def _gaps(self, journal: str, first: int, last: int) -> list[Gap]:
        known = self._journals.get(journal)
        return read_gaps(self._connection, known, first, last) if known else []

    def _turn_into_gap(self, journal: str, seq: int, reason: str) -> None:
        known = self._journals.get(journal)
        if known is None:
            return
        with self._transaction():
            deleted = self._connection.execute(
                "DELETE FROM record WHERE journal_no = ? AND seq = ?", (known.number, seq)
            ).rowcount
            if deleted:
                add_gap(self._connection, known, seq, seq, "rejected" if reason == "rejected" else "lost")

    def _save_watermarks(self) -> None:
        if self._epoch:
            self._connection.execute("INSERT OR REPLACE INTO database_epoch VALUES (1, ?)", (self._epoch,))
        for name in self._unsaved:
            save_progress(self._connection, self._journals[name])
        self._unsaved.clear()

    def _mark_ends(self, now_s: int) -> None:
        for journal in self._journals.values():
            self._connection.execute(
                "INSERT OR IGNORE INTO age_mark VALUES (?, ?, ?)", (journal.number, journal.last, now_s)
            )

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _now_s(self) -> int:
        return int(self._clock.now().timestamp())
