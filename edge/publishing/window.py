"""Decide which numbers to send next: acknowledgements and the time go in, spans and watermarks come out (pure).

This is TCP over MQTT (design section 4): a window in records and bytes, go-back-N, one journal at a time, oldest
first. The acknowledgement of a broker plays no part in it; only a watermark the gateway sent after its commit moves
the window. Times are wall seconds of any clock that never steps back.

A record is given up for good, so it takes certainty: a refusal counts once, for a batch of this run of which it names
the very bytes, and a record is given up only when it was refused alone in two sends. Numbers prove nothing: an earlier
run may have been refused the same numbers with other records behind them, and a retained acknowledgement returns at
any time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from contract.records import Ack, HeldJournal, Refusal

BROKER_REFUSALS_MIN = 3
"""A batch counts as refused by the broker when the connection was lost so often right after it was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRule:
    """How much may be on the way, and how long to wait for the gateway.

    The windows of all agents of a store must stay below the broker's storage segments together (the embedded broker
    keeps 8 of 4 MiB): 256 KiB leaves room for 100 agents draining at once. The gateway acknowledges at half a window.
    """

    records_max: int = 2_048
    bytes_max: int = 262_144
    batch_records_max: int = 256
    resend_after_s: float = 5.0
    resend_after_max_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What to send next: up to `records_max` records of a journal from number `first` on, with the gaps between."""

    journal: str
    first: int
    records_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """A record the gateway cannot read even alone: to be set aside with a gap."""

    journal: str
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What an acknowledgement changed: the watermarks to remember (None: it was stale), and records to give up."""

    epoch: str
    watermarks: Mapping[str, int] | None = None
    given_up: tuple[GivenUp, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    journal: str
    first: int
    last: int
    records: int
    payload_bytes: int
    payload_hash: str
    sent_at_s: float


@dataclass(slots=True, kw_only=True)
class _Journal:
    last: int = 0
    forgotten: int = 0
    committed: int = 0
    held_back: bool = False
    refused_alone: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class Window:
    """The state of one sender. `epoch` and `watermarks` are what an earlier run remembered, if anything."""

    rule: WindowRule = field(default_factory=WindowRule)
    epoch: str = ""
    remembered: Mapping[str, int] = field(default_factory=dict)
    _journals: dict[str, _Journal] = field(default_factory=dict)
    _gateway_run: str = ""
    _ack_no: int = 0
    _sending: str = ""
    _next: int = 1
    _flight: deque[_Sent] = field(default_factory=deque)
    _sends: dict[str, _Sent] = field(default_factory=dict)
    _flight_records: int = 0
    _flight_bytes: int = 0
    _waiting_since_s: float = 0.0
    _patience_s: float = 0.0
    _limit: int = 0
    _broker_refusals: int = 0
    acks_ignored: int = 0
    """How many acknowledgements were stale, or named a lower watermark of the same database (rule 5)."""

    def __post_init__(self) -> None:
        self._patience_s = self.rule.resend_after_s
        self._limit = self.rule.batch_records_max

    @property
    def watermarks(self) -> dict[str, int]:
        """The watermark of every journal known, in the epoch `epoch`."""
        return {name: journal.committed for name, journal in self._journals.items()}

    @property
    def in_flight(self) -> int:
        """The number of records sent and not known to be committed."""
        return self._flight_records

    @property
    def waiting_since_s(self) -> float | None:
        """When the oldest batch on the way was sent; None when nothing is on the way."""
        return self._flight[0].sent_at_s if self._flight else None

    @property
    def drained(self) -> bool:
        """Tell whether the gateway has committed everything there is."""
        return all(journal.committed >= journal.last for journal in self._journals.values())

    @property
    def backlog(self) -> bool:
        """Tell whether there are numbers that were not even sent yet."""
        name = self._oldest_uncommitted()
        return name is not None and (name != self._sending or self._next <= self._journals[name].last)

    def hold(self, held: Iterable[HeldJournal]) -> None:
        """Take note of what the outbox holds, oldest journal first; call it whenever that changed."""
        known = self._journals
        self._journals = {}
        for journal in held:
            entry = known.get(journal.journal) or _Journal(committed=self.remembered.get(journal.journal, 0))
            entry.last, entry.forgotten = journal.last, journal.first - 1
            self._journals[journal.journal] = entry

    def next_span(self, now_s: float) -> Span | None:
        """Return what to send now, or None while the window is full or nothing is left.

        When nothing was heard for too long, everything above the watermark is sent again, with growing patience.
        """
        if self._flight and now_s - self._waiting_since_s >= self._patience_s:
            self._patience_s = min(self._patience_s * 2, self.rule.resend_after_max_s)
            self._go_back()
        name = self._oldest_uncommitted()
        if name is None:
            return None
        journal = self._journals[name]
        if name != self._sending:
            self._sending = name
            self._go_back()
        first = max(self._next, journal.committed + 1)
        room = min(self._limit, self.rule.records_max - self._flight_records)
        if first > journal.last or room <= 0 or self._flight_bytes >= self.rule.bytes_max:
            return None
        return Span(journal=name, first=first, records_max=room)

    def sent(self, span: Span, *, last: int, records: int, payload_bytes: int, payload_hash: str, now_s: float) -> None:
        """Take note of a batch handed to the broker: numbers `span.first` to `last`, with so many records in it."""
        if not self._flight:
            self._waiting_since_s = now_s
        batch = _Sent(
            journal=span.journal,
            first=span.first,
            last=last,
            records=records,
            payload_bytes=payload_bytes,
            payload_hash=payload_hash,
            sent_at_s=now_s,
        )
        self._flight.append(batch)
        # A refusal may come after we have gone back already: what was sent stays answerable until it is committed.
        self._sends.pop(payload_hash, None)
        self._sends[payload_hash] = batch
        if len(self._sends) > self.rule.records_max:
            del self._sends[next(iter(self._sends))]
        self._flight_records += records
        self._flight_bytes += payload_bytes
        self._next = last + 1

    def acknowledged(self, ack: Ack, now_s: float) -> Heard:
        """Take in what the gateway says it committed (rules 5 and 6); stale acknowledgements change nothing."""
        new_epoch = ack.database_epoch != self.epoch
        new_run = new_epoch or ack.gateway_run != self._gateway_run
        if not new_run and ack.ack_no <= self._ack_no:
            self.acks_ignored += 1
            return Heard(epoch=self.epoch)
        self.epoch, self._gateway_run, self._ack_no = ack.database_epoch, ack.gateway_run, ack.ack_no
        if self._adopt(ack, lower=new_epoch):
            self._progress(now_s)
        if new_run:
            self._release_held_back()
        given_up = [given for refusal in ack.refused if (given := self._refused(refusal))]
        if new_run or self._sending in ack.resend:
            self._go_back()
        return Heard(epoch=self.epoch, watermarks=self.watermarks, given_up=tuple(given_up))

    def reconnected(self) -> None:
        """Send everything above the watermark again: what the lost connection carried may be gone."""
        self._patience_s = self.rule.resend_after_s
        self._go_back()

    def broker_refused(self) -> GivenUp | None:
        """Take note that the connection was lost right after a batch was sent and before the broker took it.

        Happening again and again without progress, it means the broker does not like the batch: it is halved, down
        to one record, which is then returned to be set aside.
        """
        self._broker_refusals += 1
        if self._broker_refusals < BROKER_REFUSALS_MIN or not self._flight:
            return None
        self._broker_refusals = 0
        return self._halve(self._flight[0])

    def broker_took(self) -> None:
        """Take note that the broker accepted a batch: it does not refuse what we send."""
        self._broker_refusals = 0

    def _adopt(self, ack: Ack, *, lower: bool) -> bool:
        advanced = False
        if not lower and any(
            name in self._journals and watermark < self._journals[name].committed
            for name, watermark in ack.journals.items()
        ):
            self.acks_ignored += 1
        for name, journal in self._journals.items():
            # A journal a new database does not name is one it has nothing of.
            watermark = ack.journals.get(name, 0 if lower else journal.committed)
            advanced |= watermark > journal.committed
            journal.committed = watermark if lower else max(journal.committed, watermark)
        if lower:
            self.remembered = dict(ack.journals)
        return advanced

    def _progress(self, now_s: float) -> None:
        self._patience_s = self.rule.resend_after_s
        self._waiting_since_s = now_s
        self._broker_refusals = 0
        self._limit = min(self._limit * 2, self.rule.batch_records_max)
        journal = self._journals.get(self._sending)
        while journal and self._flight and self._flight[0].last <= journal.committed:
            batch = self._flight.popleft()
            self._flight_records -= batch.records
            self._flight_bytes -= batch.payload_bytes
        self._forget_judged()

    def _forget_judged(self) -> None:
        committed = {name: journal.committed for name, journal in self._journals.items()}
        self._sends = {
            payload_hash: sent
            for payload_hash, sent in self._sends.items()
            if sent.journal in committed and sent.last > committed[sent.journal]
        }
        for journal in self._journals.values():
            for seq in [seq for seq in journal.refused_alone if seq <= journal.committed]:
                del journal.refused_alone[seq]

    def _go_back(self) -> None:
        journal = self._journals.get(self._sending)
        self._next = journal.committed + 1 if journal else 1
        self._flight.clear()
        self._flight_records = self._flight_bytes = 0

    def _oldest_uncommitted(self) -> str | None:
        for name, journal in self._journals.items():
            if journal.committed < journal.last and not journal.held_back:
                return name
        return None

    def _release_held_back(self) -> None:
        for journal in self._journals.values():
            journal.held_back = False

    def _refused(self, refusal: Refusal) -> GivenUp | None:
        batch = self._sends.pop(refusal.payload_hash, None)
        if batch is None or batch.journal != self._sending or batch.journal not in self._journals:
            return None
        if refusal.reason == "unknown_version":
            self._hold_back(batch.journal)
            return None
        if batch.records > 1 and self._limit <= batch.records // 2:
            return None  # an earlier send of it was refused, and smaller ones are under way
        alone = self._halve(batch)
        if alone is None or not self._refused_before(batch):
            return None
        self._sends.clear()
        return alone

    def _refused_before(self, batch: _Sent) -> bool:
        """Tell whether the only record of a batch was already refused alone, in another send of this run."""
        refused = self._journals[batch.journal].refused_alone
        return refused.setdefault(batch.last, batch.payload_hash) != batch.payload_hash

    def _hold_back(self, name: str) -> None:
        self._journals[name].held_back = True
        self._go_back()

    def _halve(self, batch: _Sent) -> GivenUp | None:
        self._go_back()
        self._limit = max(1, batch.records // 2)
        return GivenUp(journal=batch.journal, seq=batch.last) if batch.records == 1 else None
