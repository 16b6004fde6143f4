"""Keep every sheet for good: sheets are appended to a file and its copy, and come back after any power cut or rot.

A line of the file is a checksum and one sheet with its running number. Both files hold the same; what one has lost the
other one knows. A line that a power cut tore was never answered for, and is cut off without a word.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from msgspec import Struct

from edge.calibrating.sheet import Sheet
from edge.outbox.schema import sync_folder

LOG_NAME = "calibration.jsonl"
COPY_NAME = "calibration-copy.jsonl"
LOCK_NAME = "calibration.lock"

FILES_ASIDE_MAX = 3
"""So many damaged files are kept; an older one makes room."""

logger = logging.getLogger(__name__)


class _Entry(Struct, frozen=True):
    """A line: sheets are numbered from 1, so that a missing one is noticed. One that is lost for good stays as None."""

    no: int
    sheet: Sheet | None


@dataclass(slots=True)
class _File:
    """What one file holds: entries by number, how many lines it has, where they end, and whether any is damaged."""

    path: Path
    entries: dict[int, _Entry] = field(default_factory=dict)
    lines: int = 0
    size: int = 0
    damaged: bool = False


class SheetLog:
    """All sheets of a device, in the order in which their lines came to hold. For one thread at a time."""

    def __init__(self, data_dir: Path) -> None:
        """Raises OSError when the folder does not allow it, BlockingIOError when another process uses it."""
        self.damage: str | None = None
        self.lost = 0
        self._lock = threading.Lock()
        data_dir.mkdir(parents=True, exist_ok=True)
        self._lock_held = _lock(data_dir / LOCK_NAME)
        self._files = [_read(data_dir / name) for name in (LOG_NAME, COPY_NAME)]
        self._entries = {**self._files[1].entries, **self._files[0].entries}
        self._mend()

    @property
    def sheets(self) -> Sequence[Sheet]:
        """Every sheet, oldest first."""
        kept = [self._entries[no].sheet for no in sorted(self._entries)]
        return [sheet for sheet in kept if sheet is not None]

    def append(self, sheets: Sequence[Sheet]) -> None:
        """Keep sheets; they are on the disk when this returns. Raises OSError, and then none of them is kept."""
        with self._lock:
            first = max(self._entries, default=0) + 1
            entries = [_Entry(no, sheet) for no, sheet in enumerate(sheets, first)]
            content = b"".join(map(_line, entries))
            log, copy = self._files
            _extend(log, content)
            self._entries.update({entry.no: entry for entry in entries})
            try:
                _extend(copy, content)
            except OSError as error:  # the next start mends it
                logger.warning(
                    "no copy of a calibration", extra={"event": "calibration_not_copied", "reason": str(error)}
                )

    def _mend(self) -> None:
        """Put damaged files aside and make both hold all there is."""
        last = max(0, *self._entries, *(file.lines for file in self._files))
        lost = [no for no in range(1, last + 1) if no not in self._entries]
        self._entries.update({no: _Entry(no, None) for no in lost})
        damaged = [file for file in self._files if file.damaged]
        content = b"".join(_line(self._entries[no]) for no in range(1, last + 1))
        for file in self._files:
            if file.damaged or len(file.entries) != last:
                self._give(file, content)
        self.lost = len(lost)
        if damaged or lost:
            self._tell_damage(", ".join(file.path.name for file in damaged) or LOG_NAME)

    def _tell_damage(self, names: str) -> None:
        saved = len(self.sheets)
        self.damage = f"{names}: damaged, {saved} sheets saved, {self.lost} lost"
        logger.error(
            "calibration file damaged",
            extra={"event": "calibration_damaged", "saved": saved, "lost": self.lost, "files": names},
        )

    def _give(self, file: _File, content: bytes) -> None:
        try:
            _replace(file, content)
        except OSError as error:  # a full disk keeps no agent from starting: what is sound was read
            logger.warning(
                "calibration file not mended", extra={"event": "calibration_not_mended", "reason": str(error)}
            )


def _lock(path: Path) -> int:
    """Return a descriptor that keeps other processes out until this one ends (lockf: it may open the files again)."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise BlockingIOError(error.errno, error.strerror) from error
    return descriptor


def _line(entry: _Entry) -> bytes:
    body = msgspec.json.encode(entry)
    return b"%08x %s\n" % (zlib.crc32(body), body)


def _parse(line: bytes) -> _Entry | None:
    """Return what a line holds, None when it is damaged."""
    checksum, _, body = line.partition(b" ")
    if len(checksum) != 8 or checksum != b"%08x" % zlib.crc32(body):
        return None
    try:
        return msgspec.json.decode(body, type=_Entry)
    except msgspec.MsgspecError:
        return None


def _read(path: Path) -> _File:
    """Return what a file holds; one that cannot be read is damaged, one that is not there is empty."""
    file = _File(path)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return file
    except OSError:
        file.damaged = True
        return file
    lines = content.split(b"\n")[:-1]  # what has no line end was torn
    file.lines = len(lines)
    for line in lines:
        entry = _parse(line)
        if entry is not None:
            file.entries[entry.no] = entry
        else:
            file.damaged = True
    file.size = content.rfind(b"\n") + 1
    return file


def _extend(file: _File, content: bytes) -> None:
    """Write behind what is sound of a file, and see it on the disk. Raises OSError, and then the file is as before."""
    new = not file.path.exists()
    handle = os.open(file.path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            os.ftruncate(handle, file.size)
            _all_of(os.pwrite(handle, content, file.size), content)
            os.fsync(handle)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(handle, file.size)
            raise
    finally:
        os.close(handle)
    if new:
        sync_folder(file.path.parent)
    file.size += len(content)


def _replace(file: _File, content: bytes) -> None:
    """Give a file this content, whole or not at all; a damaged one is kept aside."""
    fresh = file.path.with_name(file.path.name + ".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        _all_of(os.write(handle, content), content)
        os.fsync(handle)
    finally:
        os.close(handle)
    if file.damaged:
        _keep_aside(file.path)
    fresh.replace(file.path)
    sync_folder(file.path.parent)
    file.size = len(content)


def _keep_aside(path: Path) -> None:
    """Give a damaged file a second name, for whoever wants to look; there may be a disk that knows no second names."""
    aside = sorted(path.parent.glob(path.name + ".damaged-*"), key=_number)
    for oldest in aside[: max(0, len(aside) - FILES_ASIDE_MAX + 1)]:
        oldest.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        os.link(path, path.with_name(f"{path.name}.damaged-{_number(aside[-1]) + 1 if aside else 1}"))


def _number(path: Path) -> int:
    number = path.name.rpartition("-")[2]
    return int(number) if number.isdigit() else 0


def _all_of(written: int, content: bytes) -> None:
    """A disk that took only a part is full. Raises OSError."""
    if written < len(content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
