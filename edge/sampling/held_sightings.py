"""What the thread of a reader hears, held for the thread that samples: sightings, rejections, and whether it hears."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterable, Mapping

from contract.errors import HardwareError
from contract.hardware import TagSighting

SIGHTINGS_MAX = 10_000
"""Sightings kept for a program that does not ask: ten seconds of the quickest readers (1,000 reads/s); after that the
oldest are lost and counted."""


class HeldSightings:
    """One reader's sightings, `name` being what people know it by. All methods may be called from any thread."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._seen: deque[TagSighting] = deque()
        self._rejected: Counter[str] = Counter()
        self._away: str | None = "it has not been connected yet"

    def put(self, seen: Iterable[TagSighting], rejected: Mapping[str, int]) -> None:
        """Hold what was heard, and count what was rejected."""
        with self._lock:
            self._seen.extend(seen)
            self._rejected.update(rejected)
            while len(self._seen) > SIGHTINGS_MAX:
                self._seen.popleft()
                self._rejected["buffer_full"] += 1

    def take(self) -> tuple[TagSighting, ...]:
        """Return what was heard since the last call, oldest first. Raises HardwareError while the reader is away, once
        everything it had read before is handed on.
        """
        with self._lock:
            seen, self._seen = self._seen, deque()
            away = self._away
        if not seen and away is not None:
            raise HardwareError(f"the reader at {self._name} does not answer: {away}")
        return tuple(seen)

    def take_rejected(self) -> dict[str, int]:
        """Return what was rejected, by reason, since the last call."""
        with self._lock:
            rejected, self._rejected = self._rejected, Counter()
        return dict(rejected)

    @property
    def away(self) -> bool:
        """Whether nothing can be heard now."""
        with self._lock:
            return self._away is not None

    def come_back(self) -> None:
        """The reader hears from now on."""
        with self._lock:
            self._away = None

    def leave(self, reason: str) -> bool:
        """The reader does not hear any more; return whether it did before."""
        with self._lock:
            heard = self._away is None
            self._away = reason or "no reason given"
            if heard:
                self._rejected["connection_lost"] += 1
        return heard
