"""What simulated agents record, by rule: seed, device, run and a number go in, an episode of records comes out (pure).

All numbers are ones a `real` column holds exactly, so that a row can be compared with its record bit by bit; none is
-0.0, which jsonb does not know.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from contract.records import ClockRecord, HealthRecord, Record, TagRecord, WeightRecord

PLATES = 4
"""Plates of a device, on one shelf."""

KINDS = ("heartbeat", "step", "tag", "health", "clock")
WEIGHTS = (60, 22, 10, 6, 2)
"""How often each kind of episode comes, in parts of a hundred: assumed, so that every kind of row is well exercised."""

WALL_MS = 1_767_225_600_000
"""2026-01-01: where the device's clock records begin; they are never synchronised, so nothing is dated by them."""


def episode(seed: int, device: str, run: int, number: int, mono_ms: int) -> list[Record]:
    """Return what a device records at `mono_ms`: 1 to `PLATES` records that belong into one transaction."""
    chance = random.Random(f"{seed}/{device}/{run}/{number}")
    kind = chance.choices(KINDS, WEIGHTS)[0]
    if kind == "step":
        return _step(chance, device, mono_ms)
    plate = f"{device}-p{chance.randrange(PLATES)}"
    if kind == "tag":
        return [_tag(chance, device, mono_ms)]
    if kind == "health":
        rejected = {"spike": chance.randrange(9), "stale": number % 7}
        measured = {"rate_sps": _eighths(chance, 100), "weight_g": 0.0 - _eighths(chance, 100)}
        subject = f"plate:{plate}"
        return [HealthRecord(mono_ms=mono_ms, subject=subject, verdict="ok", rejected=rejected, measured=measured)]
    if kind == "clock":
        wall_ms = WALL_MS + chance.randrange(10**9)
        return [ClockRecord(mono_ms=mono_ms, wall_ms=wall_ms, synchronised=False, uncertainty_ms=number % 1000)]
    return [WeightRecord(mono_ms=mono_ms, plate=plate, kind="heartbeat", weight_g=_eighths(chance, 10_000))]


def _step(chance: random.Random, device: str, mono_ms: int) -> list[Record]:
    plates = range(chance.randint(1, PLATES))
    return [
        WeightRecord(
            mono_ms=mono_ms,
            plate=f"{device}-p{plate}",
            kind="step",
            weight_g=_eighths(chance, 10_000),
            before_g=None if chance.random() < 0.2 else _eighths(chance, 10_000),
            noise_g=_eighths(chance, 2),
            remaining=len(plates) - 1 - plate,
        )
        for plate in plates
    ]


def _tag(chance: random.Random, device: str, mono_ms: int) -> Record:
    return TagRecord(
        mono_ms=mono_ms,
        zone=f"{device}-z1",
        epc=f"3034257BF7194E40{chance.randrange(16**8):08X}",
        kind="arrived" if chance.random() < 0.5 else "departed",
        rssi_dbm=0.0 - _eighths(chance, 90),
        reads=chance.randint(1, 500),
    )


def _eighths(chance: random.Random, below: int) -> float:
    return chance.randrange(below * 8) / 8


def plates_of(device: str) -> Sequence[str]:
    """Return the plates of a device."""
    return [f"{device}-p{plate}" for plate in range(PLATES)]
