"""What simulated agents record, by rule: seed, device and run go in, one episode of records after another comes out.

All numbers are ones a `real` column holds exactly, so that a row can be compared with its record bit by bit; none is
-0.0, which jsonb does not know.
"""

from __future__ import annotations

import random

from contract.records import ClockRecord, HealthRecord, Record, TagRecord, WeightRecord

PLATES = 4
"""Plates of a device, on one shelf."""

UNIT_G, CAPACITY = 125.0, 80
"""What one unit on a plate weighs, and how many fit: 10 kg."""

KINDS = ("heartbeat", "step", "tag", "health", "clock")
WEIGHTS = (70, 12, 10, 6, 2)
"""How often each kind of episode comes, in parts of a hundred: assumed, so that every kind of row is well exercised."""

TAGS = 40
"""Different tags of a device."""

WALL_MS = 1_767_225_600_000
"""2026-01-01: where the device's clock records begin; they are never synchronised, so nothing is dated by them."""


class Diet:
    """The records of one run of a device. The same seed, device and run give the same episodes in the same order.

    Weights are those of whole units and some noise, so that counting has the work of a shop and no more.
    """

    def __init__(self, seed: int, device: str, run: int) -> None:
        self._device = device
        self._chance = random.Random(f"{seed}/{device}/{run}")
        self._units = [self._chance.randrange(CAPACITY) for _ in range(PLATES)]

    def episode(self, mono_ms: int) -> list[Record]:
        """Return what the device records at `mono_ms`: 1 to `PLATES` records that belong into one transaction."""
        match self._chance.choices(KINDS, WEIGHTS)[0]:
            case "step":
                return self._step(mono_ms)
            case "tag":
                return [self._tag(mono_ms)]
            case "health":
                return [self._health(mono_ms)]
            case "clock":
                return [self._clock(mono_ms)]
        plate = self._chance.randrange(PLATES)
        return [self._weight(plate, mono_ms, self._grams(plate))]

    def _step(self, mono_ms: int) -> list[Record]:
        before = [self._grams(plate) for plate in range(PLATES)]
        moved = self._chance.randrange(PLATES)
        units = self._units[moved] + self._chance.choice((-3, -2, -1, -1, -1, 1, 12))
        self._units[moved] = min(max(units, 0), CAPACITY)
        return [
            WeightRecord(
                mono_ms=mono_ms,
                plate=f"{self._device}-p{plate}",
                kind="step",
                weight_g=self._grams(plate),
                before_g=before[plate],
                noise_g=0.25,
                remaining=PLATES - 1 - plate,
            )
            for plate in range(PLATES)
        ]

    def _weight(self, plate: int, mono_ms: int, weight_g: float) -> Record:
        name = f"{self._device}-p{plate}"
        return WeightRecord(mono_ms=mono_ms, plate=name, kind="heartbeat", weight_g=weight_g, noise_g=0.25)

    def _tag(self, mono_ms: int) -> Record:
        return TagRecord(
            mono_ms=mono_ms,
            zone=f"{self._device}-z1",
            epc=f"3034257BF7194E40{self._chance.randrange(TAGS):08X}",
            kind="arrived" if self._chance.random() < 0.5 else "departed",
            rssi_dbm=0.0 - self._eighths(90),
            reads=self._chance.randint(1, 500),
        )

    def _health(self, mono_ms: int) -> Record:
        return HealthRecord(
            mono_ms=mono_ms,
            subject=f"plate:{self._device}-p{self._chance.randrange(PLATES)}",
            verdict="ok",
            samples=self._chance.randrange(10_000),
            rejected={"spike": self._chance.randrange(9), "stale": self._chance.randrange(9)},
            measured={"rate_sps": self._eighths(100), "weight_g": 0.0 - self._eighths(100)},
        )

    def _clock(self, mono_ms: int) -> Record:
        wall_ms = WALL_MS + self._chance.randrange(10**9)
        uncertainty_ms = self._chance.randrange(1000)
        return ClockRecord(mono_ms=mono_ms, wall_ms=wall_ms, synchronised=False, uncertainty_ms=uncertainty_ms)

    def _grams(self, plate: int) -> float:
        return self._units[plate] * UNIT_G + self._eighths(1)

    def _eighths(self, below: int) -> float:
        return self._chance.randrange(below * 8) / 8


def plates_of(device: str) -> list[str]:
    """Return the plates of a device."""
    return [f"{device}-p{plate}" for plate in range(PLATES)]
