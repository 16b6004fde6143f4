"""Between the thread that samples and the thread that delivers: whole episodes go in, batches of them come out.

A slow disk never loses a sample: the sampling thread only puts, and never waits. What happens when the disk stays
away until the queue is full is said here, counted, and told by the next health record.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Sequence

from contract.records import Record, WeightRecord

RECORDS_MAX = 10_000
"""Some 3 MB. A shelf in full trade makes a few records a second: hours of a disk that does not answer."""

TAKE_MAX = 512
"""So many records become durable in one transaction; a whole episode is taken in any case."""


class Handover:
    """A bounded queue of episodes. When it is full, the oldest episodes without a step give way first, thinned, then
    the oldest of all, dropped: a newer weight makes an older heartbeat needless, but nothing replaces a step.
    """

    def __init__(self, *, records_max: int = RECORDS_MAX) -> None:
        self._records_max = records_max
        self._episodes: deque[tuple[Record, ...]] = deque()
        self._queued = 0
        self._losses: Counter[str] = Counter()
        self._changed = threading.Condition()

    @property
    def queued(self) -> int:
        """How many records wait."""
        return self._queued

    def put(self, episode: Sequence[Record]) -> None:
        """Hand over records that belong into one transaction. Never waits for the other side."""
        if not episode:
            return
        with self._changed:
            self._episodes.append(tuple(episode))
            self._queued += len(episode)
            while self._queued > self._records_max and len(self._episodes) > 1:
                self._make_room()
            self._changed.notify()

    def take(self, timeout_s: float) -> list[Record]:
        """Return what waits, whole episodes and about `TAKE_MAX` records at most; wait so long for the first."""
        taken: list[Record] = []
        with self._changed:
            self._changed.wait_for(lambda: self._episodes, timeout_s)
            while self._episodes and len(taken) < TAKE_MAX:
                taken.extend(self._episodes.popleft())
            self._queued -= len(taken)
        return taken

    def take_losses(self) -> dict[str, int]:
        """Return how many records were `thinned` and `dropped` since the last call."""
        with self._changed:
            losses, self._losses = dict(self._losses), Counter()
        return losses

    def _make_room(self) -> None:
        for index, episode in enumerate(self._episodes):
            if not any(map(_is_step, episode)):
                del self._episodes[index]
                self._lose("thinned", episode)
                return
        self._lose("dropped", self._episodes.popleft())

    def _lose(self, reason: str, episode: tuple[Record, ...]) -> None:
        self._queued -= len(episode)
        self._losses[reason] += len(episode)


def _is_step(record: Record) -> bool:
    return isinstance(record, WeightRecord) and record.kind == "step"
