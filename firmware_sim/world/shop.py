"""The story of a simulated shop: open the doors, let people act on the shop clock, close."""

from __future__ import annotations

from random import Random
from typing import TextIO

from contract.clock import Clock
from firmware_sim.world.agenda import Agenda
from firmware_sim.world.commands import Orders
from firmware_sim.world.configuration import WorldConfiguration
from firmware_sim.world.errands import Errands
from firmware_sim.world.floor import Floor
from firmware_sim.world.goods import Goods
from firmware_sim.world.shelves import Shelves
from firmware_sim.world.shoppers import Entrance
from firmware_sim.world.staff import StaffRoom
from firmware_sim.world.supplier import Supplier
from firmware_sim.world.tidying import Tidying
from firmware_sim.world.truth import TruthKind, TruthLog


class Shop:
    """A whole shop on one thread. Call `step` when `next_ms` has come or answers wait; read `shelves.changes()`.

    The opening quantities are in the truth log when it is made. Nobody acts before `open_doors`.
    """

    def __init__(self, world: WorldConfiguration, *, clock: Clock, truth: TextIO, errands: Errands) -> None:
        self.goods = Goods(world, Random(f"{world.seed}/goods"))
        self.shelves = Shelves(world, self.goods)
        self.agenda = Agenda(clock)
        self._errands = errands
        self._truth = TruthLog(truth, clock)
        self._floor = Floor(
            world=world,
            clock=clock,
            agenda=self.agenda,
            goods=self.goods,
            shelves=self.shelves,
            truth=self._truth,
            errands=errands,
            rng=Random(f"{world.seed}/people"),
            run=f"{clock.now():%Y%m%dT%H%M%S%f}",
        )
        self._entrance = Entrance(self._floor)
        self.orders = Orders(self._floor, self._entrance)
        self.open = False
        self.closed = False
        self._write_all("opening")

    @property
    def next_ms(self) -> int | None:
        """Shop time (`Clock.mono_ms`) at which something happens next; None when nothing is planned."""
        return self.agenda.next_ms

    def open_doors(self, quiet_s: float) -> None:
        """Let people in after `quiet_s` shop seconds, in which the scales can come to know their goods."""
        self.open = True
        actors = (self._entrance, StaffRoom(self._floor), Supplier(self._floor), Tidying(self._floor))
        for actor in actors:
            self._floor.later(quiet_s, actor.open)

    def step(self) -> None:
        """Do what is due."""
        self._errands.collect()
        self.agenda.run_due()
        if not self._floor.acting and not self.closed and self.shelves.at_rest:
            self.closed = True
            self._write_all("closing")

    def stop_acting(self) -> None:
        """Begin nothing new; hands that are in a shelf finish, then `closed` turns true."""
        self._floor.acting = False

    def _write_all(self, kind: TruthKind) -> None:
        for position in self._floor.world.positions:
            units = self.goods.units_at(position.position)
            self._truth.write(kind, position=position.position, sku=position.sku, change=0, quantity=units)
