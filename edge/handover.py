"""Between the thread that samples and the thread that delivers: whole episodes go in, batches of them come out.

A slow disk never loses a sample: the sampling thread only puts, and never waits. What happens when the disk stays
away until the queue is full is said here and counted: what gave way leaves its place to a Loss, which is numbered as a
gap with its neighbours, and the next health record tells of it.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence

from contract.records import Record, WeightRecord
from edge.outbox.gaps import Loss
from edge.outbox.rows import is_heartbeat

RECORDS_MAX = 10_000
"""Some 3 MB. A shelf in full trade makes a few records a second: hours of a disk that does not answer."""

GROUP_S = 0.5
"""Heartbeats wait so many wall seconds for company, so that a card is written once for many; nothing else waits."""

TAKE_MAX = 512
"""So many records become durable in one transaction; a whole episode is taken in any case."""


class Handover:
    """A bounded queue of episodes. When it is full, the oldest episodes without a step give way first, thinned, then
    the oldest of all, dropped: a newer weight makes an older heartbeat needless, but nothing replaces a step.
    """

    def __init__(
        self,
        *,
        records_max: int = RECORDS_MAX,
        group_s: float = GROUP_S,
        wall_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._records_max = records_max
        self._group_s = group_s
        self._wall_s = wall_s
        self._episodes: deque[tuple[Record, ...] | Loss] = deque()
        self._queued = 0
        self._urgent = False
        self._since_s = 0.0
        self._closed = False
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
            if not self._episodes:
                self._since_s = self._wall_s()
            self._episodes.append(tuple(episode))
            self._queued += len(episode)
            self._urgent = self._urgent or self._queued >= TAKE_MAX or not all(map(is_heartbeat, episode))
            while self._queued > self._records_max and self._queued > len(episode):
                self._make_room()
            self._changed.notify()

    def take(self, timeout_s: float) -> list[Record | Loss]:
        """Return what waits, whole episodes and about `TAKE_MAX` records at most; wait so long for the first.

        Heartbeats alone are not given before they have waited `GROUP_S`, or `hurry` was called.
        """
        taken: list[Record | Loss] = []
        with self._changed:
            if not self._wait(timeout_s):
                return taken
            while self._episodes and len(taken) < TAKE_MAX:
                episode = self._episodes.popleft()
                taken.extend([episode] if isinstance(episode, Loss) else episode)
            self._queued -= sum(not isinstance(record, Loss) for record in taken)
            self._urgent = bool(self._episodes)
        return taken

    def hurry(self) -> None:
        """Let nothing wait for company any more: the agent stops."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def take_losses(self) -> dict[str, int]:
        """Return how many records were `thinned` and `dropped` since the last call."""
        with self._changed:
            losses, self._losses = dict(self._losses), Counter()
        return losses

    def _make_room(self) -> None:
        for index, episode in enumerate(self._episodes):
            if not isinstance(episode, Loss) and not any(map(_is_step, episode)):
                self._thin(index, len(episode))
                return
        # Joined with what was thinned before it: a disk away for days must not fill the memory with small losses.
        gone = 0
        while isinstance(oldest := self._episodes.popleft(), Loss):
            gone += oldest.count
        self._queued -= len(oldest)
        self._losses["dropped"] += len(oldest)
        self._episodes.appendleft(Loss(gone + len(oldest), "dropped"))

    def _thin(self, index: int, count: int) -> None:
        """Put a Loss in an episode's place, joined with one behind or before it."""
        self._queued -= count
        self._losses["thinned"] += count
        self._episodes[index] = Loss(count, "thinned")
        for right in (index + 1, index):
            self._join(right)

    def _join(self, right: int) -> None:
        if 0 < right < len(self._episodes):
            first, second = self._episodes[right - 1], self._episodes[right]
            if isinstance(first, Loss) and isinstance(second, Loss) and first.reason == second.reason:
                self._episodes[right - 1] = Loss(first.count + second.count, first.reason)
                del self._episodes[right]

    def _due(self) -> bool:
        waited_s = self._wall_s() - self._since_s
        return bool(self._episodes) and (self._urgent or self._closed or waited_s >= self._group_s)

    def _wait(self, timeout_s: float) -> bool:
        until_s = self._wall_s() + timeout_s
        while not self._due():
            now_s = self._wall_s()
            if now_s >= until_s:
                return False
            group_until_s = self._since_s + self._group_s if self._episodes else until_s
            self._changed.wait(min(until_s, group_until_s) - now_s)
        return True


def _is_step(record: Record) -> bool:
    return isinstance(record, WeightRecord) and record.kind == "step"
