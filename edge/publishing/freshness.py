"""Tell the newest weights ahead of a backlog: weights and the state of the sender in, a `now` message out (rule 9)."""

from __future__ import annotations

from collections.abc import Iterable

from contract.clock import Clock
from contract.records import Now, Record, WeightRecord

BEHIND_S = 2.0
"""A backlog older than this is overtaken by the newest weights (design section 4, rule 9)."""

TELL_EVERY_S = 1.0


class NewestWeights:
    """The newest weight of each plate, and whether the numbered records lag behind it."""

    def __init__(self, *, device: str, clock: Clock) -> None:
        self._device = device
        self._clock = clock
        self._weights: dict[str, WeightRecord] = {}
        self._changed: set[str] = set()
        self._told_at_s = float("-inf")
        self._sending = ""
        self._sent_mono_ms = 0

    def note(self, records: Iterable[Record]) -> None:
        """Keep the weights among the records, the newest of each plate."""
        for record in records:
            if isinstance(record, WeightRecord):
                self._weights[record.plate] = record
                self._changed.add(record.plate)

    def sent(self, journal: str, mono_ms: int | None) -> None:
        """Take note of the batch sent last: its journal, and the time of its first record."""
        self._sending = journal
        if mono_ms is not None:
            self._sent_mono_ms = mono_ms

    def message(self, journal: str, *, now_s: float, backlog: bool, waiting_since_s: float | None) -> Now | None:
        """Return the weights that changed since the last message, when the records lag more than 2 s behind.

        `journal`: that of this run; `backlog`: numbers wait that were not sent; `waiting_since_s`: wall time at which
        the oldest batch on the way was sent. At most one message a second.
        """
        stuck = waiting_since_s is not None and now_s - waiting_since_s > BEHIND_S
        if (
            not self._changed
            or now_s - self._told_at_s < TELL_EVERY_S
            or not (stuck or (backlog and self._old(journal)))
        ):
            return None
        self._told_at_s = now_s
        newest = [self._weights[plate] for plate in sorted(self._changed)]
        self._changed.clear()
        return Now(
            device=self._device,
            journal=journal,
            sent_mono_ms=self._clock.mono_ms(),
            mono_ms=[record.mono_ms for record in newest],
            plate=[record.plate for record in newest],
            weight_g=[record.weight_g for record in newest],
        )

    def _old(self, journal: str) -> bool:
        age_s = (self._clock.mono_ms() - self._sent_mono_ms) / 1000 / self._clock.rate
        return self._sending != journal or age_s > BEHIND_S
