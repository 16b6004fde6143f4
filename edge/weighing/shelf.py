"""Decide when a shelf came to rest after it was touched: samples of its plates come in, weight records go out.

Method: a shelf is active when the standard deviation of the last second of its summed weight exceeds three times its
own quiet one, and at rest again when half a second stayed below it for half a second; what changed is the difference
of the medians of a second before and a second after. The sum of the shelf, because touching one plate moves its
neighbours (Multi Person Shopping, `WeightTrigger.py`; AIM3S, `detectWeightEvents.m`); its own quiet spread instead of
a fixed limit, because fixed limits found 1 to 6 events in one recording depending on where the sampling began. What is
too small to be felt, the means of each plate at rest tell (`edge.weighing.shift`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from contract.ids import PlateId, ShelfId
from contract.records import Quality, WeightRecord
from edge.weighing.plate import BIN_MS, GUARD_BINS, SPREAD_FLOOR_G, WINDOW_BINS, PlateTrace, spread_of
from edge.weighing.quiet import QuietSpread
from edge.weighing.shift import ShiftWatch
from edge.weighing.waveform import Wave

ACTIVE_RATIO = 3.0
"""So many times its quiet spread, and a signal is active (three sigma; held at 60 Hz, averaged to 10 Hz and in all six
phases of decimation on recorded plates)."""

CALM_BINS = 5
"""Half a second of calm ends an activity (AIM3S: 30 samples at 60 Hz)."""

RESTED_BINS = 2 * CALM_BINS - 1
"""What CALM_BINS half seconds in a row, each a bin later, were made of. The bin before may still hold the hand."""

CAPACITY_G = 10_000.0
"""The capacity of a plate nobody told: the common 10 kg bar cell."""

NOT_THERE: frozenset[Quality] = frozenset({"saturated", "unplugged"})
"""A plate in these states gives no samples to learn from."""

HOLE_MS = 500
"""When nobody spoke to the weigher for so long, no sample and no tick, it was not the plates that were silent: a
recording has a hole, or the machine stood still. Such time is left out, as if it had not been."""


class ShelfWeigher:
    """Watch all plates of one shelf. `plates` are ids, or ids with their capacity in grams."""

    def __init__(
        self, shelf: ShelfId, plates: Iterable[PlateId] | Mapping[PlateId, float], *, heartbeat_s: float
    ) -> None:
        capacities = plates if isinstance(plates, Mapping) else dict.fromkeys(plates, CAPACITY_G)
        self.shelf = shelf
        self._traces = {plate: PlateTrace(plate, capacity_g) for plate, capacity_g in capacities.items()}
        self._shifts = [ShiftWatch() for _ in capacities]
        self._waves = {plate: Wave() for plate in capacities}
        self._heartbeat_ms = round(heartbeat_s * 1000)
        self._sums: deque[float] = deque(maxlen=WINDOW_BINS)
        self._quiet = QuietSpread()
        self._bin_end_ms: int | None = None
        self._bins_seen = 0
        self._active = True
        self._calm_bins = 0
        self._rest_bins = 0
        self._before: Sequence[float | None] | None = None
        self._after: Sequence[float | None] | None = None
        self._heartbeat_due_ms = 0
        self._held: dict[PlateId, int] = {}
        self._anew: set[PlateId] = set()
        self._untold: set[PlateId] = set()
        self._told: dict[PlateId, Quality] = {}
        self._records: list[WeightRecord] = []

    def add(self, plate: PlateId, mono_ms: int, weight_g: float) -> None:
        """Take in one good sample of one plate. A plate of another shelf raises KeyError."""
        if self._bin_end_ms is None or mono_ms >= self._bin_end_ms:
            self._advance(mono_ms)
        self._traces[plate].add(mono_ms, weight_g)

    def saturate(self, plate: PlateId, mono_ms: int) -> None:
        """Take in a sample that stood at the converter's rail and says no weight."""
        self._traces[plate].saturate(mono_ms)

    def hold(self, plate: PlateId, until_ms: int) -> None:
        """Believe nothing of a plate until then, or until `restart`: somebody lays masses on it.

        Its shelf is taken for touched all that time, since masses press on neighbours too.
        """
        if plate not in self._held:
            self._begin_anew(plate)
        self._held[plate] = until_ms

    def restart(self, plate: PlateId) -> None:
        """Begin a plate anew: its samples are grams of another line from now on, so no change of it is a step."""
        self._held.pop(plate, None)
        self._begin_anew(plate)
        self._traces[plate].restart()
        self._waves[plate].begin_anew()
        self._before, self._after = self._without(plate, self._before), self._without(plate, self._after)
        self._sums.clear()
        self._bins_seen = 0
        self._quiet = QuietSpread()

    def tick(self, mono_ms: int) -> list[WeightRecord]:
        """Return the records that came to be up to `mono_ms` since the last call, oldest first."""
        if self._bin_end_ms is None or mono_ms >= self._bin_end_ms:
            self._advance(mono_ms)
        records, self._records = self._records, []
        return records

    @property
    def active(self) -> bool:
        """Tell whether the shelf is being touched, or not learned yet."""
        return self._active and not (self._held and self._calm_bins >= CALM_BINS)

    def noise_g(self, plate: PlateId) -> float:
        """Return the quiet spread of a plate in grams."""
        return self._traces[plate].quiet.value_g

    def wave(self, plate: PlateId) -> Wave:
        """Return what a plate weighed in the last seconds, and around its last step."""
        return self._waves[plate]

    def quality(self, plate: PlateId) -> Quality:
        """Return what is to be thought of a plate's weight."""
        return self._quality(self._traces[plate], self._bin_end_ms or 0)

    def _quality(self, trace: PlateTrace, mono_ms: int) -> Quality:
        """A plate somebody lays masses on has no weight, as one that has only begun; that it began is told first."""
        quality = trace.quality(mono_ms)
        if trace.plate in self._untold or (trace.plate in self._held and quality not in NOT_THERE):
            return "starting"
        return quality

    def _begin_anew(self, plate: PlateId) -> None:
        self._anew.add(plate)
        if self._told.get(plate) != "starting":
            self._untold.add(plate)
        self._begin_activity()

    def _without(self, plate: PlateId, rests: Sequence[float | None] | None) -> Sequence[float | None] | None:
        if rests is None:
            return None
        return [None if one == plate else rest_g for one, rest_g in zip(self._traces, rests, strict=True)]

    def weights(self) -> dict[PlateId, float]:
        """Return the newest weight in grams, at rest or not, of each plate that was heard."""
        return {plate: trace.bins[-1] for plate, trace in self._traces.items() if trace.bins}

    def _advance(self, mono_ms: int) -> None:
        """Close all bins that ended by `mono_ms`."""
        if self._bin_end_ms is None:
            self._bin_end_ms = mono_ms - mono_ms % BIN_MS + BIN_MS
            for trace in self._traces.values():
                trace.start(mono_ms)
            return
        if mono_ms - self._bin_end_ms >= HOLE_MS:
            self._skip_hole(mono_ms)
        while self._bin_end_ms <= mono_ms:
            self._close_bin(self._bin_end_ms)
            self._bin_end_ms += BIN_MS

    def _skip_hole(self, mono_ms: int) -> None:
        assert self._bin_end_ms is not None
        hole_ms = mono_ms - mono_ms % BIN_MS - self._bin_end_ms
        self._bin_end_ms += hole_ms
        self._calm_bins = 0
        for trace in self._traces.values():
            trace.excuse(hole_ms)
        for wave in self._waves.values():
            wave.break_off()

    def _close_bin(self, end_ms: int) -> None:
        sum_g = 0.0
        for plate, trace in self._traces.items():
            heard = trace.count > 0
            mean_g = trace.close_bin()
            self._waves[plate].add(end_ms, mean_g, heard=heard)
            sum_g += mean_g
        self._sums.append(sum_g)
        self._bins_seen += 1
        for plate in [plate for plate, until_ms in self._held.items() if end_ms > until_ms]:
            self.restart(plate)
        if self._bins_seen < WINDOW_BINS:
            return
        spread_g = spread_of(self._sums)
        whole_second = self._bins_seen % WINDOW_BINS == 0
        if whole_second:
            self._learn(spread_g)
        self._judge(spread_g, end_ms)
        if whole_second:
            self._tell_quality(end_ms)

    def _learn(self, spread_g: float) -> None:
        traces = self._traces.values()
        for trace in traces:
            trace.learn()
        if any(trace.well_sampled for trace in traces):
            self._quiet.add(spread_g)

    def _judge(self, spread_g: float, end_ms: int) -> None:
        limit_g = ACTIVE_RATIO * max(self._quiet.value_g, SPREAD_FLOOR_G)
        if self._active:
            self._watch_activity(limit_g, end_ms)
            return
        self._rest_bins += 1
        if spread_g > limit_g:
            self._begin_activity()
        elif self._shifted():
            self._record_shift(end_ms)
        elif end_ms >= self._heartbeat_due_ms:
            self._beat(end_ms)

    def _shifted(self) -> bool:
        """Tell whether the mean of any plate has just changed, though nobody could feel the shelf being touched."""
        passed = False
        for shift, trace in zip(self._shifts, self._traces.values(), strict=True):
            passed |= shift.add(trace.bins[-1], trace.quiet.value_g)
        return passed

    def _record_shift(self, end_ms: int) -> None:
        """Record as a step what shifted, with what the other plates weighed meanwhile."""
        traces = list(self._traces.values())
        sides = [shift.sides() for shift in self._shifts]
        for shift, trace, side in zip(self._shifts, traces, sides, strict=True):
            shift.tell()
            if side is not None:
                trace.rest_g = side.after_g
        before = [
            None if side is None or self._knows_nothing(trace) else side.before_g
            for trace, side in zip(traces, sides, strict=True)
        ]
        self._after = [None if self._knows_nothing(trace) else trace.rest_g for trace in traces]
        self._record_step(end_ms, traces, before)

    def _watch_activity(self, limit_g: float, end_ms: int) -> None:
        """The last half second has to be calm for half a second: nine tenths of a second are then free of movement."""
        calm = spread_of(list(self._sums)[-CALM_BINS:]) <= limit_g and not self._silent(end_ms)
        self._calm_bins = self._calm_bins + 1 if calm else 0
        if self._calm_bins >= CALM_BINS and self._quiet.learned and not self._held:
            self._come_to_rest(end_ms)

    def _silent(self, end_ms: int) -> bool:
        return any(trace.silent(end_ms) for trace in self._traces.values())

    def _begin_activity(self) -> None:
        if self._active:
            return
        self._active, self._calm_bins = True, 0
        if self._rest_bins > WINDOW_BINS + GUARD_BINS:
            self._before = [
                None if self._knows_nothing(trace) else trace.earlier_rest_g() for trace in self._traces.values()
            ]
        else:
            self._before = self._after

    def _come_to_rest(self, end_ms: int) -> None:
        self._active, self._rest_bins = False, 0
        traces = list(self._traces.values())
        after = [trace.settle(RESTED_BINS) for trace in traces]
        self._watch_for_shifts(after)
        self._after = [
            None if self._knows_nothing(trace) else rest_g for trace, rest_g in zip(traces, after, strict=True)
        ]
        if self._before is not None and any(map(_changed, traces, self._before, after)):
            self._record_step(end_ms, traces, self._before)
        elif end_ms >= self._heartbeat_due_ms:
            self._beat(end_ms)

    def _watch_for_shifts(self, after: Sequence[float]) -> None:
        before = self._before or after
        for shift, trace, before_g, after_g in zip(self._shifts, self._traces.values(), before, after, strict=True):
            change_g = after_g - before_g if before_g is not None else after_g
            shift.begin(list(trace.bins)[-RESTED_BINS:], change_g)

    def _knows_nothing(self, trace: PlateTrace) -> bool:
        """Tell whether a plate began anew and was not heard since."""
        return trace.plate in self._anew and not trace.quiet.learned

    def _record_step(self, end_ms: int, traces: Sequence[PlateTrace], before: Sequence[float | None]) -> None:
        countdown = reversed(range(len(traces)))
        for remaining, trace, before_g in zip(countdown, traces, before, strict=True):
            self._records.append(self._record(trace, end_ms, before_g, remaining))
            self._waves[trace.plate].keep_step()
        self._heartbeat_due_ms = end_ms + self._heartbeat_ms

    def _beat(self, end_ms: int) -> None:
        for trace in self._traces.values():
            trace.settle()
            if trace.quality(end_ms) != "starting":
                self._records.append(self._record(trace, end_ms))
        self._heartbeat_due_ms = end_ms + self._heartbeat_ms

    def _tell_quality(self, end_ms: int) -> None:
        """A plate that fell ill or recovered is told at once; while its shelf is touched, with its last rest.

        But one that was unplugged, or has begun anew, tells again only when it has come to rest: its last rest is of
        before, and what changed since, it did not see happen. That a plate begins anew is told, once: until it is
        healthy, nobody shall compare its weights with those before.

        A healthy plate of a shelf that never rested has no weight to tell yet: whoever was told one would wait for a
        step from it, and the first rest, which has nothing before it, makes none.
        """
        for plate, trace in self._traces.items():
            quality = self._quality(trace, end_ms)
            told = self._told.get(plate)
            if quality == "starting" and plate not in self._anew:
                continue
            if quality == "ok" and (self._after is None or (self._active and told in {"unplugged", "starting"})):
                continue
            if quality != told:
                if not self._active:
                    trace.settle()
                self._records.append(self._record(trace, end_ms))

    def _record(
        self, trace: PlateTrace, end_ms: int, before_g: float | None = None, remaining: int | None = None
    ) -> WeightRecord:
        """Return a step when told how many follow, else a heartbeat."""
        quality = self._told[trace.plate] = self._quality(trace, end_ms)
        self._untold.discard(trace.plate)
        if quality != "starting" and quality not in NOT_THERE:
            self._anew.discard(trace.plate)
        return WeightRecord(
            mono_ms=end_ms,
            plate=trace.plate,
            kind="heartbeat" if remaining is None else "step",
            weight_g=trace.rest_g if trace.rest_g is not None else trace.bins[-1],
            before_g=before_g,
            noise_g=trace.rest_noise_g,
            quality=quality,
            remaining=remaining or 0,
        )


def _changed(trace: PlateTrace, before_g: float | None, after_g: float) -> bool:
    """Tell whether a plate's weight changed beyond its own noise; of one that began anew nobody can."""
    return before_g is not None and abs(after_g - before_g) > ACTIVE_RATIO * max(trace.quiet.value_g, SPREAD_FLOOR_G)
