"""The outbox: records go in and are numbered and durable before the call returns; they come out by number.

One process and one thread at a time own a file. Every run of the agent opens a journal of its own, numbered from 1;
journals of earlier runs stay readable until their reserve ends and are never appended to.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from contract.clock import Clock
from contract.codec import NumberedRecord
from contract.errors import LiveShelfError
from contract.records import Gap, GapReason, HealthRecord, HeldJournal, Record
from contract.reserve import REPLAY_RESERVE_S
from edge.outbox.backlog import Backlog, backlog_of
from edge.outbox.ballast import Ballast
from edge.outbox.ends import ENDS_BYTES_MAX, STEP, End, Ends, behind, close_ends
from edge.outbox.gaps import Loss, add_gap, read_gaps
from edge.outbox.journals import Journal, begin_journal, drop_spent, read_journals, save_progress
from edge.outbox.quarantine import SQLITE_SAYS, is_damage, is_full, make_ready, rebuild
from edge.outbox.reserve import CHUNKS_MAX, Reserve, mark_age, served_s
from edge.outbox.rows import DamagedFile, DamagedRow, decode_row, encode_row, is_heartbeat, whole
from edge.outbox.schema import WAL_BYTES_MAX, connect, limit_bytes, sync_written

RESERVE_AGE_S = REPLAY_RESERVE_S
"""Committed records are kept so long for a restored database."""

QUOTA_BYTES = 512 * 1024 * 1024
"""The file, its log, its ballast and its ends never take more (design section 9); damaged files aside once more."""

QUOTA_BYTES_MIN = 8 * 1024 * 1024
"""Below this the log and the ballast would leave no room for records."""

SLACK_BYTES = 256 * 1024
"""The file may use so much more than the reserve before the next look at it."""

COUNT_MAX = 2**31 - 1
"""The most a count of a health record can say."""

AGE_MARK_EVERY_S = 600
"""The age of a record is known to so many shop seconds."""

FORGET_EVERY_RECORDS = 256
"""After so many records the reserve is looked at again: less than one chunk, so it always keeps up."""

T = TypeVar("T")
logger = logging.getLogger(__name__)


class OutboxAway(LiveShelfError):
    """The disk does not take or give records now; the same call may be repeated."""

    retryable = True


class OutboxFull(OutboxAway):
    """The disk is full and nothing of the outbox can be given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _KnownByHeart:
    """What a run knows of its journals when it has to give up its file."""

    ends: list[End]
    epoch: str
    watermarks: dict[str, int]


class Outbox:
    """Records kept on disk until the gateway has them and the reserve has aged. Made by `Outbox.open`."""

    def __init__(self, path: Path, *, boot: str, board_serial: str, clock: Clock, reserve: Reserve, quota: int) -> None:
        self._path = path
        self._boot = boot
        self._board_serial = board_serial
        self._clock = clock
        self._reserve = reserve
        self._quota_bytes = quota
        self._ballast = Ballast(path.with_name(path.name + ".ballast"))
        self._ends = Ends(path)
        self._bound = 0
        self._since_forget = 0
        self._marked_at_s = 0
        self._unsaved: set[str] = set()
        self._epoch = ""
        self._journals: dict[str, Journal] = {}
        self._untold_lost = 0
        self._ready = False
        self._damaged: _KnownByHeart | None = None
        try:
            self._open()
        except (sqlite3.OperationalError, OSError) as error:
            if not is_full(error):
                raise
            self._ballast.drop()
            self._open()
        self._ballast.fill()

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
    ) -> Self:
        """Open or make the file at `path` and begin this run's journal, durable before this returns.

        `boot` is the id of the running boot, `reserve_age_s` is in shop seconds of service. A damaged file is set
        aside under the name `*.damaged-N`, what can be read of it is taken over, and the rest of its numbers become
        gaps; a health record of the new journal says so. Raises sqlite3.OperationalError when another process has
        the file, OSError when the folder does not allow it, ValueError for a quota under 8 MiB.
        """
        if quota_bytes < QUOTA_BYTES_MIN:
            raise ValueError(f"quota_bytes: found {quota_bytes}, expected at least {QUOTA_BYTES_MIN}")
        path.parent.mkdir(parents=True, exist_ok=True)
        reserve = Reserve(age_s=reserve_age_s, quota_bytes=_file_bytes_max(quota_bytes) - SLACK_BYTES)
        return cls(path, boot=boot, board_serial=board_serial, clock=clock, reserve=reserve, quota=quota_bytes)

    @property
    def journal(self) -> str:
        """The journal of this run: 32 hexadecimal digits."""
        return self._current.name

    @property
    def epoch(self) -> str:
        """The database epoch the remembered watermarks belong to; empty when no gateway was ever heard."""
        return self._epoch

    def append(self, records: Sequence[Record | Loss]) -> tuple[int, int]:
        """Number the records and make them durable in one transaction; return the first and last number.

        A Loss takes its numbers as a gap. Records of one episode belong into one call. Raises OutboxFull when the
        disk is full even after giving up the ballast and the oldest records, OutboxAway when it refuses to write;
        nothing is numbered then and the same call may be repeated.
        """
        if not records:
            raise ValueError("records: found none, expected at least one")
        try:
            return self._guarded(lambda: self._append(records))
        except OutboxFull:
            return self._guarded(lambda: self._append_after_making_room(records))

    def held(self) -> list[HeldJournal]:
        """Return the journals that numbered anything, oldest first; `first` is `last + 1` when all is forgotten."""
        return [HeldJournal(j.name, j.forgotten + 1, j.last) for j in self._journals.values() if j.last]

    def boot_of(self, journal: str) -> str:
        """Return the boot a journal was written in; empty for a journal not known."""
        known = self._journals.get(journal)
        return known.boot if known else ""

    def read(self, journal: str, first: int, count_max: int) -> list[NumberedRecord]:
        """Return up to `count_max` records from number `first` on. A damaged record becomes a gap instead.

        This and the calls below that look into the file raise OutboxAway when the disk does not answer.
        """
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

    def backlog(self) -> Backlog:
        """Return how much the gateway has not committed."""
        return self._guarded(
            lambda: backlog_of(
                self._connection,
                self._journals.values(),
                boot=self._boot,
                mono_ms=self._clock.mono_ms(),
                now_s=self._now_s(),
            )
        )

    def close(self) -> None:
        """Write what is only remembered and close the file; safe to call twice."""
        if not self._ready:
            return
        self._ready = False
        with contextlib.suppress(*SQLITE_SAYS), self._transaction():
            self._save_watermarks()
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()
        with contextlib.suppress(OSError):
            self._write_ends(self._current.last, exact=True)

    def _open(self) -> None:
        make_ready(self._path, aside_bytes_max=self._quota_bytes)
        try:
            self._start()
        except (*SQLITE_SAYS, DamagedFile) as error:
            if not is_damage(error):
                raise
            self._rebuild(self._ends.read())
            self._start()

    def _start(self) -> None:
        existed = sync_written(self._path)
        self._connection = connect(self._path)
        try:
            with self._transaction():
                self._journals = read_journals(self._connection)
                missing = self._missing(existed=existed)
                lost = close_ends(self._connection, self._journals, missing) if missing else None
                self._journals = dict(sorted(self._journals.items(), key=lambda item: item[1].number))
                drop_spent(self._connection, self._journals)
                self._served_from(served_s(self._connection))
                self._mark_ends()
                epoch = self._connection.execute("SELECT epoch FROM database_epoch").fetchone()
                self._epoch = str(epoch[0]) if epoch else ""
                self._current = begin_journal(
                    self._connection,
                    boot=self._boot,
                    board_serial=self._board_serial,
                    at_s=int(self._clock.now().timestamp()),
                )
                self._raise_alarm(lost)
                self._journals[self._current.name] = self._current
                # Before the commit: a spent journal must leave this list first, or its absence would look like damage.
                self._write_ends(self._current.last)
            limit_bytes(self._connection, _file_bytes_max(self._quota_bytes))
        except BaseException:
            self._connection.close()
            raise
        self._unsaved.clear()
        self._marked_at_s = -AGE_MARK_EVERY_S
        self._ready = True

    def _missing(self, *, existed: bool) -> list[End]:
        return behind(self._journals, self._ends.read(), self._ends.marked(), existed=existed)

    def _raise_alarm(self, lost: int | None) -> None:
        """Tell of damage in the first record of the new journal, in the transaction that begins it."""
        found = self._connection.execute("SELECT lost FROM alarm").fetchone()
        if found is None and lost is None:
            return
        count = (whole(found[0]) if found else 0) + (lost or 0)
        self._connection.execute("DELETE FROM alarm")
        self._connection.execute("INSERT INTO record VALUES (?, ?, ?, ?)", self._row(1, self._alarm(count)))
        self._current.last = 1
        logger.error("outbox has lost records", extra={"event": "outbox_lost", "records_lost": count})

    def _alarm(self, lost: int) -> HealthRecord:
        return HealthRecord(
            mono_ms=self._clock.mono_ms(),
            subject="agent",
            verdict="outbox_damaged",
            rejected={"lost": min(lost, COUNT_MAX)},
        )

    def _row(self, seq: int, record: Record) -> tuple[int, int, bool, bytes]:
        row = encode_row(self._current.name, seq, record)
        return self._current.number, seq, is_heartbeat(record), row

    def _rebuild(self, ends: Sequence[End]) -> None:
        salvaged = rebuild(self._path, ends, aside_bytes_max=self._quota_bytes)
        logger.error(
            "outbox file was damaged and set aside",
            extra={
                "event": "outbox_damaged",
                "kept_as": str(salvaged.kept_as),
                "records_saved": salvaged.saved,
                "records_lost": salvaged.lost,
            },
        )

    def _guarded(self, action: Callable[[], T]) -> T:
        try:
            if self._ready:
                try:
                    return action()
                except (*SQLITE_SAYS, DamagedFile) as error:
                    if not is_damage(error):
                        raise
                self._give_up_file()
            self._renew()
            return action()
        except (sqlite3.OperationalError, OSError) as error:
            if is_full(error):
                raise OutboxFull(f"{self._path.parent}: the disk is full, expected room for the outbox") from error
            raise OutboxAway(f"{self._path}: {error}, expected a disk that reads and writes") from error

    def _give_up_file(self) -> None:
        self._ready = False
        self._connection.close()
        self._damaged = _KnownByHeart(
            ends=[_end(journal, journal.last, exact=True) for journal in self._journals.values()],
            epoch=self._epoch,
            watermarks=self.watermarks(),
        )

    def _renew(self) -> None:
        """Go on in a fresh file, with a new journal. While the disk is away this fails and is done again from here."""
        known = self._damaged
        if known:  # what this run knows by heart is more exact than what it wrote ahead
            self._rebuild(known.ends)
            self._damaged = None
        self._start()
        if known and known.epoch:
            self.committed(known.epoch, known.watermarks)

    def _append(self, records: Sequence[Record | Loss]) -> tuple[int, int]:
        journal = self._current
        first = journal.last + 1
        rows, losses, last = self._number(records, first)
        told = self._untold_lost
        end = last
        if told:  # damage found since: told behind the records, so that their numbers stay those returned
            end += 1
            rows.append(self._row(end, self._alarm(told)))
        if end > self._bound:
            self._write_ends(end + STEP)
        with self._transaction():
            self._connection.executemany("INSERT INTO record VALUES (?, ?, ?, ?)", rows)
            for loss in losses:
                add_gap(self._connection, journal, *loss)
            self._keep_bounds(end)
        journal.last = end
        self._untold_lost -= told
        self._ends.mark(journal.name, end)
        return first, last

    def _number(
        self, records: Sequence[Record | Loss], seq: int
    ) -> tuple[list[tuple[int, int, bool, bytes]], list[tuple[int, int, GapReason]], int]:
        """Return rows and gaps for records numbered from `seq` on, and the last number."""
        rows, losses = [], []
        for record in records:
            if isinstance(record, Loss):
                losses.append((seq, seq + record.count - 1, record.reason))
                seq += record.count
            else:
                rows.append(self._row(seq, record))
                seq += 1
        return rows, losses, seq - 1

    def _write_ends(self, bound: int, *, exact: bool = False) -> None:
        """Write how far every journal is numbered, and the current one up to `bound`; durable when this returns."""
        earlier = [journal for journal in self._journals.values() if journal.last and journal is not self._current]
        ends = [_end(journal, journal.last, exact=True) for journal in earlier]
        self._ends.write([*ends, _end(self._current, bound, exact=exact)])
        self._bound = bound

    def _keep_bounds(self, last: int) -> None:
        now_s = self._now_s()
        if now_s - self._marked_at_s >= AGE_MARK_EVERY_S:
            mark_age(self._connection, self._current.number, last, now_s)
            self._marked_at_s = now_s
        self._save_watermarks()
        self._since_forget += last - self._current.last
        if self._since_forget >= FORGET_EVERY_RECORDS:
            self._since_forget = 0
            self._reserve.forget(self._connection, self._journals.values(), now_s=now_s)

    def _append_after_making_room(self, records: Sequence[Record | Loss]) -> tuple[int, int]:
        logger.warning("disk is full, giving up the oldest records", extra={"event": "outbox_disk_full"})
        self._ballast.drop()
        for chunks_left in reversed(range(CHUNKS_MAX)):
            with self._transaction():
                unfinished = [journal for journal in self._journals.values() if journal.last > journal.forgotten]
                self._reserve.free_a_chunk(self._connection, unfinished)
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            try:
                numbers = self._append(records)
                break
            except sqlite3.OperationalError as error:
                if not (is_full(error) and chunks_left):
                    raise
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
        damaged: list[int] = []
        before = first - 1
        for seq, row in rows:
            if whole(seq) <= before:
                raise DamagedFile(f"record {seq} of journal {journal} is out of order")
            before = seq
            try:
                records.append((seq, decode_row(journal, seq, row)))
            except DamagedRow:
                damaged.append(seq)
        for seq in damaged:
            self._turn_into_gap(journal, seq, "lost")
        if damaged:
            logger.error(
                "records were damaged",
                extra={"event": "records_damaged", "journal": journal, "first": damaged[0], "count": len(damaged)},
            )
        return records

    def _gaps(self, journal: str, first: int, last: int) -> list[Gap]:
        known = self._journals.get(journal)
        if known is None:
            return []
        gaps, unknown = read_gaps(self._connection, known, first, min(last, known.last))
        lost = [gap for gap in unknown if gap.reason == "lost"]
        if lost:
            with self._transaction():
                for gap in lost:
                    add_gap(self._connection, known, gap.first, gap.last, "lost")
            self._untold_lost += sum(gap.last - gap.first + 1 for gap in lost)
        return gaps

    def _turn_into_gap(self, journal: str, seq: int, reason: GapReason) -> None:
        known = self._journals.get(journal)
        if known is None:
            return
        with self._transaction():
            deleted = self._connection.execute(
                "DELETE FROM record WHERE journal_no = ? AND seq = ?", (known.number, seq)
            ).rowcount
            if deleted:
                add_gap(self._connection, known, seq, seq, reason)
        if reason == "lost":
            if not deleted:
                raise DamagedFile(f"record {seq} of journal {journal} is read and cannot be found")
            self._untold_lost += 1

    def _save_watermarks(self) -> None:
        if self._epoch:
            self._connection.execute("INSERT OR REPLACE INTO database_epoch VALUES (1, ?)", (self._epoch,))
        for name in self._unsaved:
            save_progress(self._connection, self._journals[name])
        self._unsaved.clear()

    def _mark_ends(self) -> None:
        for journal in self._journals.values():
            mark_age(self._connection, journal.number, journal.last, self._now_s())

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

    def _served_from(self, served_s: int) -> None:
        self._served_s = served_s
        self._since_ms = self._clock.mono_ms()

    def _now_s(self) -> int:
        """Seconds of service: all runs of the agent together, whatever the wall clock says."""
        return self._served_s + (self._clock.mono_ms() - self._since_ms) // 1000


def _end(journal: Journal, bound: int, *, exact: bool) -> End:
    return End(journal.number, journal.name, journal.boot, bound, exact)


def _file_bytes_max(quota_bytes: int) -> int:
    return quota_bytes - WAL_BYTES_MAX - Ballast.SIZE_BYTES - ENDS_BYTES_MAX
