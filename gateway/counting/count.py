"""The door of counting: readings come in, quantities and shelf events go out, and the state they leave behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from contract.ids import JournalId, PlateId, PositionId, RecordId, ZoneId
from contract.records import TagBlock, TagRecord, WeightBlock
from gateway.counting.events import Cause
from gateway.counting.layout import Component, Layout
from gateway.counting.quantities import changed, quantities_of, tagged_quantity
from gateway.counting.state import CountingState, PendingStep, Published, Rest, ShelfState
from gateway.counting.tags import count_tag, take_counts
from gateway.counting.weights import ShelfCount
from gateway.model import CountingModel, Quantity, Readings, ShelfEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What came of one batch.

    `quantities` holds only positions whose quantity changed; `confirmed` the newest time of every position that was
    heard of, changed or not (to move `as_of`), but for those whose scale is not to be believed, which confirms nothing;
    `touched` the keys of the shelves whose state changed.
    """

    quantities: tuple[Quantity, ...]
    events: tuple[ShelfEvent, ...]
    confirmed: Mapping[PositionId, datetime]
    touched: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted(Told):
    """What came of one batch, and the state it left behind."""

    state: CountingState


def count(state: CountingState, readings: Readings, model: CountingModel) -> Counted:
    """Count one batch. The state given stays as it was; the same batch on the same state gives the same answer."""
    scratch = Scratch(state, model)
    told = scratch.count(readings)
    return Counted(
        state=scratch.state(),
        quantities=told.quantities,
        events=told.events,
        confirmed=told.confirmed,
        touched=told.touched,
    )


class Scratch:
    """The state of a store while some batches are counted one after another: each shelf is copied once for all.

    A batch that cannot be counted leaves it in between: begin again without that batch.
    """

    def __init__(self, state: CountingState, model: CountingModel) -> None:
        self._before = state
        self._layout = state.layout_for(model)
        self._open: dict[str, ShelfCount] = {}
        self._waiting = {key for key, shelf in state.shelves.items() if shelf.pending}

    def count(self, readings: Readings) -> Told:
        """Count one more batch."""
        batch = _Batch(
            state=self._before, readings=readings, layout=self._layout, open=self._open, waiting=self._waiting
        )
        batch.recounts()
        if readings.blocks.weight is not None:
            batch.weights(readings.blocks.weight)
        if readings.blocks.tag is not None:
            batch.tags(readings.blocks.tag)
        return batch.finish()

    def state(self) -> CountingState:
        """Return the state after all batches."""
        shelves = {**self._before.shelves, **{key: shelf.state for key, shelf in self._open.items()}}
        return CountingState(shelves=shelves, layout=self._layout)


@dataclass(slots=True, kw_only=True)
class _Batch:
    """A batch while it is counted: `open` holds the shelves of all batches so far, `shelves` those of this one.

    `waiting` names the shelves with an episode that is not complete; `heard` and `tagged` hold the newest `mono_ms` of
    what plates and tags told of.
    """

    state: CountingState
    readings: Readings
    layout: Layout
    open: dict[str, ShelfCount]
    waiting: set[str]
    shelves: dict[str, ShelfCount] = field(default_factory=dict)
    heard: dict[Component, int] = field(default_factory=dict)
    tagged: dict[PositionId, int] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)

    def recounts(self) -> None:
        """Take in what people counted where only tags tell: a rail nobody touches makes no record to wait for."""
        blocks = (self.readings.blocks.weight, self.readings.blocks.tag)
        starts_ms = [block.mono_ms[0] for block in blocks if block is not None]
        for key in self.layout.recounted if starts_ms else ():
            state, at_s = self._state_of(key), self.readings.time_of(min(starts_ms)).timestamp()
            counts = self.layout.shelves[key].counts.values()
            if state is not None and any(state.is_news(entry, at_s) for entry in counts):
                self._open(key, min(starts_ms))

    def weights(self, block: WeightBlock) -> None:
        """Count the weight records in order. Heartbeats that say nothing new are most of them, and cost least."""
        zero_s, seats, journal = self.readings.mono_zero_at.timestamp(), self.layout.seats, self.readings.journal
        columns = zip(
            block.seq,
            block.mono_ms,
            block.plate,
            block.kind,
            block.weight_g,
            block.before_g,
            block.noise_g,
            block.quality,
            block.remaining,
            strict=True,
        )
        for seq, mono_ms, name, kind, weight_g, before_g, noise_g, quality, remaining in columns:
            plate = PlateId(name)
            seat = seats.get(plate)
            if seat is not None:
                key, component, tolerance_g = seat
                shelf = self.shelves.get(key) or self._open(key, mono_ms)
                if seq > shelf.state.taken.get(journal, 0):
                    self.heard[component], self.last[key] = mono_ms, seq
                    if kind == "step":
                        step = PendingStep(journal, seq, mono_ms, plate, weight_g, before_g, noise_g, quality)
                        self._pend(shelf, step)
                    else:
                        rest = Rest(weight_g, weight_g, noise_g, quality, zero_s + mono_ms / 1000)
                        if shelf.confirmed_by(component, plate, rest, tolerance_g):
                            shelf.state.plates[plate] = rest
                        else:
                            shelf.hear(component, plate, rest, self._cause(seq, mono_ms))
            if kind == "step" and remaining == 0:
                self._close(mono_ms, seq)

    def tags(self, block: TagBlock) -> None:
        """Count the tag records in order."""
        columns = zip(
            block.seq, block.mono_ms, block.zone, block.epc, block.kind, block.rssi_dbm, block.reads, strict=True
        )
        for seq, mono_ms, zone, epc, kind, rssi_dbm, reads in columns:
            seat = self.layout.zones.get(ZoneId(zone))
            if seat is None:
                continue
            key, places = seat
            shelf = self.shelves.get(key) or self._open(key, mono_ms)
            if seq <= shelf.state.taken.get(self.readings.journal, 0):
                continue
            record = TagRecord(mono_ms=mono_ms, zone=zone, epc=epc, kind=kind, rssi_dbm=rssi_dbm, reads=reads)
            shelf.events.extend(count_tag(shelf.state, places, self.layout.skus, record, self._cause(seq, mono_ms)))
            self.tagged.update(dict.fromkeys((place.position for place in places), mono_ms))
            self.last[key] = max(seq, self.last.get(key, 0))

    def finish(self) -> Told:
        """Return what came of the batch."""
        for key, seq in self.last.items():
            self.shelves[key].state.take(self.readings.journal, seq)
        told = Told(
            quantities=tuple(quantity for key in self.shelves for quantity in self._quantities(key)),
            events=tuple(event for shelf in self.shelves.values() for event in shelf.events),
            confirmed=self._confirmed(),
            touched=frozenset(self.shelves),
        )
        for shelf in self.shelves.values():
            shelf.events, shelf.changed = [], set()
        return told

    def _confirmed(self) -> dict[PositionId, datetime]:
        times = {mono_ms: self.readings.time_of(mono_ms) for mono_ms in {*self.heard.values(), *self.tagged.values()}}
        confirmed = {
            place.position: times[mono_ms]
            for component, mono_ms in self.heard.items()
            if not self._frozen(component)
            for place in component.positions
        }
        confirmed.update({position: times[mono_ms] for position, mono_ms in self.tagged.items()})
        return confirmed

    def _frozen(self, component: Component) -> bool:
        key, _, _ = self.layout.seats[component.name]
        held = self.shelves[key].state.components.get(component.name)
        return held is not None and held.frozen

    def _state_of(self, key: str) -> ShelfState | None:
        shelf = self.open.get(key)
        return self.state.shelves.get(key) if shelf is None else shelf.state

    def _open(self, key: str, mono_ms: int) -> ShelfCount:
        """Return a shelf to count on, with what people counted taken in."""
        shelf = self.shelves[key] = self.open.get(key) or self._copied(key)
        state = shelf.state
        if any(state.counted.get(place) != entry.count_id for place, entry in shelf.shelf.counts.items()):
            at_s = self.readings.time_of(mono_ms).timestamp()
            shelf.told(at_s)
            self.tagged.update(dict.fromkeys(take_counts(state, shelf.shelf, at_s), mono_ms))
        return shelf

    def _copied(self, key: str) -> ShelfCount:
        before = self.state.shelves.get(key)
        state = ShelfState(key=key) if before is None else before.copy()
        shelf = self.open[key] = ShelfCount(shelf=self.layout.shelves[key], state=state)
        if before is not None and self.state.layout is not self.layout:
            shelf.refit()
        return shelf

    def _pend(self, shelf: ShelfCount, step: PendingStep) -> None:
        """Keep a record until its episode is complete; one that never will be is counted as it is."""
        pending = shelf.state.pending
        if pending and (pending[0].journal, pending[0].mono_ms) != (step.journal, step.mono_ms):
            self._count_episode(shelf, pending[-1].mono_ms, pending[-1].seq, pending[-1].journal)
        shelf.state.pending = (*shelf.state.pending, step)
        self.waiting.add(shelf.shelf.key)

    def _close(self, mono_ms: int, seq: int) -> None:
        """Count the episode that this record completes, on every shelf that has a part of it."""
        journal = self.readings.journal
        for key in self._waiting(journal, mono_ms):
            shelf = self.shelves.get(key) or self._open(key, mono_ms)
            if shelf.state.pending:
                self._count_episode(shelf, mono_ms, seq, journal)

    def _waiting(self, journal: JournalId, mono_ms: int) -> list[str]:
        """Return the shelves that wait for the rest of an episode."""
        waiting = ((key, self._state_of(key)) for key in sorted(self.waiting))
        return [key for key, state in waiting if state is not None and _awaits(state, journal, mono_ms)]

    def _count_episode(self, shelf: ShelfCount, mono_ms: int, seq: int, journal: JournalId) -> None:
        steps, shelf.state.pending = shelf.state.pending, ()
        self.waiting.discard(shelf.shelf.key)
        cause = self._cause(seq, mono_ms, journal)
        shelf.episode(steps, cause)

    def _cause(self, seq: int, mono_ms: int, journal: JournalId | None = None) -> Cause:
        record = RecordId(self.readings.device, journal or self.readings.journal, seq)
        return Cause(record, self.readings.time_of(mono_ms), mono_ms)

    def _quantities(self, key: str) -> list[Quantity]:
        shelf = self.shelves[key]
        if not shelf.changed and not self.tagged:
            return []
        said = []
        for component in shelf.shelf.components:
            places = [place.position for place in component.positions]
            if component.name in shelf.changed or any(place in self.tagged for place in places):
                newest_ms = max(self.heard.get(component, 0), *(self.tagged.get(place, 0) for place in places))
                said.extend(quantities_of(shelf.state, component, self.readings.time_of(newest_ms)))
        for place in shelf.shelf.tag_only:
            if place.position in self.tagged:
                as_of = self.readings.time_of(self.tagged[place.position])
                said.append(tagged_quantity(shelf.state, place, as_of))
        return [quantity for quantity in said if _publish(shelf.state, quantity)]


def _awaits(state: ShelfState, journal: JournalId, mono_ms: int) -> bool:
    return bool(state.pending) and (state.pending[0].journal, state.pending[0].mono_ms) == (journal, mono_ms)


def _publish(state: ShelfState, quantity: Quantity) -> bool:
    """Tell whether a quantity is news, and remember it as said when it is."""
    if not changed(quantity, state.published.get(quantity.position)):
        return False
    state.published[quantity.position] = Published(
        quantity.sku, quantity.low, quantity.pmf, quantity.frozen, quantity.basis
    )
    return True
