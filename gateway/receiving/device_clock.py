"""The clock of one device: which boot is running, and what is known of the time of each of its boots (pure)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from contract.records import Blocks
from gateway.receiving.time import BootTime, TimeBase, date_other_boot, date_running_boot

BOOTS_MAX = 16
"""So many boots of a device are remembered; an older one is begun anew."""


@dataclass(slots=True)
class DeviceClock:
    """Dates the batches of one device. The birth says which boot is running; until it is heard, times are not known."""

    running: str | None = None
    boots: dict[str, BootTime] = field(default_factory=dict)

    def born(self, boot: str) -> None:
        """Take note of the boot that is running."""
        self.running = boot

    def date(self, *, boot: str, received_at: datetime, sent_mono_ms: int, blocks: Blocks, rate: float) -> TimeBase:
        """Return the time base of a batch written in `boot` and sent by the running one."""
        known = self.boots.pop(boot, BootTime())
        if self.running is None or boot in {"", self.running}:
            base, known = date_running_boot(
                known, received_at=received_at, sent_mono_ms=sent_mono_ms, blocks=blocks, rate=rate
            )
            base = replace(base, known=self.running is not None)
        else:
            running_zero_at = received_at - timedelta(milliseconds=sent_mono_ms)
            base, known = date_other_boot(known, running_zero_at=running_zero_at, blocks=blocks, rate=rate)
        self.boots[boot] = known
        while len(self.boots) > BOOTS_MAX:
            self.boots.pop(next(iter(self.boots)))
        return base
