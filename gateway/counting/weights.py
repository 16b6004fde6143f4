"""Count one shelf's weight records: heartbeats move the reference, episodes move units.

A component that jumps between heartbeats is explained like an episode (an agent that was away, records that were
lost); a slow change is the zero that drifts. A sensor that is not to be believed freezes its component until it is
believed again, and what happened in between is then one late episode; unless it was calibrated meanwhile (`starting`):
then what it says cannot be compared with before, and is no episode at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import msgspec
import numpy as np

from contract.ids import PlateId
from gateway.counting.assumptions import HASTE, NOISE_MIN_G
from gateway.counting.belief import Belief, first_belief, recalibrated, shifted, told, weighed_again
from gateway.counting.episode import Explained, Seen, explain, foreign_after
from gateway.counting.events import Cause, taken_lately, unit_events
from gateway.counting.layout import Component, Shelf
from gateway.counting.options import FOREIGN, OWN, Change
from gateway.counting.state import ComponentState, PendingStep, Rest, ShelfState, Unsettled
from gateway.model import ShelfEvent

DOUBTS_MAX = 3
"""So many episodes in a row the absolute weight has to speak against the differences before it is believed."""

DOUBT_G = 15.0
"""A zero believed to be off by less is drift: five standard deviations of a calibrated zero (see SCALES)."""

DOUBT_PROBABILITY = 0.9
"""So sure the absolute weight has to be of another count."""

FRESH_S = 120.0
"""A rest so young has not drifted: what changed since then belongs to the episode, also when a hand lay on the plate
just before it and the agent took that for the rest before. Older, the agent's weight before the episode counts."""

UNSETTLED_S = 45.0
"""A hand that rests on a shelf looks like a change no units explain; what comes within so long, the next heartbeat
included, may be the rest of it (MPS names "hand held on the shelf for long" among the hard cases)."""

SETTLED_PROBABILITY = 0.9
"""So sure two episodes must be one before they are."""

CARRY_PROBABILITY = 0.5
"""A count is carried over a change of the planogram when it is likelier than not."""


@dataclass(slots=True, kw_only=True)
class ShelfCount:
    """One shelf while a batch is counted: its own copy of the state, what came of it, which components changed."""

    shelf: Shelf
    state: ShelfState
    events: list[ShelfEvent] = field(default_factory=list)
    changed: set[PlateId] = field(default_factory=set)

    def hear(self, component: Component, plate: PlateId, rest: Rest, cause: Cause) -> None:
        """Take in a heartbeat that may mean something: a first one, a jump, another quality."""
        before = self.state.plates.get(plate)
        rest_g = rest.heard_g if before is None else before.rest_g
        self.state.plates[plate] = msgspec.structs.replace(rest, rest_g=rest_g)
        self._attend(component, cause)

    def confirmed_by(self, component: Component, plate: PlateId, rest: Rest, tolerance_g: float) -> bool:
        """Tell whether a heartbeat only says again what is known, but for a little drift, and nothing waits for it."""
        before, held = self.state.plates.get(plate), self.state.components.get(component.name)
        return (
            before is not None
            and rest.quality == before.quality == "ok"
            and before.rest_g == before.heard_g
            and abs(rest.heard_g - before.rest_g) < tolerance_g
            and not hasty(before.noise_g, rest.noise_g)
            and held is not None
            and held.unsettled is None
        )

    def episode(self, steps: Sequence[PendingStep], cause: Cause) -> None:
        """Take in all records of one episode."""
        at_s = cause.time.timestamp()
        by_plate = {step.plate: step for step in steps}
        counted = []
        for component in self.shelf.components:
            self._begin_before(component, by_plate, at_s)
            if self._countable(component, by_plate):
                self._catch_up(component, by_plate, cause)
                counted.append(component)
        seen = [self._seen(component, by_plate) for component in counted]
        for step in steps:
            self._note_step(step, counted, at_s)
        explained = explain(seen)
        for index, each in enumerate(seen):
            self._conclude(each, explained.get(index), cause)
        for component in self.shelf.components:
            if component not in counted and any(plate in by_plate for plate in component.plates):
                self._attend(component, cause)

    def refit(self) -> None:
        """Forget what was believed of a component that a new planogram changed.

        What its plates weighed then stays where it was believed: the next record begins with that, so that goods that
        move meanwhile are counted and not taken for what was there.
        """
        for component in self.shelf.components:
            held = self.state.components.get(component.name)
            if held is not None and held.made_for != component.made_for:
                del self.state.components[component.name]
                if held.frozen or held.belief is None:
                    for plate in component.plates:
                        self.state.plates.pop(plate, None)
        for place in self.shelf.tag_only:
            said = self.state.published.get(place.position)
            if said is not None and said.sku != place.sku:
                self.state.unread.pop(place.position, None)

    def told(self, at_s: float) -> None:
        """Take in what people counted, as far as it holds by now and a belief is there to be corrected."""
        for component in self.shelf.components:
            held = self._held(component)
            known = self._known(component, at_s) if held.belief is not None else {}
            if known and held.belief is not None:
                belief = shifted(held.belief, self._total_g(component), at_s, 0.0)
                noise_g2 = self._noise_g2(component)
                self._keep(component, held, belief=told(component, belief, known, noise_g2), doubts=0)

    def _attend(self, component: Component, cause: Cause) -> None:
        """Bring a component up to date with what its plates said outside episodes."""
        plates, held = self.state.plates, self._held(component)
        if any(plate not in plates for plate in component.plates):
            return
        frozen = any(plates[plate].quality != "ok" for plate in component.plates)
        if frozen:
            anew = held.anew or any(plates[plate].quality == "starting" for plate in component.plates)
            self._keep(component, held, frozen=True, anew=anew)
        elif held.belief is None:
            if component.name in self.state.components:  # what it said while it was not to be believed is no reference
                self._settle_rests(component)
            self._first(component, held, cause.time.timestamp())
            self._late(component, self._held(component), cause)
        elif held.anew:
            self._again(component, held.belief, cause.time.timestamp())
        else:
            self._late(component, msgspec.structs.replace(held, frozen=False), cause)

    def _begin_before(self, component: Component, by_plate: dict[PlateId, PendingStep], at_s: float) -> None:
        """Begin with what lay there before this episode, where nothing is believed yet and the plates tell."""
        if component.name in self.state.components:
            return
        for plate in component.plates:
            step = by_plate.get(plate)
            if plate not in self.state.plates and step is not None and step.before_g is not None:
                self.state.plates[plate] = Rest(step.before_g, step.before_g, step.noise_g, step.quality, at_s)
        plates = [self.state.plates.get(plate) for plate in component.plates]
        if all(rest is not None and rest.quality == "ok" for rest in plates):
            self._first(component, self._held(component), at_s)

    def _first(self, component: Component, held: ComponentState, at_s: float) -> None:
        known = {**self._carried(component), **self._known(component, at_s)}
        belief = first_belief(component, self._total_g(component), self._noise_g2(component), at_s, known)
        self._keep(component, held, belief=belief, frozen=False, anew=False)

    def _again(self, component: Component, before: Belief, at_s: float) -> None:
        """Weigh anew what is there, by another line: nothing moved, and the old count helps where the weight cannot."""
        self._settle_rests(component)
        noise_g2 = self._noise_g2(component)
        belief = recalibrated(component, before, self._total_g(component), noise_g2, at_s)
        known = self._known(component, at_s)
        if known:
            belief = told(component, belief, known, noise_g2)
        self._keep(component, ComponentState(made_for=component.made_for, belief=belief, noise_g2=noise_g2))

    def _late(self, component: Component, held: ComponentState, cause: Cause) -> None:
        """Explain a jump between heartbeats once every plate was heard after it; take anything less as drift."""
        plates = [self.state.plates[plate] for plate in component.plates]
        jump_g = sum(plate.heard_g - plate.rest_g for plate in plates)
        if abs(jump_g) < component.half_unit_g:
            if held.unsettled is not None:
                held = self._settled(component, held, cause)
            self._settle_rests(component)
            self._keep(component, self._calmer(component, held), jumped_s=None)
            return
        jumped_s = held.jumped_s if held.jumped_s is not None else max(plate.at_s for plate in plates)
        held = msgspec.structs.replace(held, jumped_s=jumped_s)
        self._keep(component, held)
        if all(plate.at_s >= jumped_s for plate in plates):
            self._explain_late(component, held, cause)

    def _settled(self, component: Component, held: ComponentState, cause: Cause) -> ComponentState:
        """See whether a small change at rest is what an episode no units explained was lacking."""
        self._keep(component, held)
        plates = [self.state.plates[plate] for plate in component.plates]
        change = Change(
            plates_g=np.array([plate.heard_g - plate.rest_g for plate in plates]),
            noise_g2=2 * self._noise_g2(component),
        )
        assert held.belief is not None
        belief = shifted(held.belief, self._total_g(component), held.belief.at_s, 0.0)
        if abs(change.total_g) > HASTE * np.sqrt(change.noise_g2):
            self._conclude(Seen(component=component, belief=belief, change=change, foreign=held.foreign), None, cause)
        held = self._held(component)
        young = held.unsettled is not None and cause.time.timestamp() - held.unsettled.at_s <= UNSETTLED_S
        return held if young else msgspec.structs.replace(held, unsettled=None)

    def _calmer(self, component: Component, held: ComponentState) -> ComponentState:
        """Weigh again what was weighed in haste, as soon as it lies calm."""
        now_g2 = self._noise_g2(component)
        if held.belief is None or held.noise_g2 <= HASTE**2 * now_g2:
            return held
        belief = weighed_again(component, held.belief, self._total_g(component), now_g2)
        return msgspec.structs.replace(held, belief=belief, noise_g2=now_g2)

    def _explain_late(self, component: Component, held: ComponentState, cause: Cause) -> None:
        assert held.belief is not None
        plates = [self.state.plates[plate] for plate in component.plates]
        change = Change(
            plates_g=np.array([plate.heard_g - plate.rest_g for plate in plates]),
            noise_g2=2 * self._noise_g2(component),
        )
        belief = shifted(held.belief, self._total_g(component), cause.time.timestamp(), 0.0)
        seen = Seen(component=component, belief=belief, change=change, foreign=held.foreign, at_once=False)
        self._settle_rests(component)
        self._conclude(seen, explain([seen]).get(0), cause)

    def _countable(self, component: Component, by_plate: dict[PlateId, PendingStep]) -> bool:
        """Tell whether an episode can be counted here: all plates known, believed before and after."""
        held = self._held(component)
        if held.belief is None or held.frozen or any(plate not in self.state.plates for plate in component.plates):
            return False
        return all(by_plate[plate].quality == "ok" for plate in component.plates if plate in by_plate)

    def _catch_up(self, component: Component, by_plate: dict[PlateId, PendingStep], cause: Cause) -> None:
        """Take in what happened between the last rest known and the rest before this episode."""
        for plate in component.plates:
            step = by_plate.get(plate)
            rest = self.state.plates[plate]
            stale = cause.time.timestamp() - rest.at_s > FRESH_S
            if step is not None and step.before_g is not None and stale:
                noise_g = min(rest.noise_g, max(step.noise_g, NOISE_MIN_G))
                self.state.plates[plate] = msgspec.structs.replace(rest, heard_g=step.before_g, noise_g=noise_g)
        plates = [self.state.plates[plate] for plate in component.plates]
        if abs(sum(plate.heard_g - plate.rest_g for plate in plates)) >= component.half_unit_g:
            self._explain_late(component, self._held(component), cause)
        self._settle_rests(component)
        held = self._held(component)
        calmer = self._calmer(component, held)
        if calmer is not held:
            self._keep(component, calmer)

    def _seen(self, component: Component, by_plate: dict[PlateId, PendingStep]) -> Seen:
        held = self._held(component)
        assert held.belief is not None
        moved = [
            by_plate[plate].weight_g - self.state.plates[plate].rest_g if plate in by_plate else 0.0
            for plate in component.plates
        ]
        after_g2 = sum(
            max(by_plate[plate].noise_g, NOISE_MIN_G) ** 2 for plate in component.plates if plate in by_plate
        )
        before_g2 = self._noise_g2(component)
        belief = shifted(held.belief, self._total_g(component), held.belief.at_s, 0.0)
        change = Change(plates_g=np.array(moved), noise_g2=before_g2 + after_g2)
        return Seen(component=component, belief=belief, change=change, foreign=held.foreign)

    def _note_step(self, step: PendingStep, counted: Sequence[Component], at_s: float) -> None:
        """The weight after the episode is the reference from now on, unless it is still to be explained."""
        before = self.state.plates.get(step.plate)
        explained = any(step.plate in component.plates for component in counted)
        rest_g = step.weight_g if explained or before is None else before.rest_g
        self.state.plates[step.plate] = Rest(rest_g, step.weight_g, step.noise_g, step.quality, at_s)

    def _conclude(self, seen: Seen, found: Explained | None, cause: Cause) -> None:
        """Take in what happened to a component, together with what was left unsettled just before, if that fits."""
        held = self._held(seen.component)
        unsettled, clear = held.unsettled, found is not None and _units_moved(found)
        moved = abs(seen.change.total_g) > HASTE * seen.change.noise_g2**0.5
        if moved and not clear and unsettled is not None and cause.time.timestamp() - unsettled.at_s <= UNSETTLED_S:
            whole = _joined(unsettled, seen)
            as_one = explain([whole]).get(0)
            if as_one is not None and _units_moved(as_one):
                self._apply(whole, as_one, cause)
                return
        if found is not None:
            self._apply(seen, found, cause)
        elif moved and unsettled is None:
            self._keep(seen.component, held, unsettled=_unsettled(seen, cause))

    def _apply(self, seen: Seen, found: Explained, cause: Cause) -> None:
        component, held = seen.component, self._held(seen.component)
        if found.move == OWN:
            self.events.extend(self._moved(seen, found, cause))
        elif found.move == FOREIGN and seen.change.total_g > 0:
            self.events.append(_misplaced(seen, found, cause))
        belief = found.belief
        held = msgspec.structs.replace(
            held,
            belief=belief,
            foreign=foreign_after(seen, found),
            jumped_s=None,
            noise_g2=seen.change.noise_g2,
            unsettled=_unsettled(seen, cause) if found.move == FOREIGN else None,
        )
        self._keep(component, self._doubted(component, held))

    def _moved(self, seen: Seen, found: Explained, cause: Cause) -> list[ShelfEvent]:
        """Return the events of units that moved, and remember the moves."""
        places, at_s = seen.component.positions, cause.time.timestamp()
        events = unit_events(
            cause,
            places=places,
            steps=found.steps,
            probabilities=found.probability,
            there_before=tuple(seen.belief.best(index) for index in range(len(places))),
            lately=tuple(taken_lately(self.state.moves.get(place.position, ()), at_s) for place in places),
            weight_g=seen.change.total_g,
            at_once=seen.at_once,
        )
        for place, units in zip(places, found.steps, strict=True):
            if units:
                self.state.note_move(place.position, at_s, units)
        return list(events)

    def _doubted(self, component: Component, held: ComponentState) -> ComponentState:
        """Let the absolute weight check the differences; when it keeps disagreeing, begin again with it."""
        belief = held.belief
        assert belief is not None
        zero_g = float(belief.weight @ belief.mean[:, 0])
        if held.foreign or abs(zero_g) < max(DOUBT_G, component.half_unit_g):
            return msgspec.structs.replace(held, doubts=0)
        absolute = first_belief(component, belief.total_g, self._noise_g2(component), belief.at_s)
        another = any(_disagrees(belief, absolute, index) for index in range(len(component.positions)))
        if another and held.doubts + 1 >= DOUBTS_MAX:
            return msgspec.structs.replace(held, belief=absolute, doubts=0)
        return msgspec.structs.replace(held, doubts=held.doubts + 1 if another else 0)

    def _held(self, component: Component) -> ComponentState:
        return self.state.components.get(component.name) or ComponentState(made_for=component.made_for)

    def _keep(self, component: Component, held: ComponentState, **changes: object) -> None:
        self.state.components[component.name] = msgspec.structs.replace(held, **changes)
        self.changed.add(component.name)

    def _known(self, component: Component, at_s: float) -> dict[int, int]:
        """Return the counts by people that are new and hold by now, by index of position; they are then known."""
        known = {}
        for index, place in enumerate(component.positions):
            count = self.shelf.counts.get(place.position)
            if count is not None and count.sku == place.sku and self.state.is_news(count, at_s):
                known[index] = self.state.brought_forward(count)
        return known

    def _carried(self, component: Component) -> dict[int, int]:
        """Return what was last said of these positions, as far as it was sure, by index of position.

        Nothing on a fresh shelf; after a change of the planogram it keeps the counts of what stayed.
        """
        carried = {}
        for index, place in enumerate(component.positions):
            said = self.state.published.get(place.position)
            if said is not None and said.sku == place.sku and max(said.pmf) > CARRY_PROBABILITY:
                carried[index] = said.low + said.pmf.index(max(said.pmf))
        return carried

    def _settle_rests(self, component: Component) -> None:
        for plate in component.plates:
            rest = self.state.plates[plate]
            self.state.plates[plate] = msgspec.structs.replace(rest, rest_g=rest.heard_g)

    def _total_g(self, component: Component) -> float:
        return sum(self.state.plates[plate].rest_g for plate in component.plates)

    def _noise_g2(self, component: Component) -> float:
        return sum(max(self.state.plates[plate].noise_g, NOISE_MIN_G) ** 2 for plate in component.plates)


def _misplaced(seen: Seen, found: Explained, cause: Cause) -> ShelfEvent:
    place = seen.component.positions[0]
    return cause.event(
        place, "misplace", 1, probability=found.move_probability, weight_g=seen.change.total_g, sku=place.sku
    )


def _disagrees(belief: Belief, absolute: Belief, index: int) -> bool:
    _, pmf = absolute.marginal(index)
    return bool(pmf.max() > DOUBT_PROBABILITY) and absolute.best(index) != belief.best(index)


def hasty(before_g: float, now_g: float) -> bool:
    """Tell whether a weight with the first noise was taken in haste, judged by a later one of the same goods."""
    return before_g > HASTE * NOISE_MIN_G and before_g > HASTE * now_g


def _unsettled(seen: Seen, cause: Cause) -> Unsettled:
    return Unsettled(
        belief=seen.belief,
        foreign=seen.foreign,
        plates_g=tuple(float(plate_g) for plate_g in seen.change.plates_g),
        noise_g2=seen.change.noise_g2,
        at_s=cause.time.timestamp(),
    )


def _joined(unsettled: Unsettled, seen: Seen) -> Seen:
    """Return two episodes of a component as one."""
    change = Change(
        plates_g=np.array(unsettled.plates_g) + seen.change.plates_g,
        noise_g2=max(unsettled.noise_g2, seen.change.noise_g2),
    )
    return replace(seen, belief=unsettled.belief, change=change, foreign=unsettled.foreign)


def _units_moved(found: Explained) -> bool:
    return found.move == OWN and any(found.steps) and min(found.probability) > SETTLED_PROBABILITY
