"""Wait until plates lie still and tell where: what their converters give comes in, counts at rest go out."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass

from contract.ids import PlateId
from edge.calibrating.resting import REST_MS, SILENT_MS, Rest, heard_lately, is_stuck, rest_of, still_count
from edge.commanding.bay_view import BayView
from edge.commanding.outcome import CommandRefused
from edge.sampling.listening import Heard

PATIENCE_MS = 55_000
"""Shop milliseconds somebody has to lay a mass on; a little less than the desk waits, so that we can say why."""

LOOK_MS = 100
"""Shop milliseconds between two looks at what came: as often as the slowest converter has something new."""

DEAD_MS = 3_000
"""Without a sample for so long, a plate is taken for dead: thirty conversions at the slow rate."""

Rests = Mapping[PlateId, Rest]
Measuring = Generator[None, None, Rests]


@dataclass(slots=True)
class _Listener:
    """What is heard of some plates. How quiet each is, is taken once: whoever leans on a plate makes it no calmer."""

    bay: BayView
    heard: Heard
    measured: Sequence[PlateId]
    quiet_count: dict[PlateId, float]

    def look(self, now_ms: int) -> tuple[dict[PlateId, Rest], PlateId | None]:
        """Return where the plates rest, and one of their shelves that moves. Neighbours that are away are passed."""
        rests, moving = {}, None
        for plate, samples in self.heard.samples.items():
            rest = rest_of(samples, now_ms, still_count(self._quiet_count(plate)))
            if rest is None and (plate in self.measured or heard_lately(samples, now_ms)):
                moving = moving or plate
            elif rest is not None and plate in self.measured:
                rests[plate] = rest
        return rests, moving

    def _quiet_count(self, plate: PlateId) -> float:
        if not self.quiet_count.get(plate):
            self.quiet_count[plate] = self.bay.noise_g(plate) * abs(self.bay.calibration(plate).counts_per_g)
        return self.quiet_count[plate]


def at_rest(
    bay: BayView,
    plates: Iterable[PlateId],
    wanted: Callable[[Rests], bool],
    going_on: Callable[[], None],
    quiet_count: Mapping[PlateId, float] | None = None,
) -> Measuring:
    """Return where the plates rest as soon as they do, their shelves do too, and `wanted` says that it is the rest.

    `going_on` raises what ends the wait early; `quiet_count` says of some plates how quiet they are. Raises
    CommandRefused: `no_samples`, `saturated` or `stuck` for a plate that cannot be measured, `not_resting` when
    something kept moving, `no_change` when nothing did.
    """
    measured = list(dict.fromkeys(plates))
    shelves = list(dict.fromkeys(other for plate in measured for other in bay.neighbours(plate)))
    begun_ms = due_ms = bay.mono_ms()
    moving: PlateId | None = measured[0]
    with bay.listening(shelves) as heard:
        listener = _Listener(bay, heard, measured, dict(quiet_count or {}))
        while (now_ms := bay.mono_ms()) - begun_ms <= PATIENCE_MS:
            if now_ms >= due_ms:
                due_ms = now_ms + LOOK_MS
                going_on()
                for plate in measured:
                    _refuse_dead(heard, plate, now_ms, now_ms - begun_ms)
                rests, moving = listener.look(now_ms)
                if moving is None and wanted(rests):
                    return rests
            yield
    if moving is not None:
        raise CommandRefused("not_resting", f"{moving}: did not come to rest within a minute", found=moving)
    said = "the weight did not change within a minute: nothing was laid on or taken off"
    raise CommandRefused("no_change", f"{', '.join(measured)}: {said}")


def _refuse_dead(heard: Heard, plate: PlateId, now_ms: int, since_ms: int) -> None:
    samples = heard.samples[plate]
    silent_ms = now_ms - (samples[-1].mono_ms if samples else now_ms - since_ms)
    if plate in heard.overloaded and silent_ms > SILENT_MS:
        said = "the converter stands at its limit: too much weight, or a wire of the cell is off"
        raise CommandRefused("saturated", f"{plate}: {said}", found=plate)
    if silent_ms > DEAD_MS:
        reasons = ", ".join(f"{count} {reason}" for reason, count in heard.rejected[plate].items()) or "nothing came"
        raise CommandRefused("no_samples", f"{plate}: no sample for three seconds ({reasons})", found=plate)
    if since_ms > REST_MS and is_stuck(samples, now_ms):
        said = "the same count again and again: the converter is not connected to a cell"
        raise CommandRefused("stuck", f"{plate}: {said}", found=plate)
