"""A damaged outbox file: kept aside for whoever wants to look, and what is sound of it taken over into a fresh one.

The fresh file is built beside the damaged one and takes its place only when it is whole, so a power cut at any moment
of it costs nothing: the next start finds the damaged file as it was, or the finished one (`*.new`) and puts it there.
"""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import sqlite3
import stat
import time
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from pathlib import Path
from typing import Any

import msgspec

from contract.records import Gap
from edge.outbox.ends import ENDS_SUFFIXES, End
from edge.outbox.gaps import add_gap, holes
from edge.outbox.journals import READ_JOURNALS, Journal, insert_journal
from edge.outbox.rows import DamagedFile, DamagedRow, decode_row, seal
from edge.outbox.schema import connect_scratch, sync_file, sync_folder

FILES_ASIDE_MAX = 3
"""So many damaged files are kept; an older one makes room, because a card that rots must not fill itself."""

COPY_COMMITTED_S = 3.0
"""So many wall seconds go into copying what the gateway has already; what it has not is copied in any case."""

_STRIDE_MAX = 512
"""Behind a page that cannot be read the search goes on in strides that double up to this."""

_LOOK_AT_TIME_EVERY = 256

_AWAY = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
}
SQLITE_SAYS = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What a broken file makes the sqlite3 module raise; the second when the very message of it is not readable."""

_UNREADABLE = {sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ}


@dataclass(slots=True)
class Salvaged:
    """What became of a damaged file: where it is kept, how many records were saved and how many lost at most."""

    kept_as: Path | None = None
    saved: int = 0
    lost: int = 0


def is_damage(error: Exception) -> bool:
    """Tell whether the file itself is broken.

    Our SQL never changes, so whatever SQLite says that does not blame the disk, its room or another process says that
    the file no longer holds what we wrote: a table that lost its column is as damaged as a page that lost its bytes.
    """
    if isinstance(error, DamagedFile | UnicodeDecodeError):
        return True
    if not isinstance(error, sqlite3.DatabaseError) or isinstance(error, sqlite3.ProgrammingError):
        return False
    code = int(getattr(error, "sqlite_errorcode", 0))
    return code in _UNREADABLE or code & 0xFF not in _AWAY


def is_full(error: Exception) -> bool:
    """Tell whether it says that the disk is full."""
    if isinstance(error, sqlite3.Error):
        return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF == sqlite3.SQLITE_FULL
    return isinstance(error, OSError) and error.errno == 28  # ENOSPC


def make_ready(path: Path, *, aside_bytes_max: int) -> None:
    """Finish what a power cut interrupted, and make all files of the outbox ours to read and write. Raises OSError."""
    _beside(path, ".salvage").unlink(missing_ok=True)
    if _beside(path, ".new").exists():
        _put_in_place(path, aside_bytes_max)
    for file in (path, _wal(path), *(_beside(path, suffix) for suffix in ENDS_SUFFIXES)):
        if not os.path.lexists(file) or _is_ours(file):
            continue
        with contextlib.suppress(OSError):
            if file.is_file():
                file.chmod(stat.S_IRUSR | stat.S_IWUSR)
        if not _is_ours(file):
            _take_over(file, aside_bytes_max)


def rebuild(path: Path, ends: Iterable[End], *, aside_bytes_max: int) -> Salvaged:
    """Put the damaged file aside as `*.damaged-N` and a fresh one with all that is sound in its place.

    Numbers that cannot be read become gaps, `lost`. `ends` are the journals and how far each may have been numbered.
    Records the gateway does not have are copied all, the others for `COPY_COMMITTED_S`. Raises OSError or
    sqlite3.OperationalError when the disk does not take it; the damaged file is then still in its place.
    """
    scratch = _beside(path, ".salvage")
    salvaged = _salvage(path, scratch, list(ends))
    scratch.rename(_beside(path, ".new"))
    sync_folder(path.parent)
    salvaged.kept_as = _put_in_place(path, aside_bytes_max)
    return salvaged


def _salvage(damaged: Path, scratch: Path, ends: list[End]) -> Salvaged:
    salvaged = Salvaged()
    scratch.unlink(missing_ok=True)
    into = connect_scratch(scratch)
    source = sqlite3.connect(damaged, isolation_level=None)
    until_s = time.monotonic() + COPY_COMMITTED_S
    try:
        list(_readable(source, "PRAGMA locking_mode = EXCLUSIVE"))  # no index in shared memory beside it
        into.execute("BEGIN IMMEDIATE")
        bounds = {end.name: end.bound for end in ends}
        copies = [_Copy(source, into, journal, bounds.get(journal.name, 0)) for journal in _journals(source, ends)]
        for copy in copies:
            insert_journal(into, copy.journal, board_serial="", at_s=0)
            copy.gaps()
            copy.records_above(copy.journal.committed)
        for copy in reversed(copies):
            copy.records_upto(copy.journal.committed, until_s)
        for copy in copies:
            salvaged.lost += copy.settle()
            salvaged.saved += copy.saved
        _copy_the_rest(source, into)
        into.execute("INSERT INTO alarm VALUES (1, ?)", (salvaged.lost,))
        into.execute("COMMIT")
    finally:
        source.close()
        into.close()
    sync_file(scratch)
    return salvaged


class _Copy:
    """The journal of a damaged file on its way into a fresh one."""

    def __init__(self, source: sqlite3.Connection, into: sqlite3.Connection, journal: Journal, bound: int) -> None:
        self.journal = journal
        self.saved = 0
        self._source = source
        self._into = into
        self._bound = bound
        self._gaps: list[Gap] = []
        self._starts: list[int] = []
        self._reached = 0

    def gaps(self) -> None:
        """Copy the sound gaps; of two that overlap the later keeps what the earlier leaves."""
        select = f"SELECT journal_no, first, last, reason, seal FROM gap WHERE journal_no = {self.journal.number:d}"  # noqa: S608 - an integer
        sound = sorted({tuple(gap) for *gap, sealed in _readable(self._source, select) if sealed == seal(*gap)})
        upto = 0
        for _, first, last, reason in sound:
            if last > upto:
                self._gaps.append(Gap(max(first, upto + 1), last, reason))
                add_gap(self._into, self.journal, *msgspec.structs.astuple(self._gaps[-1]))
                upto = last
        self._starts = [gap.first for gap in self._gaps]

    def records_above(self, seq: int) -> None:
        """Copy every sound record above a number. What lies behind a broken page is reached from the other side, and
        what lies between two by strides.
        """
        ascended = self._scan("seq > ", seq, "ASC")
        if ascended is None:
            return
        before = max(seq, self._reached)
        self._reached = self._bound
        self._scan("seq > ", before, "DESC")
        horizon, stride = self._reached, 1
        while before < horizon:
            self._reached = 0
            if self._scan("seq > ", before + stride, "ASC") is None:
                return
            before = max(before + stride, self._reached)
            stride = 1 if self._reached else min(2 * stride, _STRIDE_MAX)

    def records_upto(self, seq: int, until_s: float) -> None:
        """Copy sound records up to a number, newest first, until the time is up."""
        self._scan("seq <= ", seq, "DESC", until_s=until_s)

    def settle(self) -> int:
        """Name what is missing a gap; return how many numbers are missing."""
        select = "SELECT seq, seq FROM record WHERE journal_no = ? ORDER BY seq"
        (newest,) = self._into.execute(
            "SELECT coalesce(max(seq), 0) FROM record WHERE journal_no = ?", (self.journal.number,)
        ).fetchone()
        first, last = self.journal.forgotten + 1, max([newest, self.journal.forgotten, *(g.last for g in self._gaps)])
        covered = merge(self._into.execute(select, (self.journal.number,)), ((g.first, g.last) for g in self._gaps))
        lost = holes(covered, first, last, self.journal.forgotten)
        if self._bound > last:
            lost.append(Gap(last + 1, self._bound, "lost"))
        for gap in lost:
            add_gap(self._into, self.journal, gap.first, gap.last, gap.reason)
        return sum(gap.last - gap.first + 1 for gap in lost)

    def _scan(self, bound: str, seq: int, order: str, *, until_s: float = math.inf) -> Exception | None:
        """Copy what a scan meets; return what stopped it, if anything did."""
        select = (
            f"SELECT seq, heartbeat, row FROM record WHERE journal_no = {self.journal.number:d}"  # noqa: S608 - integers and our own words
            f" AND {bound}{seq:d} ORDER BY seq {order}"
        )
        try:
            for count, (found, heartbeat, row) in enumerate(self._source.execute(select)):
                self._take(found, heartbeat, row)
                if count % _LOOK_AT_TIME_EVERY == 0 and time.monotonic() > until_s:
                    break
        except SQLITE_SAYS as error:
            return error
        return None

    def _take(self, seq: Any, heartbeat: Any, row: Any) -> None:  # noqa: ANN401 - damage may change a column's type
        if self._is_new(seq, row):
            self._reached = seq
            line = (self.journal.number, seq, heartbeat == 1, row)
            self.saved += self._into.execute("INSERT OR IGNORE INTO record VALUES (?, ?, ?, ?)", line).rowcount

    def _is_new(self, seq: Any, row: Any) -> bool:  # noqa: ANN401 - likewise
        with contextlib.suppress(DamagedRow):
            decode_row(self.journal.name, seq, row)
            at = bisect_right(self._starts, seq) - 1
            in_gap = at >= 0 and seq <= self._gaps[at].last
            return bool(seq > self.journal.forgotten and not in_gap)
        return False


def _journals(source: sqlite3.Connection, ends: list[End]) -> list[Journal]:
    """The journals that have a sound line, or a damaged one and an end: of those we forget how far they came."""
    journals: dict[str, Journal] = {}
    for number, name, boot, committed, forgotten, sealed in _readable(source, READ_JOURNALS):
        journal = Journal(number=number, name=name, boot=boot, committed=committed, forgotten=forgotten)
        if sealed == seal(number, name, boot, committed, forgotten):
            journals[name] = journal
    numbers = {journal.number for journal in journals.values()}
    for end in ends:
        if end.name not in journals and end.bound:
            number = end.number if end.number and end.number not in numbers else max([*numbers, 0]) + 1
            journals[end.name] = Journal(number=number, name=end.name, boot=end.boot)
            numbers.add(number)
    return sorted(journals.values(), key=lambda journal: journal.number)


def _copy_the_rest(source: sqlite3.Connection, into: sqlite3.Connection) -> None:
    marks = _readable(source, "SELECT journal_no, seq, at_s, seal FROM age_mark")
    sound = [mark for mark in marks if mark[-1] == seal(*mark[:-1])]
    into.executemany("INSERT OR IGNORE INTO age_mark VALUES (?, ?, ?, ?)", sound)
    epochs = [epoch for (epoch,) in _readable(source, "SELECT epoch FROM database_epoch") if isinstance(epoch, str)]
    into.executemany("INSERT OR IGNORE INTO database_epoch VALUES (1, ?)", [(epoch,) for epoch in epochs])


def _readable(source: sqlite3.Connection, select: str) -> Iterator[tuple[Any, ...]]:
    with contextlib.suppress(*SQLITE_SAYS):
        yield from source.execute(select)


def _put_in_place(path: Path, aside_bytes_max: int) -> Path | None:
    """Set file and log aside and put the finished new one there; may be repeated after a power cut at any point."""
    aside = _free_name(path, aside_bytes_max)
    # The log first: one that met the new file would be written over it.
    for file in (_wal(path), path):
        if os.path.lexists(file):
            file.rename(_wal(aside) if file != path else aside)
            sync_folder(path.parent)
    _beside(path, ".new").rename(path)
    sync_folder(path.parent)
    return aside if aside.exists() else None


def _take_over(file: Path, aside_bytes_max: int) -> None:
    """Set something aside that is not ours to write, and put a copy of it there when it can be read."""
    aside = _free_name(file, aside_bytes_max)
    file.rename(aside)
    if aside.is_file() and os.access(aside, os.R_OK, effective_ids=True):
        shutil.copyfile(aside, file)


def _free_name(path: Path, bytes_max: int) -> Path:
    """Return the next `*.damaged-N`; of those before it only the newest few stay, and only as large as allowed."""
    kept = sorted(path.parent.glob(f"{path.name}.damaged-*[0-9]"), key=_number)
    number = _number(kept[-1]) + 1 if kept else 1
    room = bytes_max - (path.stat().st_size if path.is_file() else 0)
    for position, old in enumerate(reversed(kept), 2):
        room -= old.lstat().st_size
        if (position > FILES_ASIDE_MAX or room < 0) and old.is_file():
            old.unlink()
            _wal(old).unlink(missing_ok=True)
    return path.with_name(f"{path.name}.damaged-{number}")


def _is_ours(file: Path) -> bool:
    return file.is_file() and os.access(file, os.R_OK | os.W_OK, effective_ids=True)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _wal(path: Path) -> Path:
    return _beside(path, "-wal")


def _number(path: Path) -> int:
    return int(path.name.rpartition("-")[2])
