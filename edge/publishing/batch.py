"""Compose batches: a span of numbers goes in, a payload of at most 64 KiB that covers it exactly comes out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from contract.clock import Clock
from contract.codec import NumberedRecord, encode, pack
from contract.records import Batch, Gap, HeldJournal
from edge.publishing.window import GivenUp, Span


class Reserve(Protocol):
    """The numbered, durable records to send; `edge.outbox.outbox.Outbox` is one."""

    @property
    def journal(self) -> str:
        """The journal of this run; another one after a damaged file was set aside."""
        ...

    @property
    def epoch(self) -> str:
        """The database epoch the watermarks belong to."""
        ...

    def watermarks(self) -> dict[str, int]:
        """Return the watermarks an earlier run remembered."""
        ...

    def held(self) -> list[HeldJournal]:
        """Return the journals that numbered anything, oldest first."""
        ...

    def boot_of(self, journal: str) -> str:
        """Return the boot a journal was written in."""
        ...

    def read(self, journal: str, first: int, count_max: int) -> list[NumberedRecord]:
        """Return up to `count_max` records from number `first` on."""
        ...

    def gaps(self, journal: str, first: int, last: int) -> list[Gap]:
        """Return the gaps within `first` to `last`."""
        ...

    def set_aside(self, journal: str, seq: int) -> None:
        """Give one record up with a gap."""
        ...

    def committed(self, epoch: str, watermarks: dict[str, int]) -> None:
        """Remember what the gateway committed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """One batch ready for the wire: its last number, how many records it holds, and the time of the first of them."""

    payload: bytes
    last: int
    records: int
    mono_ms: int | None


def compose(device: str, span: Span, reserve: Reserve, clock: Clock) -> Composed | GivenUp | None:
    """Return the batch of a span, made smaller until it fits 64 KiB; None when the journal holds nothing there.

    A single record that does not fit alone is given up instead: nothing could ever carry it.
    """
    records = reserve.read(span.journal, span.first, span.records_max)
    last = records[-1][0] if records else _last_of(reserve.held(), span.journal)
    while last >= span.first:
        gaps = reserve.gaps(span.journal, span.first, last)
        batch = Batch(
            device=device,
            journal=span.journal,
            first=span.first,
            last=last,
            sent_mono_ms=clock.mono_ms(),
            blocks=pack(records),
            gaps=gaps,
            boot=reserve.boot_of(span.journal),
        )
        try:
            payload = encode(batch)
        except ValueError:
            if len(records) == 1 and last == span.first:
                return GivenUp(journal=span.journal, seq=last)
            records, last = _smaller(records, span.first, last)
            continue
        return Composed(
            payload=payload, last=last, records=len(records), mono_ms=records[0][1].mono_ms if records else None
        )
    return None


def _smaller(records: list[NumberedRecord], first: int, last: int) -> tuple[list[NumberedRecord], int]:
    if len(records) > 1:
        records = records[: len(records) // 2]
        return records, records[-1][0]
    # One record or none: the gaps before it are too many, or it is too large itself and they go ahead of it.
    last = first + (last - first) // 2 if not records else records[0][0] - 1
    return [], last


def _last_of(held: Iterable[HeldJournal], journal: str) -> int:
    return next((entry.last for entry in held if entry.journal == journal), 0)
