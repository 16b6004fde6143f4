"""The story of fitting a bay at a terminal: pick a plate, press it, lay two masses on, accept; the agent measures.

Nothing is half done: a plate weighs by its old line until a new one is accepted, and whoever leaves leaves it so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from contract.errors import LiveShelfError
from liveshelf.fitting.agent_link import Link, Refused, facts_of
from liveshelf.fitting.grams import grams_of, said
from liveshelf.fitting.sheet_text import save, sheet_lines
from liveshelf.fitting.terminal import Terminal
from liveshelf.fitting.wiring import pressed
from liveshelf.fitting.words import REMARKS, SWAPPED, advice

MASS_SHARE = 0.2
"""The mass proposed, as a share of the plate's capacity: 2 kg of 10 kg, which a case of tools holds."""

LOOKS_MAX = 30
"""So many looks, a second each, somebody has to press a plate."""

LEAVE = "q"

Plate = Mapping[str, Any]
"""A plate as `calibration_overview` tells of it."""


class Left(LiveShelfError):
    """Somebody does not want to go on with a plate."""


class Setup:
    """A person who fits plates: `by` is the name the sheets bear, `sheets` the folder they are kept in."""

    def __init__(self, link: Link, terminal: Terminal, *, by: str, sheets: Path, cell_replaced: bool = False) -> None:
        self._link = link
        self._terminal = terminal
        self._by = by
        self._sheets = sheets
        self._reason = "cell_replaced" if cell_replaced else ""
        self._masses: dict[str, float] = {}

    def run(self, only: str | None = None) -> None:
        """Fit plates until somebody leaves, or `only` one. Raises KeyboardInterrupt when it is broken off."""
        while True:
            plates: Sequence[Plate] = facts_of(self._link, "calibration_overview")["plates"]
            plate = self._named(plates, only) if only else self._choose(plates)
            if plate is None:
                return
            try:
                self._fit(plate)
            except Left:
                self._abandon(plate["plate"])
            except Refused as refusal:
                self._explain(refusal)
                self._abandon(plate["plate"])
            except (KeyboardInterrupt, EOFError):
                self._abandon(plate["plate"])
                raise
            if only:
                return

    def _choose(self, plates: Sequence[Plate]) -> Plate | None:
        self._terminal.say()
        for number, plate in enumerate(plates, 1):
            self._terminal.say(f"{number:>3}  {line_of(plate)}", "green" if plate["passed"] else "")
        undone = [plate["plate"] for plate in plates if not plate["passed"]]
        default = undone[0] if undone else LEAVE
        while True:
            answer = self._terminal.ask(f"Which plate? Its number or name, {LEAVE} to leave", default)
            if answer.lower() == LEAVE:
                return None
            for number, plate in enumerate(plates, 1):
                if answer in {str(number), plate["plate"]}:
                    return plate
            self._terminal.say(f"There is no plate {answer!r}.", "yellow")

    def _named(self, plates: Sequence[Plate], name: str) -> Plate:
        for plate in plates:
            if plate["plate"] == name:
                return plate
        known = ", ".join(plate["plate"] for plate in plates)
        raise LiveShelfError(f"plate: found {name!r}, expected one of {known}")

    def _fit(self, plate: Plate) -> None:
        name = plate["plate"]
        self._terminal.say(f"\nPlate {name}, shelf {plate['shelf']}, up to {said(plate['capacity_g'])}", "bold cyan")
        self._check_wiring(name)
        while not self._calibrated(plate):
            self._terminal.say("Then once more from the beginning.")
        self._learn_unit(name)

    def _check_wiring(self, name: str) -> None:
        """Wait until the plate moves; whoever is sure of its cables goes on without."""
        while True:
            moved = self._pressed(name)
            if moved == name:
                self._terminal.say("It answers. Let go of it.", "green")
                return
            self._terminal.say(SWAPPED if moved else "Nothing moved.", "yellow")
            if moved is None:
                self._advise("no_change")
            if self._answer("Enter to try again, s to go on without", "again").lower() == "s":
                return

    def _pressed(self, name: str) -> str | None:
        """Return the plate that moved, None when none did in time."""
        plates = [plate["plate"] for plate in facts_of(self._link, "calibration_overview")["plates"]]
        with self._terminal.waiting(f"Press on {name} with your hand.") as tell:
            before = facts_of(self._link, "weigh", plates=plates)["plates"]
            for _ in range(LOOKS_MAX):
                if before[name]["count"] is None:
                    self._advise("no_samples")
                    return None
                now = facts_of(self._link, "weigh", plates=plates)["plates"]
                moved = pressed(before, now)
                if moved is not None:
                    return moved
                tell(f"waiting … it reads {before[name]['count']:.0f} counts")
                before = {plate: one if before[plate]["count"] is None else before[plate] for plate, one in now.items()}
        return None

    def _calibrated(self, plate: Plate) -> bool:
        """Measure and accept; return False when somebody wants to measure again."""
        name = plate["plate"]
        self._begin(plate)
        self._measure(plate, "calibration_mass", "A known mass: its weight", MASS_SHARE * plate["capacity_g"])
        other_g = self._masses["calibration_mass"] / 2
        question = "Another mass, to check: its weight"
        found = self._measure(plate, "calibration_check", question, other_g, "Take the first one off, and lay")
        passed = found["passed"]
        off = f"{found['measured_g']:.1f} g: off by {found['error_g']:+.1f} g, allowed {found['limit_g']:.1f} g"
        self._terminal.say(off, "green" if passed else "red")
        if not passed:
            self._terminal.say(f"Not passed: {REMARKS['check_failed']}.", "red")
        answer = self._answer("Take the mass off. Accept, y or n", "y" if passed else "n")
        if not answer.lower().startswith("y"):
            return False
        self._keep(facts_of(self._link, "calibration_accept", plate=name, by=self._by)["sheet"])
        return True

    def _begin(self, plate: Plate) -> None:
        known = plate["reason"] not in {None, "file"}
        reason = self._reason or ("recheck" if known else "new")
        while True:
            goods_g = self._weight("What stands on it? Its weight, 0 for nothing", 0.0)
            try:
                with self._terminal.waiting("Hands off: the plate is measured as it is."):
                    facts_of(self._link, "calibration_begin", plate=plate["plate"], goods_g=goods_g, reason=reason)
            except Refused as refusal:
                self._explain(refusal)
            else:
                return

    def _measure(self, plate: Plate, op: str, question: str, proposed_g: float, lay: str = "Lay") -> Mapping[str, Any]:
        """Ask for a mass and wait until it lies on the plate; return what the agent found."""
        while True:
            mass_g = self._weight(question, self._masses.get(op, proposed_g))
            try:
                with self._terminal.waiting(f"{lay} {said(mass_g)} on {plate['plate']}, and take your hands off."):
                    found = facts_of(self._link, op, plate=plate["plate"], mass_g=mass_g)
            except Refused as refusal:
                self._explain(refusal)
                if refusal.code in {"no_session", "ended"}:
                    raise Left(str(refusal)) from refusal
            else:
                self._masses[op] = mass_g
                return found

    def _learn_unit(self, name: str) -> None:
        """Learn what a unit of the product weighs, if somebody has some at hand."""
        while True:
            answer = self._answer("Learn what one unit weighs: how many will you put on? 0 for not now", "0")
            if not answer.isdigit():
                self._terminal.say(f"{answer!r} is no number of units.", "yellow")
            elif int(answer) == 0 or self._learned(name, int(answer)):
                return

    def _learned(self, name: str, units: int) -> bool:
        """Weigh some units and one more; return False when they have to be counted again."""
        try:
            with self._terminal.waiting("Hands off: the plate is weighed as it is."):
                facts_of(self._link, "unit_weight_begin", plates=[name])
            with self._terminal.waiting(f"Put {units} units on {name}."):
                facts_of(self._link, "unit_weight_add", units=units)
            with self._terminal.waiting("And one more."):
                facts_of(self._link, "unit_weight_add", units=1)
            found = facts_of(self._link, "unit_weight_end")
        except Refused as refusal:
            self._explain(refusal)
            return False
        weighs = f"One unit weighs {found['unit_weight_g']:.1f} g, known to {found['uncertainty_g']:.1f} g."
        if not found["consistent"]:
            self._terminal.say(f"{weighs} But {units} and 1 do not fit together: take them off and count again.", "red")
            return False
        self._terminal.say(f"{weighs} Write it into the catalogue, or on the page of the product.", "green")
        return True

    def _keep(self, sheet: Mapping[str, Any]) -> None:
        self._terminal.say()
        for line in sheet_lines(sheet):
            self._terminal.say(line)
        try:
            self._terminal.say(f"\nkept as {save(sheet, self._sheets)}", "dim")
        except OSError as error:
            self._terminal.say(f"\nnot written to {self._sheets}: {error.strerror}; the device keeps it", "yellow")

    def _weight(self, question: str, default_g: float) -> float:
        while True:
            answer = self._answer(question, said(default_g))
            weight_g = grams_of(answer)
            if weight_g is not None:
                return weight_g
            self._terminal.say(f"{answer!r} is no weight: write it as 500, 500 g or 2 kg.", "yellow")

    def _answer(self, question: str, default: str) -> str:
        answer = self._terminal.ask(question, default)
        if answer.lower() == LEAVE:
            raise Left("left")
        return answer

    def _explain(self, refusal: Refused) -> None:
        self._advise(refusal.code, str(refusal))

    def _advise(self, code: str, detail: str = "") -> None:
        found, todo = advice(code, detail)
        self._terminal.say(f"{found} {todo}", "yellow")

    def _abandon(self, name: str) -> None:
        result = self._link.tell("calibration_abandon", plate=name)
        if result.ok:
            self._terminal.say(f"\nLeft. {result.detail}.", "yellow")


def line_of(plate: Plate) -> str:
    """Return how a plate is, in one line."""
    name, capacity = f"{plate['plate']:<20}", f"{said(plate['capacity_g']):>8}"
    if plate["reason"] in {None, "file"}:
        return f"{name} {capacity}  not calibrated here yet"
    state = "passed" if plate["passed"] else f"not passed ({', '.join(plate['remarks'])})"
    return f"{name} {capacity}  version {plate['calibration_version']}, {state}, by {plate['calibrated_by']}"
