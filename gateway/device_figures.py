"""What devices told of themselves last: loads come in, the newest figures of each device go out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from contract.records import ClockBlock, HealthBlock
from gateway.loading.load import Load
from gateway.model import Readings

TOLD = ("queue_rows", "queue_bytes", "queue_oldest_s", "clock_error_ms", "acks_ignored")
"""Figures of an agent's own health record that are passed on (docs/reference/health.md)."""

DEVICES_MAX = 10_000
"""Figures of so many devices are kept; of those that come later nothing is told."""


@dataclass(slots=True)
class DeviceFigures:
    """By device: the newest figures it told, whether its clock is kept, and how late its newest record was committed.

    Several devices are read at once while one is written: whoever reads gets a copy.
    """

    told: dict[str, Mapping[str, float]] = field(default_factory=dict)
    synchronised: dict[str, bool] = field(default_factory=dict)
    lag_s: dict[str, float] = field(default_factory=dict)

    def loaded(self, load: Load) -> None:
        """Take note of what a committed load told."""
        for readings in load.readings:
            if readings.device not in self.lag_s and len(self.lag_s) >= DEVICES_MAX:
                continue
            newest_ms = max(_times(readings), default=None)
            if newest_ms is not None:
                late = load.loaded_at - readings.time_of(newest_ms)
                self.lag_s[readings.device] = max(0.0, late.total_seconds())
            self._health(readings.device, readings.blocks.health)
            self._clock(readings.device, readings.blocks.clock)

    def _health(self, device: str, block: HealthBlock | None) -> None:
        if block is None or "agent" not in block.subject:
            return
        newest = len(block.subject) - 1 - block.subject[::-1].index("agent")
        measured = block.measured[newest]
        self.told[device] = {name: measured[name] for name in TOLD if name in measured}

    def _clock(self, device: str, block: ClockBlock | None) -> None:
        if block is not None and block.synchronised:
            self.synchronised[device] = block.synchronised[-1]


def _times(readings: Readings) -> Iterator[int]:
    blocks = readings.blocks
    for block in (blocks.weight, blocks.tag, blocks.health, blocks.clock):
        if block is not None and block.mono_ms:
            yield block.mono_ms[-1]
