"""What the gateway knows by heart: the counting model, the counting state, and what waits to be written.

All of it is a cache (design section 5): recalled from the database at start and whenever it is in doubt.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from psycopg import Connection

from contract.ids import PositionId
from gateway.counting.count import Scratch, Told
from gateway.counting.fitting import fitted
from gateway.counting.quantities import CHANGE_MIN
from gateway.counting.state import CountingState, ShelfState, load, save
from gateway.loading import evidence, recovery
from gateway.loading.current import Newest, newest_weights
from gateway.loading.lease import Lease
from gateway.loading.load import PlateWeight
from gateway.loading.writer import forget_positions
from gateway.model import CountingModel, Quantity, Readings, ShelfEvent

UNCOUNTABLE = (ArithmeticError, LookupError, ValueError)
"""What counting may raise over records it cannot digest. They are stored, and counted when it has learned to."""

RECALLED_AT_ONCE = 256
"""So many batches of a history are held and counted in one go."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What counting made of a load: to be written, and to be kept once it is."""

    state: CountingState
    quantities: tuple[Quantity, ...] = ()
    events: tuple[ShelfEvent, ...] = ()
    newest: Newest = field(default_factory=Newest)


class Tally:
    """The counting state of a store. `count` works on a scratch copy; `keep` swaps it in after the commit.

    Counting may take longer than a lease, so `tend` is called between two batches to renew it; what it raises
    (LeaseLost, what the database raises) ends the counting.
    """

    def __init__(
        self, connection: Connection[Any], lease: Lease, *, at: datetime, tend: Callable[[], None] = lambda: None
    ) -> None:
        self._lease = lease
        self._tend = tend
        self._model = evidence.read(connection, lease.store, at=at)
        self._saved: Mapping[str, ShelfState] = {}
        self._state = CountingState()
        self._newest = Newest()
        self._load_id = 0
        self._owed: tuple[Quantity, ...] = ()
        self._recall(connection)

    @property
    def waiting(self) -> bool:
        """Tell whether something waits that no load has written yet."""
        return bool(self._newest or self._owed)

    def count(self, readings: Sequence[Readings], passing: Sequence[PlateWeight] = ()) -> Counts:
        """Return what readings, in the order given, and passing weights make of the present state."""
        state, steps = _counted(self._state, readings, self._model, self._tend)
        newest = newest_weights(readings)
        for plate in passing:
            newest.hear(plate)
        for step in steps:
            newest.confirm(step.confirmed)
        return Counts(
            state=state,
            quantities=(*self._owed, *(quantity for step in steps for quantity in step.quantities)),
            events=tuple(event for step in steps for event in step.events),
            newest=newest,
        )

    def newest(self, counts: Counts) -> Newest:
        """Return all newest weights and confirmations that wait to be written, those of these counts included."""
        waiting = Newest(dict(self._newest.plates), dict(self._newest.confirmed))
        waiting.take_over(counts.newest)
        return waiting

    def keep(self, counts: Counts, load_id: int | None, *, newest_written: bool) -> None:
        """The load with these counts is in the database; None when there was nothing to write yet."""
        self._state = counts.state
        if newest_written:
            self._newest = Newest()
        else:
            self._newest.take_over(counts.newest)
        self._load_id = load_id or self._load_id
        self._owed = ()

    def refresh(self, connection: Connection[Any], *, at: datetime, wall_at: datetime) -> None:
        """Read the evidence again if its version changed. Raises LeaseLost or what the database raises."""
        if evidence.version(connection, self._lease.store) == self._model.version:
            return
        model = evidence.read(connection, self._lease.store, at=at)
        forget_positions(connection, self._lease, [place.position for place in model.positions], wall_at=wall_at)
        self._model, self._state = model, fitted(self._state, model)
        logger.info("evidence read", extra={"event": "evidence_read", "version": model.version})

    def save(self, connection: Connection[Any], *, at: datetime, wall_at: datetime) -> None:
        """Save the shelves that changed since the last time. Raises LeaseLost or what the database raises."""
        shelves = self._state.shelves
        changed = {key: save(shelf) for key, shelf in shelves.items() if self._saved.get(key) is not shelf}
        recovery.save(
            connection,
            self._lease,
            changed,
            shelves=sorted(shelves),
            load_id=self._load_id,
            version=self._model.version,
            at=at,
            wall_at=wall_at,
        )
        self._saved = shelves

    def _recall(self, connection: Connection[Any]) -> None:
        """Load the saved state and count what was stored after it."""
        store = self._lease.store
        state, after = _saved_state(recovery.saved(connection, store))
        state = fitted(state, self._model)
        self._load_id = recovery.newest_load(connection, store)
        recalled = 0
        said: dict[PositionId, Quantity] = {}
        for readings in _in_parts(recovery.later(connection, store, after=after), RECALLED_AT_ONCE):
            state, steps = _counted(state, readings, self._model, self._tend)
            said.update({quantity.position: quantity for step in steps for quantity in step.quantities})
            self._newest.take_over(newest_weights(readings))
            for step in steps:
                self._newest.confirm(step.confirmed)
            recalled += len(readings)
        self._state = state
        self._owed = _unwritten(said, recovery.quantities(connection, store))
        logger.info(
            "counting state recalled",
            extra={"event": "state_recalled", "store": store, "after_load": after, "batches_counted": recalled},
        )


def _in_parts(readings: Iterable[Readings], size: int) -> Iterator[list[Readings]]:
    """Yield lists of so many, the last one shorter."""
    iterator = iter(readings)
    while part := list(islice(iterator, size)):
        yield part


def _counted(
    state: CountingState, readings: Sequence[Readings], model: CountingModel, tend: Callable[[], None]
) -> tuple[CountingState, list[Told]]:
    """Count batches one after another, but for those that cannot be counted."""
    countable = list(readings)
    while True:
        scratch, steps = Scratch(state, model), []
        for place, batch in enumerate(countable):
            tend()
            try:
                steps.append(scratch.count(batch))
            except UNCOUNTABLE:
                left = countable.pop(place)
                facts = {"device": left.device, "journal": left.journal, "first": left.first}
                logger.exception("batch stored but not counted", extra={"event": "uncountable", **facts})
                break
        else:
            return scratch.state(), steps


def _saved_state(saved: recovery.Saved) -> tuple[CountingState, int]:
    """Return the saved state and the load it holds at; nothing and 0 when another version of counting saved it."""
    shelves = [load(content) for content in saved.shelves.values()]
    known = [shelf for shelf in shelves if shelf is not None]
    if len(known) < len(shelves):
        return CountingState(), 0
    return CountingState.of(known), saved.load_id


def _unwritten(said: Mapping[PositionId, Quantity], standing: Mapping[str, Quantity]) -> tuple[Quantity, ...]:
    """Return what a recount says differently from what stands in the database (a new planogram, a new estimator)."""
    return tuple(quantity for position, quantity in said.items() if _differs(quantity, standing.get(position)))


def _differs(said: Quantity, stands: Quantity | None) -> bool:
    if stands is None or (said.sku, said.frozen, said.basis) != (stands.sku, stands.frozen, stands.basis):
        return True
    now = {said.low + index: probability for index, probability in enumerate(said.pmf)}
    then = {stands.low + index: probability for index, probability in enumerate(stands.pmf)}
    return sum(abs(now.get(n, 0.0) - then.get(n, 0.0)) for n in now.keys() | then.keys()) > CHANGE_MIN
