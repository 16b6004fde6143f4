"""What a visitor may ask of the world: a command in, one answer out, and somebody in the shop does it.

`{"do": "rush_hour", "minutes": 5}`, `{"do": "sweep", "shelf": null | id}`, `{"do": "unplug_scale", "plate": null | id,
"for_s": 60}`, `{"do": "pick", "position": id, "units": n}`, `{"do": "refill", "position": id, "units": null | n}`,
`{"do": "lay_mass", "plate": id, "mass_g": grams}`, `{"do": "fault", "kind": kind, "subject": null | id, "for_s": null |
seconds, "size": null | number}` (kinds and sizes: `firmware_sim.faults.table`; null draws from its row).
Times are shop time. Null and a key left out let the world choose. Every answer has the same three keys: `ok`, `said`
(one word a program can look up) and `facts`. A command that is wrong is answered `{"ok": false, "said":
"wrong_command", "facts": {"field", "found", "expected"}}`. An answer says what was begun; the shelf shows the rest.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

from contract.errors import LiveShelfError
from firmware_sim.faults.commanded import COMMANDABLE, CommandedFault
from firmware_sim.faults.schedule import drawn
from firmware_sim.faults.table import FAULT_OF, Fault
from firmware_sim.world.floor import Floor
from firmware_sim.world.movements import Movement, armful_to_shelf
from firmware_sim.world.shoppers import Entrance, Shopper
from firmware_sim.world.sweeping import Sweeper, fullest_shelf, planned, sensed_shelves

RUSH_MINUTES = 5.0
RUSH_MINUTES_MAX = 120.0
UNPLUGGED_S = 60.0
UNPLUGGED_S_MAX = 3_600.0
FAULT_S_MAX = 86_400.0
UNITS_MAX = 1_000
MASS_G_MAX = 100_000.0
"""Heavier than anybody lays on by hand, and more than any plate bears."""

Answer = Mapping[str, object]


class WrongCommand(LiveShelfError):
    """A command names something the shop does not have, or cannot be read."""

    def __init__(self, field_name: str, found: object, expected: str) -> None:
        super().__init__(f"{field_name}: found {found!r}, expected {expected}")
        self.facts = {"field": field_name, "found": found, "expected": expected}


def obey(orders: Orders, command: object) -> Answer:
    """Do what a command asks and return the answer; a command that is wrong is an answer too."""
    try:
        return orders.obey(command)
    except WrongCommand as error:
        return {"ok": False, "said": "wrong_command", "facts": error.facts}


@dataclass(slots=True)
class Orders:
    """The people who do what commands ask."""

    floor: Floor
    entrance: Entrance
    _number: count[int] = field(default_factory=lambda: count(1), init=False)

    def obey(self, command: object) -> Answer:
        """Begin what a command asks. Raises WrongCommand naming the field, what was found and what was expected."""
        if not isinstance(command, Mapping):
            raise WrongCommand("command", command, "an object")
        deeds = {
            "rush_hour": (self._rush_hour, ("minutes",)),
            "sweep": (self._sweep, ("shelf",)),
            "unplug_scale": (self._unplug_scale, ("plate", "for_s")),
            "pick": (self._pick, ("position", "units")),
            "refill": (self._refill, ("position", "units")),
            "lay_mass": (self._lay_mass, ("plate", "mass_g")),
            "fault": (self._fault, ("kind", "subject", "for_s", "size")),
        }
        asked = command.get("do")
        if not isinstance(asked, str) or asked not in deeds:
            raise WrongCommand("do", asked, f"one of {', '.join(deeds)}")
        deed, known = deeds[asked]
        for name in command:
            if name not in ("do", *known):
                raise WrongCommand(str(name), command[name], f"only {', '.join(known)} beside do")
        if not self.floor.acting:
            raise WrongCommand("do", asked, "nothing any more: the shop is closing")
        return deed(command)

    def _rush_hour(self, command: Mapping[str, Any]) -> Answer:
        minutes = _number(command, "minutes", RUSH_MINUTES, RUSH_MINUTES_MAX)
        per_hour = self.entrance.rush(minutes * 60.0)
        return _done("rush_hour_began", minutes=minutes, shoppers_per_hour=per_hour)

    def _sweep(self, command: Mapping[str, Any]) -> Answer:
        shelves = sensed_shelves(self.floor)
        shelf = _name(command, "shelf", shelves, "a shelf with scales") or fullest_shelf(self.floor)
        plan = planned(self.floor, shelf) if shelf is not None else []
        Sweeper(self.floor, f"sweeper-{next(self._number)}", list(plan)).begin()
        said, units = "sweep_began" if plan else "nothing_there", sum(units for _, units in plan)
        return _done(said, shelf=shelf, positions=dict(plan), units=units)

    def _unplug_scale(self, command: Mapping[str, Any]) -> Answer:
        carrying = {plate for position in self.floor.world.positions for plate in position.plates}
        plugged = sorted(carrying - self.floor.shelves.unplugged)
        for_s = _number(command, "for_s", UNPLUGGED_S, UNPLUGGED_S_MAX)
        plate = _name(command, "plate", plugged, "a plate that carries goods and is plugged in")
        if plate is None:
            if not plugged:
                raise WrongCommand("plate", None, "a shop with a scale that is plugged in")
            plate = self.floor.rng.choice(plugged)
        self.floor.shelves.unplug(plate)
        # Also when the shop closes before: whoever counts afterwards finds every scale as it was.
        self.floor.agenda.after(for_s, lambda: self.floor.shelves.plug_in(plate))
        positions = [position.position for position in self.floor.world.positions if plate in position.plates]
        return _done("scale_unplugged", plate=plate, for_s=for_s, positions=positions)

    def _pick(self, command: Mapping[str, Any]) -> Answer:
        position, asked = self._position(command), _units(command, 1)
        units = min(asked, self.floor.goods.units_at(position))
        if units:
            Shopper(self.floor, self.entrance.new_name(), []).pick_now(position, units)
        return _done("pick_began" if units else "nothing_there", position=position, units=units)

    def _refill(self, command: Mapping[str, Any]) -> Answer:
        position = self._position(command)
        sku, room = self.floor.positions[position].sku, self.floor.goods.room_at(position)
        asked = min(room, _units(command, room))
        hand = _StaffHand(self.floor, f"hand-{next(self._number)}", position)
        units = hand.fetch(asked)
        said = "refill_began" if units else "backroom_empty" if asked else "shelf_full"
        left = self.floor.goods.backroom_units(sku)
        return _done(said, position=position, units=units, backroom=left)

    def _lay_mass(self, command: Mapping[str, Any]) -> Answer:
        plate = _name(command, "plate", self.floor.shelves.plates, "a plate of the shop")
        if plate is None:
            raise WrongCommand("plate", None, "a plate of the shop")
        mass_g = _mass(command)
        self.floor.shelves.lay_mass(plate, mass_g)
        return _done("mass_laid", plate=plate, mass_g=mass_g)

    def _fault(self, command: Mapping[str, Any]) -> Answer:
        kind = command.get("kind")
        if not isinstance(kind, str) or kind not in COMMANDABLE:
            raise WrongCommand("kind", kind, f"one of {', '.join(COMMANDABLE)}")
        fault = FAULT_OF[kind]
        shelves = self.floor.shelves
        at_scales = fault.subject in {"plate", "bay"}
        subjects, expected = (shelves.plates, "a plate") if at_scales else (shelves.zones, "a zone")
        subject = _name(command, "subject", subjects, f"{expected} of the shop")
        if subject is None:
            if not subjects:
                raise WrongCommand("subject", None, f"a shop with {expected}")
            subject = self.floor.rng.choice(subjects)
        begun = _commanded(command, fault, subject, self.floor.rng)
        shelves.break_down(begun)
        # As with a plug: also when the shop closes before.
        self.floor.agenda.after(begun.for_s, lambda: shelves.mend(begun))
        return _done("fault_began", kind=begun.kind, subject=subject, for_s=begun.for_s, size=begun.size)

    def _position(self, command: Mapping[str, Any]) -> str:
        position = _name(command, "position", self.floor.positions, "a position of the shop")
        if position is None:
            raise WrongCommand("position", None, "a position of the shop")
        return position


@dataclass(slots=True)
class _StaffHand:
    """Somebody who brings goods from the backroom to a shelf because they were told to, waiting for nobody."""

    floor: Floor
    name: str
    position: str
    _placed: int = field(default=0, init=False)

    def fetch(self, units: int) -> int:
        """Take up to so many units from the backroom and set off; return how many there were."""
        fetched = self.floor.goods.fetch(self._sku, units, self.name)
        if fetched:
            self.floor.reach(self.position, self._armful, self._place, self._off, patient=False)
        return fetched

    @property
    def _sku(self) -> str:
        return self.floor.positions[self.position].sku

    def _armful(self) -> Movement:
        units = min(len(self.floor.goods.carried(self.name)), self.floor.goods.room_at(self.position))
        return armful_to_shelf(self.floor.rng, units, self.floor.mean_g[self._sku]) if units else ()

    def _place(self) -> None:
        self._placed += self.floor.goods.place(self.position, self._sku, self.name) is not None

    def _off(self) -> None:
        if self._placed:
            self.floor.record("refill", self.position, self._sku, self._placed)
        self.floor.goods.bring_back(self.name)


def _done(said: str, **facts: object) -> Answer:
    return {"ok": True, "said": said, "facts": facts}


def _number(command: Mapping[str, Any], name: str, default: float, highest: float) -> float:
    found = command.get(name)
    if found is None:
        return default
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0.0 < found <= highest:
        raise WrongCommand(name, found, f"a number above 0, at most {highest:g}")
    return float(found)


def _commanded(command: Mapping[str, Any], fault: Fault, subject: str, rng: Random) -> CommandedFault:
    """Return the fault a command asks for; what it leaves open is drawn from the row."""
    episode = drawn(fault, subject, 0.0, rng)
    return CommandedFault(
        number=episode.number,
        kind=fault.kind,
        subject=subject,
        for_s=_number(command, "for_s", episode.end_ms / 1000.0, FAULT_S_MAX),
        size=_size(command, fault, episode.size),
    )


def _size(command: Mapping[str, Any], fault: Fault, default: float) -> float:
    found, size = command.get("size"), fault.size
    if found is None:
        return default
    if size is None:
        raise WrongCommand("size", found, f"none: {fault.kind} has no size")
    sign = ", or less than 0" if size.signed else ""
    number = not isinstance(found, bool) and isinstance(found, int | float)
    if not number or not size.low <= (abs(found) if size.signed else found) <= size.high:
        raise WrongCommand("size", found, f"{size.low:g} to {size.high:g} {size.unit}{sign}")
    return float(found)


def _mass(command: Mapping[str, Any]) -> float:
    found = command.get("mass_g")
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0.0 <= found <= MASS_G_MAX:
        raise WrongCommand("mass_g", found, f"grams, 0 or more, at most {MASS_G_MAX:g}")
    return float(found)


def _units(command: Mapping[str, Any], default: int) -> int:
    found = command.get("units")
    if found is None:
        return default
    if isinstance(found, bool) or not isinstance(found, int) or not 1 <= found <= UNITS_MAX:
        raise WrongCommand("units", found, f"a whole number from 1 to {UNITS_MAX}")
    return found


def _name(command: Mapping[str, Any], name: str, known: Container[str], expected: str) -> str | None:
    found = command.get(name)
    if found is not None and (not isinstance(found, str) or found not in known):
        raise WrongCommand(name, found, expected)
    return found
