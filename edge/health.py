"""Tell how the parts of an agent are: counts and verdicts come in, health and clock records go out (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from contract.ids import PlateId, ZoneId
from contract.records import ClockRecord, HealthRecord
from edge.plate_watch import PlateVerdict

SYNCHRONISED_UNCERTAINTY_MS = 100
"""A clock that NTP disciplines over the internet is right within tens of milliseconds (RFC 5905, section 1)."""

UNSYNCHRONISED_UNCERTAINTY_MS = 2**31 - 1
"""A board without a battery clock wakes up at any time: some 25 days, the most the record can say."""


HOT_C = 80.0
"""The firmware of a Raspberry Pi slows its processor down from 80 C on, and hard at 85 C (Raspberry Pi documentation,
"Frequency management and thermal control")."""

DISK_LOW_MB = 100.0
"""Below this a system soon cannot update, log or swap any more, and the outbox begins to give up its reserve."""

BEHIND_S = 300.0
"""A gateway that restarts, or a broker that is updated, is back sooner."""

AgentVerdict = Literal["ok", "queue_full", "disk_low", "undervoltage", "hot", "behind", "clock_unset"]


def plate_health(
    plate: PlateId,
    counts: tuple[int, Mapping[str, int]],
    *,
    verdict: PlateVerdict,
    noise_g: float,
    measured: Mapping[str, float],
    mono_ms: int,
) -> HealthRecord:
    """Return the health of one plate. `counts` are the samples believed and the rejections by reason."""
    samples, rejected = counts
    return HealthRecord(
        mono_ms=mono_ms,
        subject=f"plate:{plate}",
        verdict=verdict,
        samples=samples,
        rejected=dict(rejected),
        noise_g=noise_g,
        measured=dict(measured),
    )


def zone_health(zone: ZoneId, *, away: bool, sightings: int, mono_ms: int) -> HealthRecord:
    """Return the health of one zone: whether its reader answers, and how much it read."""
    return HealthRecord(mono_ms=mono_ms, subject=f"zone:{zone}", verdict="away" if away else "ok", samples=sightings)


def agent_health(
    *, queued: int, losses: Mapping[str, int], measured: Mapping[str, float], synchronised: bool, mono_ms: int
) -> HealthRecord:
    """Return the health of the agent itself: what waits for the disk, what had to give way (by reason), and what was
    measured of board and outbox.
    """
    return HealthRecord(
        mono_ms=mono_ms,
        subject="agent",
        verdict=agent_verdict(losses, measured, synchronised=synchronised),
        rejected=dict(losses),
        queued=queued,
        measured=dict(measured),
    )


def agent_verdict(losses: Mapping[str, int], measured: Mapping[str, float], *, synchronised: bool) -> AgentVerdict:
    """Return what a person should look at first: of several things wrong, the one that costs most if nobody does."""
    wrong: Mapping[AgentVerdict, bool] = {
        "queue_full": "thinned" in losses or "dropped" in losses,
        "disk_low": measured.get("disk_free_mb", DISK_LOW_MB) < DISK_LOW_MB,
        "undervoltage": measured.get("undervoltage", 0.0) > 0.0,
        "hot": measured.get("cpu_c", 0.0) >= HOT_C,
        "behind": measured.get("queue_oldest_s", 0.0) > BEHIND_S,
        "clock_unset": not synchronised,
    }
    return next((verdict for verdict, holds in wrong.items() if holds), "ok")


def calibration_damaged(*, lost: int, mono_ms: int) -> HealthRecord:
    """Return the alarm that a file of calibrations was damaged, and how many of them are lost."""
    return HealthRecord(mono_ms=mono_ms, subject="agent", verdict="calibration_damaged", rejected={"lost": lost})


def settings_refused(mono_ms: int) -> HealthRecord:
    """Return the alarm that the agent could not run by its new settings and went back to those before."""
    return HealthRecord(mono_ms=mono_ms, subject="agent", verdict="settings_refused")


def publishing_refused(mono_ms: int) -> HealthRecord:
    """Return the alarm that the broker takes no readings of this device; it reaches the store when it does again."""
    return HealthRecord(mono_ms=mono_ms, subject="agent", verdict="publishing_refused")


def clock_record(now: datetime, *, synchronised: bool, mono_ms: int) -> ClockRecord:
    """Return what the wall clock of the device says at `mono_ms`, and how sure it is."""
    uncertainty_ms = SYNCHRONISED_UNCERTAINTY_MS if synchronised else UNSYNCHRONISED_UNCERTAINTY_MS
    return ClockRecord(
        mono_ms=mono_ms,
        wall_ms=round(now.timestamp() * 1000),
        synchronised=synchronised,
        uncertainty_ms=uncertainty_ms,
    )
