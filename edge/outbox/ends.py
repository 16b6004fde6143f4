"""Beside the outbox file: which journals there are, and how far each was numbered, told twice and cheaply.

The outbox file alone cannot say that its newest records are gone: a log cut short is a valid, older outbox. Two small
files make it tell. `*.ends` names every journal and a number it has not passed, durable before that number is given;
it is written anew every `STEP` numbers. `*.mark` says the newest number that is durable; it is written after each
commit and never synchronised, so it costs next to nothing, may lag after a power cut and is never ahead. A mark the
outbox file does not reach is proof of damage; the ends then say how much is lost at most.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from edge.outbox.gaps import add_gap
from edge.outbox.journals import Journal, adopt_journal
from edge.outbox.rows import seal
from edge.outbox.schema import sync_folder

STEP = 1024
"""A journal's end is written ahead by so many numbers: after damage so many more than were given count as lost."""

ENDS_BYTES_MAX = 128 * 1024
"""Both files together, the new copy of the ends beside the old one included."""

ENDS_SUFFIXES = (".ends", ".ends-new", ".mark")
"""What the files are called, behind the name of the outbox file."""

_SLOT_BYTES = 512
"""The two marks stand in sectors of their own and are written in turn, so a torn one leaves the other."""


T = TypeVar("T")


class End(msgspec.Struct, frozen=True, array_like=True):
    """A journal, and the number it has not passed: `bound` is 0 for one that never numbered anything.

    It is `exact` for a journal that ended in order, or of which a later run found the end.
    """

    number: int
    name: str
    boot: str
    bound: int
    exact: bool = False


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """The newest number of the newest journal that was durable when this was written."""

    journal: str
    last: int


@dataclass(frozen=True, slots=True)
class Ends:
    """The two files beside the outbox at `path`. Reading never fails; what cannot be read is not known."""

    path: Path

    def read(self) -> list[End]:
        """Return what was written last; nothing when it is missing or damaged."""
        return _decode(self._read(self._file("ends")), list[End]) or []

    def write(self, ends: Iterable[End]) -> None:
        """Replace the list, durable before this returns. Raises OSError."""
        fresh = self._file("ends-new")
        with fresh.open("wb") as file:
            file.write(_encode(list(ends)))
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(self._file("ends"))
        sync_folder(self.path.parent)

    def mark(self, journal: str, last: int) -> None:
        """Note the newest durable number. Not synchronised, and nothing happens when the disk refuses it."""
        with contextlib.suppress(OSError):
            descriptor = os.open(self._file("mark"), os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.pwrite(descriptor, _encode(Mark(journal, last)).ljust(128, b"\n"), last % 2 * _SLOT_BYTES)
            finally:
                os.close(descriptor)

    def marked(self) -> list[Mark]:
        """Return the marks that can be read: two at most, in no order."""
        found = self._read(self._file("mark"))
        marks = [_decode(found[at : at + 128].rstrip(b"\n"), Mark) for at in (0, _SLOT_BYTES)]
        return [mark for mark in marks if mark is not None]

    def _file(self, kind: str) -> Path:
        return self.path.with_name(f"{self.path.name}.{kind}")

    def _read(self, file: Path) -> bytes:
        try:
            return file.read_bytes()
        except OSError:
            return b""


def behind(journals: Mapping[str, Journal], ends: Iterable[End], marks: Iterable[Mark], *, existed: bool) -> list[End]:
    """Return the ends an outbox file should reach and does not (pure).

    A mark, an exact end or a missing file proves it; another bound proves nothing: numbers below it may never have
    been given. Once it is proven, every journal is taken to have reached its bound.
    """
    known = {end.name: end for end in ends}
    proof = any(_last(journals, end.name) < end.bound for end in known.values() if end.exact or not existed)
    for mark in marks:
        if _last(journals, mark.journal) < mark.last:
            proof = True
            end = known.get(mark.journal, End(0, mark.journal, "", 0))
            known[mark.journal] = msgspec.structs.replace(end, bound=max(end.bound, mark.last))
    return [end for end in known.values() if proof and _last(journals, end.name) < end.bound]


def close_ends(connection: sqlite3.Connection, journals: dict[str, Journal], missing: Iterable[End]) -> int:
    """Make what a file does not reach gaps, `lost`, in the caller's transaction; return how many numbers that is.

    A journal without a line gets one again, so that the gateway hears where it ended.
    """
    lost = 0
    for end in missing:
        journal = journals.get(end.name)
        if journal is None:
            taken = {known.number for known in journals.values()}
            number = 0 if end.number in taken else end.number
            journal = adopt_journal(connection, number=number, name=end.name, boot=end.boot)
            journals[end.name] = journal
        if journal.last < end.bound:
            add_gap(connection, journal, journal.last + 1, end.bound, "lost")
            lost += end.bound - journal.last
            journal.last = end.bound
    return lost


def _last(journals: Mapping[str, Journal], name: str) -> int:
    journal = journals.get(name)
    return journal.last if journal else 0


def _encode(value: object) -> bytes:
    body = msgspec.json.encode(value)
    return b"%08x %b\n" % (seal(body), body)


def _decode(found: bytes, kind: type[T]) -> T | None:
    check, _, body = found.rstrip(b"\n").partition(b" ")
    try:
        return msgspec.json.decode(body, type=kind) if int(check, 16) == seal(body) else None
    except (ValueError, msgspec.DecodeError):
        return None
