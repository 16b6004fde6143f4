"""Tell how the parts of an agent are: counts and verdicts come in, health and clock records go out (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from contract.ids import PlateId, ZoneId
from contract.records import ClockRecord, HealthRecord, Quality

SYNCHRONISED_UNCERTAINTY_MS = 100
"""A clock that NTP disciplines over the internet is right within tens of milliseconds (RFC 5905, section 1)."""

UNSYNCHRONISED_UNCERTAINTY_MS = 2**31 - 1
"""A board without a battery clock wakes up at any time: some 25 days, the most the record can say."""


def plate_health(
    plate: PlateId, counts: tuple[int, Mapping[str, int]], *, quality: Quality, noise_g: float, mono_ms: int
) -> HealthRecord:
    """Return the health of one plate. `counts` are the samples believed and the rejections by reason."""
    samples, rejected = counts
    return HealthRecord(
        mono_ms=mono_ms,
        subject=f"plate:{plate}",
        verdict=quality,
        samples=samples,
        rejected=dict(rejected),
        noise_g=noise_g,
    )


def zone_health(zone: ZoneId, *, away: bool, sightings: int, mono_ms: int) -> HealthRecord:
    """Return the health of one zone: whether its reader answers, and how much it read."""
    return HealthRecord(mono_ms=mono_ms, subject=f"zone:{zone}", verdict="away" if away else "ok", samples=sightings)


def agent_health(*, queued: int, losses: Mapping[str, int], mono_ms: int) -> HealthRecord:
    """Return the health of the agent itself: what waits for the disk, and what had to give way (by reason)."""
    full = "thinned" in losses or "dropped" in losses
    return HealthRecord(
        mono_ms=mono_ms,
        subject="agent",
        verdict="queue_full" if full else "ok",
        rejected=dict(losses),
        queued=queued,
    )


def calibration_damaged(*, lost: int, mono_ms: int) -> HealthRecord:
    """Return the alarm that a file of calibrations was damaged, and how many of them are lost."""
    return HealthRecord(mono_ms=mono_ms, subject="agent", verdict="calibration_damaged", rejected={"lost": lost})


def clock_record(now: datetime, *, synchronised: bool, mono_ms: int) -> ClockRecord:
    """Return what the wall clock of the device says at `mono_ms`, and how sure it is."""
    uncertainty_ms = SYNCHRONISED_UNCERTAINTY_MS if synchronised else UNSYNCHRONISED_UNCERTAINTY_MS
    return ClockRecord(
        mono_ms=mono_ms,
        wall_ms=round(now.timestamp() * 1000),
        synchronised=synchronised,
        uncertainty_ms=uncertainty_ms,
    )
