"""Hold the database against the ledgers: what they say comes in, what is lost, doubled, unexplained or altered goes out
(pure).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from contract.records import Gap
from liveshelf.chaos.ledger import Entry, Told

Journal = tuple[str, str]
"""Device and journal."""


@dataclass(frozen=True, slots=True)
class Row:
    """A record as the database has it: its journal and number, and the digest of its content."""

    journal: Journal
    seq: int
    digest: str


@dataclass(frozen=True, slots=True)
class GapRow:
    """A gap as the database has it."""

    journal: Journal
    gap: Gap


@dataclass(slots=True)
class Verdict:
    """What is wrong, each as one sentence. `records` is how many records the ledgers hold."""

    records: int = 0
    lost: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    unexplained_gaps: list[str] = field(default_factory=list)
    altered: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Tell whether nothing is wrong."""
        return not (self.lost or self.duplicates or self.unexplained_gaps or self.altered)


def judge(
    ledgers: Mapping[Journal, Told],
    rows: Iterable[Row],
    gaps: Iterable[GapRow],
    *,
    filled: Collection[str] = (),
    invented: Collection[str] = (),
) -> Verdict:
    """Return what is wrong with the database.

    `filled` are the devices whose disk was made full: only those may have given up records. `invented` are journals
    of garbage: the gateway may keep gaps of them, and no record.
    """
    verdict = Verdict(records=sum(len(told.records) for told in ledgers.values()))
    here: dict[Journal, set[int]] = {}
    for row in rows:
        numbers = here.setdefault(row.journal, set())
        if row.seq in numbers:
            verdict.duplicates.append(f"{_place(row.journal, row.seq)}: there twice")
        numbers.add(row.seq)
        said = _said(ledgers.get(row.journal), row.seq)
        if said != row.digest:
            verdict.altered.append(
                f"{_place(row.journal, row.seq)}: found {row.digest}, expected {said or 'no record'}"
            )
    for found in gaps:
        _judge_gap(found, ledgers.get(found.journal), here, verdict, filled=filled, invented=invented)
    for journal, told in ledgers.items():
        verdict.lost.extend(_lost(journal, told, here.get(journal, set())))
    return verdict


def _judge_gap(
    found: GapRow,
    told: Told | None,
    here: dict[Journal, set[int]],
    verdict: Verdict,
    *,
    filled: Collection[str],
    invented: Collection[str],
) -> None:
    (device, journal), gap = found.journal, found.gap
    if told is None:
        if journal not in invented:
            verdict.unexplained_gaps.append(f"{_gap_place(found)}: no ledger knows the journal")
        return
    numbers = here.setdefault(found.journal, set())
    inside = range(gap.first, gap.last + 1)
    doubled = [seq for seq in inside if seq in numbers]
    verdict.duplicates.extend(f"{_place(found.journal, seq)}: there, and in a gap" for seq in doubled)
    numbers.update(inside)
    known = {seq for seq, entry in _following(told) if entry == gap.reason}
    for reasons in (told.losses, told.given_up if device in filled else []):
        known.update(seq for one in reasons if one.reason == gap.reason for seq in range(one.first, one.last + 1))
    unexplained = [seq for seq in inside if seq not in known]
    if unexplained:
        verdict.unexplained_gaps.append(f"{_gap_place(found)}: nothing explains {len(unexplained)} of its numbers")


def _lost(journal: Journal, told: Told, here: Collection[int]) -> Iterator[str]:
    for seq in told.records:
        if seq not in here:
            yield f"{_place(journal, seq)}: durable on the device, neither a row nor in a gap"
    for gap in told.losses:
        for seq in range(gap.first, gap.last + 1):
            if seq not in here:
                yield f"{_place(journal, seq)}: {gap.reason} on the device, and no gap says so"


def _said(told: Told | None, seq: int) -> str:
    """Return the digest of a number by the ledger, or of what it intended to have there; empty when it has none."""
    if told is None:
        return ""
    if seq in told.records:
        return told.records[seq]
    return dict(_following(told)).get(seq, "")


def _following(told: Told) -> Iterator[tuple[int, str]]:
    """Return what may follow the last number: numbers with the digest of a record, or with the reason of a loss."""
    seq = told.last
    for entry in told.pending:
        for content in _contents(entry):
            seq += 1
            yield seq, content


def _contents(entry: Entry) -> list[str]:
    return [entry] if isinstance(entry, str) else [entry[1]] * entry[0]


def _place(journal: Journal, seq: int) -> str:
    return f"{journal[0]}/{journal[1]}/{seq}"


def _gap_place(found: GapRow) -> str:
    return f"{_place(found.journal, found.gap.first)} to {found.gap.last} ({found.gap.reason})"
