"""What a gateway did since it started, and whether it can do its work now."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field, fields

from gateway.device_figures import DeviceFigures
from gateway.loading.load import Load

LOAD_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""A load of one message takes some milliseconds, one of a full line a good second."""


@dataclass(slots=True, kw_only=True)
class Durations:
    """How long loads took: how many in each bucket (the last one is for all longer ones), and all together."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(LOAD_BUCKETS_S) + 1))
    sum_s: float = 0.0

    def add(self, took_s: float) -> None:
        """Count one load."""
        self.counts[bisect_left(LOAD_BUCKETS_S, took_s)] += 1
        self.sum_s += took_s


@dataclass(slots=True, kw_only=True)
class Counters:
    """Counts since the start; `ready` is false while the database is away or another gateway has the store.

    `rows` are the records that became rows, `gap_rows` the numbers that never will, by reason; `duplicates` are batches
    that were committed already. `turned_at_s` is when the story last went round, on the monotonic clock.
    """

    ready: bool = False
    messages: int = 0
    loads: int = 0
    records: int = 0
    rows: int = 0
    events: int = 0
    dead_letters: int = 0
    acks: int = 0
    recoveries: int = 0
    fence_losses: int = 0
    set_aside: int = 0
    dropped: int = 0
    duplicates: int = 0
    resends: int = 0
    clock_alarms: int = 0
    gap_rows: Counter[str] = field(default_factory=Counter)
    load_s: Durations = field(default_factory=Durations)
    devices: DeviceFigures = field(default_factory=DeviceFigures)
    turned_at_s: float = field(default_factory=time.monotonic)

    def turned(self) -> None:
        """The story went round once more, with or without something to load."""
        self.turned_at_s = time.monotonic()

    def loaded(self, load: Load, *, dropped: int, took_s: float) -> None:
        """Count a load that is committed; `dropped` messages did not fit into memory so far."""
        if load.is_something:
            self.loads += 1
            self.load_s.add(took_s)
        records = sum(readings.last - readings.first + 1 for readings in load.readings)
        missing = Counter[str]()
        for readings in load.readings:
            for gap in readings.gaps:
                missing[gap.reason] += gap.last - gap.first + 1
        self.records += records
        self.rows += records - missing.total()
        self.gap_rows.update(missing)
        self.events += len(load.events)
        self.dead_letters += len(load.dead)
        self.dropped = dropped
        self.devices.loaded(load)

    def facts(self) -> dict[str, int | bool]:
        """Return all plain counts by name."""
        named = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in named.items() if isinstance(value, int)}
