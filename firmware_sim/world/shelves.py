"""What the sensors feel: goods and hands in, grams by plate and tags by zone out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from firmware_sim.faults.commanded import CommandedFault
from firmware_sim.world.configuration import PositionFacts, WorldConfiguration
from firmware_sim.world.goods import Goods


@dataclass(slots=True)
class Hand:
    """A hand in a shelf: what it presses with, spread over the plates it reached for.

    `rest_g` is what those plates carried when it came; `crosstalk` the share of its load each neighbour takes.
    """

    position: str
    shares: tuple[float, ...]
    crosstalk: float
    rest_g: Mapping[str, float]
    press_g: float = 0.0


@dataclass(frozen=True, slots=True)
class Changes:
    """What is new since the last look: a key present replaces the value of that plate or zone.

    `unplugged` names all plates whose plug is pulled, `faults` all that somebody asked for; None when nobody touched a
    plug, or asked.
    """

    loads: Mapping[str, float]
    tags: Mapping[str, list[str]]
    unplugged: frozenset[str] | None = None
    faults: tuple[CommandedFault, ...] | None = None

    def __bool__(self) -> bool:
        return bool(self.loads or self.tags or self.unplugged is not None or self.faults is not None)


@dataclass(slots=True)
class _Touched:
    plates: set[str] = field(default_factory=set)
    zones: set[str] = field(default_factory=set)
    plugs: bool = False
    faults: bool = False


class Shelves:
    """The sensed side of all shelves of a store.

    At rest a plate carries its goods, and the masses somebody has laid on it to calibrate it. While a hand is there,
    the load that moves bends the shelf: neighbouring plates take a share, which the plate itself lacks, so the sum over
    the shelf stays true.
    """

    def __init__(self, world: WorldConfiguration, goods: Goods) -> None:
        self._goods = goods
        self._positions = {position.position: position for position in world.positions}
        self._on_plate: dict[str, list[tuple[PositionFacts, int]]] = defaultdict(list)
        self._in_zone: dict[str, list[str]] = defaultdict(list)
        for position in world.positions:
            for index, plate in enumerate(position.plates):
                self._on_plate[plate].append((position, index))
            for zone in position.zones:
                self._in_zone[zone].append(position.position)
        self._neighbours = _neighbours(world)
        self._hands: list[Hand] = []
        self._touched = _Touched()
        self._unplugged: set[str] = set()
        self._laid_g: dict[str, float] = {}
        self._faults: dict[int, CommandedFault] = {}
        self.plates = tuple(plate.plate for plate in world.plates)
        self.zones = tuple(self._in_zone)

    def rest_g(self, plate: str) -> float:
        """Return the weight of the goods on a plate."""
        return sum(
            standing.unit.weight_g * standing.shares[index]
            for position, index in self._on_plate[plate]
            for standing in self._goods.standing(position.position)
        )

    def load_g(self, plate: str) -> float:
        """Return the load of a plate as it is now, in hundredths of a gram: goods, masses, hands, neighbours' share."""
        pressed_g = sum(self._hand_on(hand, plate) for hand in self._hands)
        return round(self.rest_g(plate) + self._laid_g.get(plate, 0.0) + pressed_g, 2)

    def tags_in(self, zone: str) -> list[str]:
        """Return the EPCs of the goods before an antenna, in order of their hex."""
        return sorted(
            standing.unit.epc
            for position in self._in_zone[zone]
            for standing in self._goods.standing(position)
            if standing.unit.epc
        )

    def reach(self, position: str, crosstalk: float) -> Hand:
        """Let a hand come to a position."""
        plates = self._positions[position].plates
        shares = tuple(1.0 / len(plates) for _ in plates)
        hand = Hand(position, shares, crosstalk, {plate: self.rest_g(plate) for plate in plates})
        self._hands.append(hand)
        return hand

    def press(self, hand: Hand, press_g: float) -> None:
        """Let a hand press with that weight from now on."""
        hand.press_g = press_g
        self._touch(hand.position)

    def leave(self, hand: Hand) -> None:
        """Let a hand go."""
        self._hands.remove(hand)
        self._touch(hand.position)

    def lay_mass(self, plate: str, mass_g: float) -> None:
        """Let exactly this mass lie on a plate beside its goods; 0 takes it off."""
        self._laid_g[plate] = mass_g
        self._touched.plates.add(plate)

    def unplug(self, plate: str) -> None:
        """Pull the plug of a scale: it goes on carrying goods and says nothing."""
        self._unplugged.add(plate)
        self._touched.plugs = True

    def plug_in(self, plate: str) -> None:
        """Put the plug of a scale back."""
        self._unplugged.discard(plate)
        self._touched.plugs = True

    def break_down(self, fault: CommandedFault) -> None:
        """Let a fault act until `mend`."""
        self._faults[fault.number] = fault
        self._touched.faults = True

    def mend(self, fault: CommandedFault) -> None:
        """Let a fault act no longer."""
        del self._faults[fault.number]
        self._touched.faults = True

    @property
    def faults(self) -> tuple[CommandedFault, ...]:
        """The faults somebody asked for that act now."""
        return tuple(self._faults.values())

    @property
    def unplugged(self) -> frozenset[str]:
        """The plates whose plug is pulled."""
        return frozenset(self._unplugged)

    @property
    def at_rest(self) -> bool:
        """Whether no hand is in any shelf."""
        return not self._hands

    def changes(self) -> Changes:
        """Return what changed since the last call."""
        touched, self._touched = self._touched, _Touched()
        unplugged = self.unplugged if touched.plugs else None
        faults = self.faults if touched.faults else None
        return self._look(sorted(touched.plates), sorted(touched.zones), unplugged, faults)

    def snapshot(self, plates: Iterable[str], zones: Iterable[str]) -> Changes:
        """Return the present state of those plates and zones that exist."""
        known = [plate for plate in plates if plate in self.plates]
        heard = [zone for zone in zones if zone in self.zones]
        faults = tuple(fault for fault in self.faults if fault.subject in {*known, *heard})
        return self._look(known, heard, self.unplugged & {*known}, faults)

    def _look(
        self,
        plates: Iterable[str],
        zones: Iterable[str],
        unplugged: frozenset[str] | None,
        faults: tuple[CommandedFault, ...] | None,
    ) -> Changes:
        loads = {plate: self.load_g(plate) for plate in plates}
        return Changes(loads, {zone: self.tags_in(zone) for zone in zones}, unplugged, faults)

    def _touch(self, position: str) -> None:
        facts = self._positions[position]
        self._touched.zones.update(facts.zones)
        for plate in facts.plates:
            self._touched.plates.update((plate, *self._neighbours[plate]))

    def _hand_on(self, hand: Hand, plate: str) -> float:
        """What a hand adds to a plate: its press, less what the neighbours take, plus what this one takes of others."""
        added_g = 0.0
        for index, own in enumerate(self._positions[hand.position].plates):
            press_g = hand.press_g * hand.shares[index]
            moving_g = press_g + self.rest_g(own) - hand.rest_g[own]
            if own == plate:
                added_g += press_g - moving_g * hand.crosstalk * len(self._neighbours[own])
            elif plate in self._neighbours[own]:
                added_g += moving_g * hand.crosstalk
        return added_g


def _neighbours(world: WorldConfiguration) -> dict[str, tuple[str, ...]]:
    """Return for each plate the plates to its left and right on the same shelf."""
    shelves: dict[str, list[str]] = defaultdict(list)
    for plate in world.plates:
        shelves[plate.shelf].append(plate.plate)
    return {
        plate: tuple(row[max(0, index - 1) : index] + row[index + 1 : index + 2])
        for row in shelves.values()
        for index, plate in enumerate(row)
    }
