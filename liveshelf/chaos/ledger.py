"""The ledger of a device: what became durable in its outbox, told by a file of its own that is only ever appended to.

A line is written before the outbox is asked (`intend`) and one, synchronised, after its commit (`kept`). A process that
is killed in between leaves an intention: what follows the last number kept may be that, and nothing else.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from contract.records import Gap, Record
from edge.outbox.gaps import Loss

DIGEST_BYTES = 8

_encoder = msgspec.json.Encoder(order="deterministic")

Entry = str | tuple[int, str]
"""The digest of a record, or how many numbers a loss takes and why."""


class _Begun(msgspec.Struct, frozen=True, array_like=True, tag="begun"):
    journal: str


class _Intend(msgspec.Struct, frozen=True, array_like=True, tag="intend"):
    entries: list[Entry]


class _Kept(msgspec.Struct, frozen=True, array_like=True, tag="kept"):
    journal: str
    first: int


class _GaveUp(msgspec.Struct, frozen=True, array_like=True, tag="gave_up"):
    journal: str
    gaps: list[Gap]


_decoder = msgspec.json.Decoder(_Begun | _Intend | _Kept | _GaveUp)


def digest(record: Record) -> str:
    """Return what tells the content of a record from any other: 16 hexadecimal digits of its BLAKE2b."""
    return hashlib.blake2b(_encoder.encode(record), digest_size=DIGEST_BYTES).hexdigest()


class Ledger:
    """The writing side. `run` counts the runs of the device, this one included."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        earlier = path.read_bytes() if path.exists() else b""
        self.run = 1 + sum(isinstance(line, _Begun) for line in _lines(earlier))
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        if earlier and not earlier.endswith(b"\n"):
            os.write(self._file, b"\n")  # a killed run left half a line: what it says counts for nothing

    def begin(self, journal: str) -> None:
        """Note that a run begins, with this journal."""
        self._write(_Begun(journal))

    def intend(self, records: Iterable[Record | Loss]) -> None:
        """Note what the outbox is about to be asked to keep."""
        self._write(_Intend([_entry(record) for record in records]))

    def kept(self, journal: str, first: int) -> None:
        """Note, durable when this returns, that the last intention was kept, from this number of a journal on."""
        self._write(_Kept(journal, first))
        os.fsync(self._file)

    def gave_up(self, journal: str, gaps: Sequence[Gap]) -> None:
        """Note that a full disk made the outbox give up these numbers."""
        if gaps:
            self._write(_GaveUp(journal, list(gaps)))

    def _write(self, line: msgspec.Struct) -> None:
        os.write(self._file, _encoder.encode(line) + b"\n")


@dataclass(slots=True)
class Told:
    """What a ledger says of one journal.

    `records` are digests by number; `losses` numbers that were given to losses; `given_up` numbers a full disk cost;
    `pending` what may follow the `last` number: an intention nobody knows the end of.
    """

    records: dict[int, str] = field(default_factory=dict)
    losses: list[Gap] = field(default_factory=list)
    given_up: list[Gap] = field(default_factory=list)
    pending: tuple[Entry, ...] = ()
    last: int = 0

    def keep(self, first: int, entries: Iterable[Entry]) -> None:
        """Take down entries that have the numbers from `first` on."""
        number = first
        for entry in entries:
            if isinstance(entry, str):
                self.records[number] = entry
                number += 1
            else:
                count, reason = entry
                self.losses.append(Gap(number, number + count - 1, reason))  # type: ignore[arg-type]
                number += count
        self.last = max(self.last, number - 1)


def read_ledger(path: Path) -> dict[str, Told]:
    """Return what a ledger says, by journal; a line that was never finished says nothing."""
    journals: dict[str, Told] = {}
    current = ""
    intended: list[Entry] = []
    for line in _lines(path.read_bytes()):
        match line:
            case _Begun(journal=journal):
                _leave_pending(journals, current, intended)
                current, intended = journal, []
                journals.setdefault(journal, Told())
            case _Intend(entries=entries):
                intended = entries
            case _Kept(journal=journal, first=first):
                journals.setdefault(journal, Told()).keep(first, intended)
                current, intended = journal, []
            case _GaveUp(journal=journal, gaps=gaps):
                journals.setdefault(journal, Told()).given_up.extend(gaps)
    _leave_pending(journals, current, intended)
    return journals


def _leave_pending(journals: dict[str, Told], journal: str, intended: Sequence[Entry]) -> None:
    if journal and intended:
        journals[journal].pending = tuple(intended)


def _lines(content: bytes) -> Iterable[object]:
    for line in content.split(b"\n"):
        try:
            yield _decoder.decode(line)
        except msgspec.DecodeError:
            continue


def _entry(record: Record | Loss) -> Entry:
    return (record.count, record.reason) if isinstance(record, Loss) else digest(record)
