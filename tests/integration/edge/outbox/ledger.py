"""What an outbox promised, and whether a reopened one keeps it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from contract.records import Gap, HealthRecord, Record
from edge.outbox.outbox import Outbox
from tests.integration.edge.outbox.workload import record_of


@dataclass(slots=True)
class Ledger:
    """`runs` names the run of a journal, `durable` its highest number promised, `aside` those given up on request."""

    runs: dict[str, int] = field(default_factory=dict)
    durable: dict[str, int] = field(default_factory=dict)
    aside: set[tuple[str, int]] = field(default_factory=set)

    def promise(self, line: str) -> None:
        """Take down one line of the workload."""
        match line.split():
            case "run", run, journal:
                self.runs[journal] = int(run)
            case "durable", journal, last:
                self.durable[journal] = int(last)
            case "aside", journal, seq:
                self.aside.add((journal, int(seq)))

    def check(self, outbox: Outbox, *, damaged: bool = False, may_forget: Iterable[str] = ()) -> list[Gap]:
        """Assert that every number promised is its right record or in a gap, once; return the gaps of damage.

        In a `damaged` outbox a record set aside may be back; journals in `may_forget` may have lost their end.
        """
        held = {journal.journal: journal.last for journal in outbox.held()}
        lost: list[Gap] = []
        for journal, last in self.durable.items():
            if journal not in may_forget:
                assert held.get(journal, 0) >= last, (
                    f"{journal} was durable up to {last}, held up to {held.get(journal)}"
                )
            lost += self._check_journal(outbox, journal, held.get(journal, 0), damaged=damaged)
        return lost

    def _check_journal(self, outbox: Outbox, journal: str, last: int, *, damaged: bool) -> list[Gap]:
        outbox.read(journal, 1, 10**6)  # damage that only reading finds is mended first
        gaps = outbox.gaps(journal, 1, last)
        records = dict(outbox.read(journal, 1, 10**6))
        missing = [seq for gap in gaps for seq in range(gap.first, gap.last + 1)]
        assert sorted([*records, *missing]) == list(range(1, last + 1)), (
            "a number is a record or in a gap, and only once"
        )
        for seq, record in records.items():
            assert record == record_of(self.runs[journal], seq), f"record {seq} of run {self.runs[journal]} is wrong"
            assert damaged or (journal, seq) not in self.aside
        return [gap for gap in gaps if gap.reason == "lost"]


def alarms(records: Iterable[Record]) -> list[HealthRecord]:
    """Return the health records that tell of a damaged outbox."""
    return [record for record in records if isinstance(record, HealthRecord) and record.verdict == "outbox_damaged"]
