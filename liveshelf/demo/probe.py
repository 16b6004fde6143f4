"""A shop developer's eye: asks for the availability of everything, again and again, and notes when answers move."""

from __future__ import annotations

import bisect
import http.client
import json
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

ASK_EVERY_S = 0.04
"""Wall seconds between two questions: the resolution of the latency measured."""

TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Seen:
    """At `mono_s` (this machine's monotonic clock) the answer spoke of `as_of` for the first time."""

    as_of: datetime
    mono_s: float


@dataclass(frozen=True, slots=True)
class Settled:
    """A device declared rest at `mono_s`; the event carries `at` and is about `sku`."""

    sku: str
    at: datetime
    mono_s: float


class AvailabilityProbe:
    """Polls the API from a thread.

    `seen` maps a SKU to when its answers were first seen; `answer_ms` is how long each question took.
    """

    def __init__(self, api_url: str, key: str, store: str, skus: Sequence[str]) -> None:
        self.seen: dict[str, list[Seen]] = {sku: [] for sku in skus}
        self.answer_ms: list[float] = []
        self.failures = 0
        self._body = json.dumps({"pairs": [{"sku": sku, "store": store} for sku in skus]})
        self._address = urlsplit(api_url)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="availability-probe", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._stop.set()
        self._thread.join(TIMEOUT_S * 2)

    def _run(self) -> None:
        connection: http.client.HTTPConnection | None = None
        while not self._stop.wait(ASK_EVERY_S):
            try:
                connection = connection or self._connect()
                self._ask(connection)
            except (OSError, http.client.HTTPException, ValueError, KeyError):
                self.failures += 1
                connection = None

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._address.hostname or "", self._address.port, timeout=TIMEOUT_S)

    def _ask(self, connection: http.client.HTTPConnection) -> None:
        asked_s = time.monotonic()
        connection.request("POST", "/v1/availability/query", body=self._body, headers=self._headers)
        answers = json.loads(connection.getresponse().read())["answers"]
        now_s = time.monotonic()
        self.answer_ms.append((now_s - asked_s) * 1000)
        for answer in answers:
            as_of = datetime.fromisoformat(answer["as_of"])
            seen = self.seen[answer["sku"]]
            if not seen or as_of > seen[-1].as_of:
                seen.append(Seen(as_of, now_s))


def latencies_ms(settled: Iterable[Settled], seen: Mapping[str, Sequence[Seen]]) -> list[float]:
    """Return, per event, the wall milliseconds from rest declared on the device to the answer that includes it.

    Events of before the probe's first look at their SKU are left out, and so are those never answered.
    """
    found: list[float] = []
    for event in settled:
        looks = seen.get(event.sku, ())
        index = bisect.bisect_left(looks, event.at, key=lambda look: look.as_of)
        if 0 < index < len(looks):
            found.append((looks[index].mono_s - event.mono_s) * 1000)
    return found


def percentile(values: Sequence[float], share: float) -> float | None:
    """Return the smallest value that at least `share` of them do not exceed (nearest rank); None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    rank = max(0, -(-len(ordered) * share // 1) - 1)
    return ordered[int(rank)]
