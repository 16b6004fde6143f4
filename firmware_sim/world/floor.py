"""The shop floor: what every person of the simulated shop shares, and how a hand reaches into a shelf."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from uuid import NAMESPACE_URL, uuid5

from contract.clock import Clock
from firmware_sim.world.agenda import Action, Agenda
from firmware_sim.world.behaviour import Behaviour, Span
from firmware_sim.world.configuration import PositionFacts, WorldConfiguration
from firmware_sim.world.errands import Errands
from firmware_sim.world.goods import Goods
from firmware_sim.world.movements import Movement, Step
from firmware_sim.world.shelves import Hand, Shelves
from firmware_sim.world.truth import TruthKind, TruthLog


@dataclass(slots=True, kw_only=True)
class Floor:
    """Goods, shelves, time and the way to the API, as people on the floor use them.

    `run` tells this run of the world from others in idempotency keys and sale numbers. `acting` turns false when the
    shop is told to stop: then hands that are in a shelf finish, and nothing new begins.
    """

    world: WorldConfiguration
    clock: Clock
    agenda: Agenda
    goods: Goods
    shelves: Shelves
    truth: TruthLog
    errands: Errands
    rng: Random
    run: str
    acting: bool = True
    positions: dict[str, PositionFacts] = field(init=False)
    mean_g: dict[str, float] = field(init=False)
    _free_at_ms: dict[str, int] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.positions = {position.position: position for position in self.world.positions}
        self.mean_g = {product.sku: product.mean_g for product in self.world.products}

    @property
    def behaviour(self) -> Behaviour:
        """How people behave here."""
        return self.world.behaviour

    def later(self, span: Span | float, action: Action) -> None:
        """Do something after a while (drawn, if a span is given), unless the shop stops acting before."""
        wait_s = span if isinstance(span, float) else self.rng.uniform(*span)
        self.agenda.after(wait_s, lambda: action() if self.acting else None)

    def key(self, deed: str) -> str:
        """Return the idempotency key of a deed: the same for all attempts, another in every run."""
        return str(uuid5(NAMESPACE_URL, f"liveshelf-world/{self.run}/{deed}"))

    def record(self, kind: TruthKind, position: str, sku: str, change: int) -> None:
        """Write into the truth log that the hand is off the shelf and `change` units of a SKU have moved."""
        quantity = self.goods.units_at(position, sku)
        self.truth.write(kind, position=position, sku=sku, change=change, quantity=quantity)

    def reach(
        self,
        position: str,
        movement: Callable[[], Movement],
        move: Action,
        off: Action,
        *,
        patient: bool = True,
    ) -> None:
        """Put a hand into a shelf as soon as there is room for it.

        `movement` is asked when the hand goes in, `move` is called for every unit that changes place, `off` when the
        hand has left. People wait for one another; `Behaviour.overlap` says how seldom they do not. Who is not
        `patient` waits for nobody.
        """
        if not self.acting:
            return
        shelf = self.positions[position].shelf
        free = self._free_at_ms.get(shelf, 0) <= self.clock.mono_ms()
        if not free and patient and self.rng.random() >= self.behaviour.overlap:
            self.later(self.behaviour.wait_for_shelf_s, lambda: self.reach(position, movement, move, off))
            return
        steps = movement()
        if not steps:
            off()
            return
        self._occupy(shelf, sum(step.wait_s for step in steps))
        hand = self.shelves.reach(position, self.rng.uniform(*self.behaviour.crosstalk))
        self._step(hand, steps, 0, move, off)

    def _occupy(self, shelf: str, duration_s: float) -> None:
        rest_s = duration_s + self.rng.uniform(*self.behaviour.shelf_pause_s)
        until_ms = self.clock.mono_ms() + round(rest_s * 1000)
        self._free_at_ms[shelf] = max(until_ms, self._free_at_ms.get(shelf, 0))

    def _step(self, hand: Hand, steps: Movement, index: int, move: Action, off: Action) -> None:
        """Do the steps of a hand one after another; a hand in a shelf finishes even when the shop stops."""
        if index == len(steps):
            self.shelves.leave(hand)
            self._occupy(self.positions[hand.position].shelf, 0.0)
            off()
            return
        self.agenda.after(steps[index].wait_s, lambda: self._do(hand, steps, index, move, off))

    def _do(self, hand: Hand, steps: Movement, index: int, move: Action, off: Action) -> None:
        step: Step = steps[index]
        for _ in range(step.units):
            move()
        self.shelves.press(hand, step.press_g)
        self._step(hand, steps, index + 1, move, off)
