"""What a gateway did since it started, and whether it can do its work now."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from gateway.loading.load import Load


@dataclass(slots=True, kw_only=True)
class Counters:
    """Counts since the start; `ready` is false while the database is away or another gateway has the store."""

    ready: bool = False
    messages: int = 0
    loads: int = 0
    records: int = 0
    events: int = 0
    dead_letters: int = 0
    acks: int = 0
    recoveries: int = 0
    set_aside: int = 0
    dropped: int = 0

    def loaded(self, load: Load, *, dropped: int) -> None:
        """Count a load that is committed; `dropped` messages did not fit into memory so far."""
        self.loads += 1
        self.records += sum(readings.last - readings.first + 1 for readings in load.readings)
        self.events += len(load.events)
        self.dead_letters += len(load.dead)
        self.dropped = dropped

    def facts(self) -> dict[str, int | bool]:
        """Return all counts by name."""
        return asdict(self)
