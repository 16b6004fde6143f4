"""Requests to the store's API that must not get lost: errands in, answers out, tried again until there is one.

The API may be away or failing at any time. An errand keeps its idempotency key over all attempts, so that one that
was done but not answered is not done twice. Waiting between attempts is transport and therefore wall time.
"""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from queue import Empty, SimpleQueue
from typing import Any, Literal, Protocol

from contract.errors import LiveShelfError

logger = logging.getLogger(__name__)

RETRY_S = (0.25, 8.0)
"""First and longest wait between attempts; it doubles in between."""

_TRY_AGAIN_STATUS = frozenset({401, 403, 408, 425, 429})
"""Refusals that another moment may change: keys may be about to be made, limits pass."""


class ApiAway(LiveShelfError):
    """The store's API gave no answer."""

    retryable = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One request. `keep`: try until it is answered; otherwise a failure is an answer too (the next poll will ask)."""

    method: Literal["GET", "POST"]
    path: str
    body: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""
    keep: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API said. Status 0: nothing."""

    status: int
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the request was done."""
        return 200 <= self.status < 300

    @property
    def try_again(self) -> bool:
        """Whether the same request may do better later."""
        in_progress = self.status == 409 and "progress" in str(self.body.get("code", ""))
        return self.status == 0 or self.status >= 500 or self.status in _TRY_AGAIN_STATUS or in_progress


class StoreApi(Protocol):
    """The store's API, asked once."""

    def ask(self, errand: Errand) -> Answer:
        """Return the answer to one attempt. Raises ApiAway when there is none."""
        ...


Then = Callable[[Answer], None]


@dataclass(order=True, slots=True)
class _Attempt:
    due_s: float
    number: int
    errand: Errand = field(compare=False)
    then: Then = field(compare=False)
    wait_s: float = field(compare=False, default=RETRY_S[0])


class Errands:
    """Errands under way. Attempts run on one thread (`run`), answers come back on the caller's (`collect`).

    `woken` is called from the attempting thread whenever an answer waits.
    """

    def __init__(
        self, api: StoreApi, *, wall_s: Callable[[], float] = time.monotonic, woken: Callable[[], None] = lambda: None
    ) -> None:
        self._api = api
        self._wall_s = wall_s
        self._woken = woken
        self._due: list[_Attempt] = []
        self._changed = threading.Condition()
        self._number = count()
        self._answers: SimpleQueue[tuple[Then, Answer]] = SimpleQueue()

    def send(self, errand: Errand, then: Then = lambda _: None) -> None:
        """Take an errand; `then` gets the answer, in `collect`."""
        with self._changed:
            heapq.heappush(self._due, _Attempt(self._wall_s(), next(self._number), errand, then))
            self._changed.notify()

    def collect(self) -> None:
        """Hand over the answers that came in."""
        while True:
            try:
                then, answer = self._answers.get_nowait()
            except Empty:
                return
            then(answer)

    @property
    def open_count(self) -> int:
        """Errands without an answer, the one being asked just now not counted."""
        with self._changed:
            return len(self._due)

    def attempt_due(self) -> float | None:
        """Make one attempt at every errand that is due; return the seconds until the next, None if there is none."""
        while (attempt := self._next_due()) is not None:
            self._attempt(attempt)
        with self._changed:
            return max(0.0, self._due[0].due_s - self._wall_s()) if self._due else None

    def run(self, stop: threading.Event) -> None:
        """Make attempts until told to stop; meant for a thread of its own."""
        while not stop.is_set():
            wait_s = self.attempt_due()
            with self._changed:
                if not self._due or self._due[0].due_s > self._wall_s():
                    self._changed.wait(wait_s)

    def wake(self) -> None:
        """Let `run` look at its stop event."""
        with self._changed:
            self._changed.notify()

    def _next_due(self) -> _Attempt | None:
        with self._changed:
            if self._due and self._due[0].due_s <= self._wall_s():
                return heapq.heappop(self._due)
            return None

    def _attempt(self, attempt: _Attempt) -> None:
        answer = self._ask(attempt.errand)
        if attempt.errand.keep and answer.try_again:
            again = _Attempt(
                self._wall_s() + attempt.wait_s,
                next(self._number),
                attempt.errand,
                attempt.then,
                min(attempt.wait_s * 2, RETRY_S[1]),
            )
            with self._changed:
                heapq.heappush(self._due, again)
            return
        if not answer.ok and attempt.errand.keep:
            logger.warning(
                "request refused",
                extra={"event": "request_refused", "path": attempt.errand.path, "status": answer.status},
            )
        self._answers.put((attempt.then, answer))
        self._woken()

    def _ask(self, errand: Errand) -> Answer:
        try:
            return self._api.ask(errand)
        except ApiAway as error:
            logger.debug("store api away", extra={"event": "store_api_away", "reason": str(error)})
            return Answer(0)
