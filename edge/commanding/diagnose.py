"""The operations for whoever stands before a shelf that does something odd: `diagnose` and `waveform`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from statistics import fmean, pstdev
from typing import Any

from msgspec import structs

from contract.ids import PlateId, ZoneId
from contract.records import HealthRecord
from edge.advice import AGENT, Advice
from edge.agent_file import Trial
from edge.commanding.bay_view import BayView
from edge.commanding.change import Delivering
from edge.commanding.outcome import Arguments, Operation, Said, Steps
from edge.commanding.weigh import known_plate
from edge.diagnosis import finding
from edge.driver_settings import wire_of
from edge.sampling.listening import Heard
from edge.settings import AgentSettings
from edge.weighing.plate import BIN_MS
from edge.weighing.waveform import Waveform

NO_BROKER = Advice(
    "no broker takes this device", "see whether network and broker are up, and what the file says under broker"
)

LISTEN_MS = 2000
"""Shop milliseconds of one look: twenty samples at the slow rate of an HX711, enough to see one in twenty rejected."""


def looking_operations(
    settings: AgentSettings, bay: BayView, beside: Callable[[], Sequence[Advice]]
) -> dict[str, Operation]:
    """Return `diagnose` and `waveform`. Neither changes or records anything. `beside` says what else is wrong."""

    def diagnose(_arguments: Arguments) -> Steps:
        begun_ms = bay.mono_ms()
        with bay.listening(bay.plates) as heard:
            while bay.mono_ms() - begun_ms < LISTEN_MS:
                yield
            lasted_s = (bay.mono_ms() - begun_ms) / 1000
        plates = [_plate(settings, bay, plate, heard, lasted_s) for plate in bay.plates]
        sensors = [*plates, *(_zone(bay, zone) for zone in bay.zones)]
        agent = _agent(settings, bay, beside())
        ill = [one["subject"] for one in (*sensors, agent) if one["wrong"]]
        said = f"{len(ill)} of {len(sensors) + 1} parts need a look: {', '.join(ill)}" if ill else "all parts are well"
        return Said(said, {"agent": agent, "sensors": sensors})

    def waveform(arguments: Arguments) -> Said:
        plate = known_plate(bay, arguments)
        wave = bay.wave(plate)
        step = None if wave.step is None else _drawn(wave.step)
        return Said(
            f"the last seconds of {plate}", {"plate": plate, "bin_ms": BIN_MS, **_drawn(wave.latest()), "step": step}
        )

    return {"diagnose": diagnose, "waveform": waveform}


def beside(run: Delivering, refusal: Trial | None) -> list[Advice]:
    """Return what is wrong with broker and settings: a device whose records go nowhere cannot tell it by a record."""
    found = []
    if run.refused:
        found.append(AGENT["publishing_refused"])
    elif not run.connected:
        found.append(NO_BROKER)
    if refusal is not None:
        found.append(
            Advice(f"the settings sent last were refused: {refusal.refused}", "correct them and send them again")
        )
    return found


def _drawn(wave: Waveform) -> dict[str, Any]:
    return {"end_mono_ms": wave.end_mono_ms, "weights_g": [round(weight_g, 2) for weight_g in wave.weights_g]}


def _plate(settings: AgentSettings, bay: BayView, plate: PlateId, heard: Heard, lasted_s: float) -> dict[str, Any]:
    """Weights and rate are of this moment; what takes longer to know is of the newest record of the plate's health."""
    counts = [sample.count for sample in heard.samples[plate]]
    line = bay.calibration(plate)
    told = _told(bay, f"plate:{plate}")
    quality = bay.quality(plate)
    health = structs.replace(
        told,
        verdict=quality if quality != "ok" or told.verdict not in {"slow", "drifting"} else told.verdict,
        samples=told.samples + len(counts),
        rejected=dict(Counter(told.rejected) + heard.rejected[plate]),
    )
    measured: dict[str, float | None] = {
        "weight_g": round(line.grams(fmean(counts)), 2) if counts else None,
        "noise_g": round(pstdev(counts) / abs(line.counts_per_g), 3) if counts else None,
        "rate_sps": round(len(counts) / lasted_s, 1),
        "count": round(fmean(counts), 1) if counts else None,
    }
    if "drift_g_per_day" in told.measured:
        measured["drift_g_per_day"] = told.measured["drift_g_per_day"]
    return finding(health, measured=measured, wire=wire_of(settings.drivers, plate), calibration_version=line.version)


def _zone(bay: BayView, zone: ZoneId) -> dict[str, Any]:
    told = _told(bay, f"zone:{zone}")
    health = structs.replace(told, verdict="away" if zone in bay.away else "ok")
    return finding(health, measured={"sightings": told.samples})


def _agent(settings: AgentSettings, bay: BayView, also: Sequence[Advice]) -> dict[str, Any]:
    health = bay.agent_health()
    return finding(health, measured=health.measured, also=also, device=settings.device, store=settings.store)


def _told(bay: BayView, subject: str) -> HealthRecord:
    found = next((health for health in bay.health if health.subject == subject), None)
    return found or HealthRecord(mono_ms=bay.mono_ms(), subject=subject, verdict="starting")
