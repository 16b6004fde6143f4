"""Disks as a power cut leaves them: recorded system calls go in, the files of any legal moment come out.

What was written and not synchronised may be there or not, in any order, and one write may be torn at a sector. Names
(made, renamed, removed) keep their order, as ext4 and f2fs do; how many of those not synchronised are there is open.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SECTOR_BYTES = 512

_CALL = re.compile(rb"^\d+ +(\w+)\((.*)\) += (-?\d+)")
_TEXT = re.compile(rb'"((?:\\x[0-9a-f]{2})*)"')


@dataclass(frozen=True, slots=True)
class Call:
    """One system call that succeeded: its name, texts and numbers in order, and what it returned."""

    name: bytes
    texts: tuple[bytes, ...]
    numbers: tuple[int, ...]
    words: bytes
    result: int


@dataclass(slots=True, eq=False)
class Inode:
    """What is durable of a file, and what was done to it since: (offset, bytes), or a size alone."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)


@dataclass(slots=True)
class Disk:
    """A folder on a disk, and who has which file open. `said` is what the program printed so far."""

    folder: Path
    names: dict[str, Inode] = field(default_factory=dict)
    durable_names: list[dict[str, Inode]] = field(default_factory=lambda: [{}])
    said: bytes = b""
    _open: dict[int, Inode | None] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path) -> Disk:
        """Return the disk that holds what a folder holds now, all of it durable."""
        names = {file.name: Inode(bytearray(file.read_bytes())) for file in folder.iterdir()}
        return cls(folder, names, [names])

    def apply(self, call: Call) -> None:
        """Do what a call did."""
        match call.name:
            case b"openat":
                self._opened(call)
            case b"pwrite64":
                self._written(call.numbers[0], call.numbers[-1], call.texts[0])
            case b"write" if call.numbers[0] == 1:
                self.said += call.texts[0]
            case b"write":
                inode = self._open.get(call.numbers[0])
                self._written(call.numbers[0], _size(inode) if inode else 0, call.texts[0])
            case b"ftruncate" | b"fallocate":
                if inode := self._open.get(call.numbers[0]):
                    inode.pending.append((call.numbers[-1], None))
            case b"fsync" | b"fdatasync":
                self._synced(call.numbers[0])
            case b"rename":
                self._name(call.texts[1], self.names.get(self._own(call.texts[0]) or ""), gone=call.texts[0])
            case b"unlink":
                self._name(None, None, gone=call.texts[0])
            case _:
                raise AssertionError(f"{call.name!r} is not modelled")

    def image(self, rng: random.Random) -> dict[str, bytes]:
        """Return the files after a power cut at this moment."""
        names = rng.choice(self.durable_names[-4:] if rng.random() < 0.5 else self.durable_names)
        return {name: _after_power_cut(inode, rng) for name, inode in names.items()}

    def _opened(self, call: Call) -> None:
        name = self._own(call.texts[0])
        if not name:  # the folder itself, or nothing of ours
            self._open[call.result] = None
            return
        if name not in self.names and b"O_CREAT" in call.words:
            self._name(call.texts[0], Inode())
        inode = self.names.get(name)
        if inode and b"O_TRUNC" in call.words:
            inode.pending.append((0, None))
        self._open[call.result] = inode

    def _written(self, descriptor: int, offset: int, data: bytes) -> None:
        if inode := self._open.get(descriptor):
            inode.pending.append((offset, data))

    def _synced(self, descriptor: int) -> None:
        inode = self._open.get(descriptor)
        if inode is None:
            self.durable_names = [dict(self.names)]
            return
        for change in inode.pending:
            _apply(inode.durable, change)
        inode.pending.clear()

    def _name(self, name: bytes | None, inode: Inode | None, gone: bytes | None = None) -> None:
        names = dict(self.names)
        if gone is not None:
            names.pop(self._own(gone) or "", None)
        if name is not None and inode is not None and (own := self._own(name)):
            names[own] = inode
        self.names = names
        self.durable_names.append(names)

    def _own(self, text: bytes) -> str | None:
        path = Path(text.decode())
        if path == self.folder:
            return ""
        return path.name if path.parent == self.folder else None


def read_calls(trace: Path) -> Iterator[Call]:
    """Return the calls of a file strace wrote with `-f -xx -s 10000000`, those that failed left out."""
    with trace.open("rb") as lines:
        for line in lines:
            found = _CALL.match(line)
            if found is None:
                assert b"unfinished" not in line, "the workload has one thread"
                continue
            name, arguments, result = found.groups()
            if int(result) < 0:
                continue
            texts = tuple(bytes.fromhex(text.replace(b"\\x", b"").decode()) for text in _TEXT.findall(arguments))
            words = _TEXT.sub(b"", arguments)
            numbers = tuple(int(word) for word in words.split(b",") if word.strip().isdigit())
            yield Call(name, texts, numbers, words, int(result))


def _size(inode: Inode) -> int:
    size = len(inode.durable)
    for offset, data in inode.pending:
        size = offset if data is None else max(size, offset + len(data))
    return size


def _apply(content: bytearray, change: tuple[int, bytes | None]) -> None:
    offset, data = change
    end = offset + len(data or b"")
    if data is None:
        del content[offset:]
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    if data is not None:
        content[offset:end] = data


def _after_power_cut(inode: Inode, rng: random.Random) -> bytes:
    content = bytearray(inode.durable)
    share = rng.choice((0.0, 0.2, 0.5, 0.8, 1.0))
    there = [change for change in inode.pending if rng.random() < share]
    if rng.random() < 0.5:
        rng.shuffle(there)
    torn = rng.randrange(len(there)) if there else -1
    for position, change in enumerate(there):
        _apply(content, _tear(change, rng) if position == torn else change)
    return bytes(content)


def _tear(change: tuple[int, bytes | None], rng: random.Random) -> tuple[int, bytes | None]:
    """Cut a write at a sector: its beginning is there, or its end."""
    offset, data = change
    if data is None or len(data) <= SECTOR_BYTES:
        return change
    at = rng.randrange(0, len(data), SECTOR_BYTES)
    return (offset, data[:at]) if rng.random() < 0.5 else (offset + at, data[at:])
