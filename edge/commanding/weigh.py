"""The operation `weigh`: what some plates read right now, as counts and as grams, for whoever fits or mends a shelf."""

from __future__ import annotations

from statistics import fmean, pstdev
from typing import Any

from contract.ids import PlateId
from edge.commanding.arguments import name_of, names_of
from edge.commanding.bay_view import BayView
from edge.commanding.outcome import Arguments, CommandRefused, Operation, Said, Steps
from edge.sampling.listening import Heard

LISTEN_MS = 1000
"""Shop milliseconds of one look: ten samples at the slow rate of an HX711."""


def weigh_operation(bay: BayView) -> Operation:
    """Return `weigh`: listen for a second and tell what came. A plate that says nothing is told as one that did not."""

    def weigh(arguments: Arguments) -> Steps:
        plates = known_plates(bay, arguments)
        begun_ms = bay.mono_ms()
        with bay.listening(plates) as heard:
            while bay.mono_ms() - begun_ms < LISTEN_MS:
                yield
            lasted_s = (bay.mono_ms() - begun_ms) / 1000
        facts = {plate: _reading(bay, plate, heard, lasted_s) for plate in plates}
        silent = sum(one["count"] is None for one in facts.values())
        return Said(f"{len(plates) - silent} of {len(plates)} plates weighed", {"plates": facts})

    return weigh


def known_plates(bay: BayView, arguments: Arguments) -> list[PlateId]:
    """Return the plates named by `plate` or `plates`. Raises CommandRefused for one the bay does not have."""
    given = {"plates": [arguments["plate"]]} if "plate" in arguments else arguments
    found = names_of(given, "plates")
    return [_known(bay, plate) for plate in found]


def known_plate(bay: BayView, arguments: Arguments) -> PlateId:
    """Return the plate named by `plate`. Raises CommandRefused for one the bay does not have."""
    return _known(bay, name_of(arguments, "plate"))


def _known(bay: BayView, plate: str) -> PlateId:
    if plate not in bay.plates:
        known = ", ".join(bay.plates) or "none"
        raise CommandRefused("unknown_plate", f"plate: found {plate!r}, expected one of {known}", found=plate)
    return PlateId(plate)


def _reading(bay: BayView, plate: PlateId, heard: Heard, lasted_s: float) -> dict[str, Any]:
    counts = [sample.count for sample in heard.samples[plate]]
    line = bay.calibration(plate)
    count, noise_count = (fmean(counts), pstdev(counts)) if counts else (None, None)
    return {
        "count": None if count is None else round(count, 2),
        "noise_count": None if noise_count is None else round(noise_count, 2),
        "weight_g": None if count is None else round(line.grams(count), 3),
        "noise_g": None if noise_count is None else round(abs(noise_count / line.counts_per_g), 3),
        "calibration_version": line.version,
        "quality": bay.quality(plate),
        "rate_sps": round(len(counts) / lasted_s, 1),
        "rejected": dict(heard.rejected[plate]),
        "resting": bay.resting(plate),
        "age_ms": bay.mono_ms() - heard.samples[plate][-1].mono_ms if counts else None,
    }
