"""The outbox as the state machine sees it: a fast model in memory, and the real one in a file."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from contract.clock import ManualClock
from contract.codec import NumberedRecord
from contract.records import Gap, HeldJournal, Record
from edge.outbox.gaps import name_holes
from edge.outbox.outbox import Outbox
from edge.publishing.batch import Reserve


class KeptReserve(Reserve, Protocol):
    """What the machine does to an outbox beyond what the publisher does."""

    @property
    def journal(self) -> str: ...

    def append(self, records: Sequence[Record]) -> tuple[int, int]: ...

    def restart(self) -> None:
        """Kill the agent and start it again: what was only in memory is gone, a new journal begins."""
        ...

    def age(self) -> None:
        """Let the reserve grow old, so that what is committed may be forgotten."""
        ...

    def close(self) -> None: ...


@dataclass
class _Journal:
    records: dict[int, Record] = field(default_factory=dict)
    gaps: dict[int, Gap] = field(default_factory=dict)
    last: int = 0
    forgotten: int = 0


class MemoryReserve:
    """A dictionary that remembers across restarts what a disk would."""

    def __init__(self) -> None:
        self.journals: dict[str, _Journal] = {}
        self.epoch = ""
        self._committed: dict[str, int] = {}
        self._begin()

    @property
    def journal(self) -> str:
        return self._current

    def restart(self) -> None:
        self._begin()

    def append(self, records: Sequence[Record]) -> tuple[int, int]:
        journal = self.journals[self._current]
        first = journal.last + 1
        journal.records.update(enumerate(records, first))
        journal.last += len(records)
        return first, journal.last

    def age(self) -> None:
        for name, journal in self.journals.items():
            journal.forgotten = max(journal.forgotten, min(journal.last, self._committed.get(name, 0)))
            for seq in [seq for seq in journal.records if seq <= journal.forgotten]:
                del journal.records[seq]
            journal.gaps = {seq: gap for seq, gap in journal.gaps.items() if seq > journal.forgotten}

    def watermarks(self) -> dict[str, int]:
        return dict(self._committed)

    def held(self) -> list[HeldJournal]:
        return [HeldJournal(name, j.forgotten + 1, j.last) for name, j in self.journals.items() if j.last]

    def boot_of(self, journal: str) -> str:
        return "boot" if journal in self.journals else ""

    def read(self, journal: str, first: int, count_max: int) -> list[NumberedRecord]:
        records = self.journals[journal].records
        return [(seq, records[seq]) for seq in sorted(records) if seq >= first][:count_max]

    def gaps(self, journal: str, first: int, last: int) -> list[Gap]:
        held = self.journals[journal]
        known = [gap for seq, gap in held.gaps.items() if first <= seq <= last]
        return name_holes(known, [seq for seq in held.records if first <= seq <= last], first, last, held.forgotten)

    def set_aside(self, journal: str, seq: int) -> None:
        held = self.journals[journal]
        if held.records.pop(seq, None) is not None:
            held.gaps[seq] = Gap(seq, seq, "rejected")

    def committed(self, epoch: str, watermarks: dict[str, int]) -> None:
        if epoch != self.epoch:
            self._committed.clear()
        self.epoch = epoch
        self._committed.update(watermarks)

    def close(self) -> None:
        pass

    def _begin(self) -> None:
        self.journals = {name: journal for name, journal in self.journals.items() if journal.last}
        self._current = secrets.token_hex(16)
        self.journals[self._current] = _Journal()


class FileReserve:
    """The real outbox. A restart drops the connection without its farewell, as a kill would."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._clock = ManualClock()
        self._outbox = self._open()

    def __getattr__(self, name: str) -> object:
        return getattr(self._outbox, name)

    def restart(self) -> None:
        self._outbox._connection.close()
        self._outbox = self._open()

    def age(self) -> None:
        self._clock.advance(10 * 24 * 3600)
        self._outbox._since_forget = 10_000

    def _open(self) -> Outbox:
        return Outbox.open(self._path, boot="boot", board_serial="serial", clock=self._clock)
