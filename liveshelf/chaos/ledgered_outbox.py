"""An agent's outbox whose every commit stands in a ledger too."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from contract.clock import Clock
from contract.records import Gap, Record
from edge.delivery import open_outbox_as
from edge.outbox.gaps import Loss
from edge.outbox.outbox import Outbox, OutboxAway
from liveshelf.chaos.ledger import Ledger

GIVEN_UP = ("thinned", "dropped")
"""Why an outbox gives up records when its disk is full."""


class LedgeredOutbox(Outbox):
    """The real outbox; `ledger` is told before and after each append, and what a full disk cost."""

    ledger: Ledger

    def append(self, records: Sequence[Record | Loss]) -> tuple[int, int]:
        """Make records durable, and say so in the ledger. Raises as the outbox does."""
        self.ledger.intend(records)
        first, last = super().append(records)
        self.ledger.kept(self.journal, first)
        return first, last

    def tell_what_was_given_up(self) -> None:
        """Note in the ledger which numbers a full disk has cost until now."""
        for held in self.held():
            gaps: list[Gap] = []
            with contextlib.suppress(OutboxAway):  # a disk that does not answer: the next look will tell
                gaps = self.gaps(held.journal, 1, held.last)
            self.ledger.gave_up(held.journal, [gap for gap in gaps if gap.reason in GIVEN_UP])

    def _append_after_making_room(self, records: Sequence[Record | Loss]) -> tuple[int, int]:
        try:
            return super()._append_after_making_room(records)
        finally:
            self.tell_what_was_given_up()


def open_ledgered(data_dir: Path, clock: Clock, ledger: Ledger) -> LedgeredOutbox:
    """Open the outbox of a device and begin a run in its ledger. Raises ConfigurationError as `open_outbox` does."""
    outbox = open_outbox_as(LedgeredOutbox, data_dir, clock)
    outbox.ledger = ledger
    ledger.begin(outbox.journal)
    outbox.tell_what_was_given_up()
    return outbox
