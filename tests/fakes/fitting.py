"""A bay being fitted: simulated cells on simulated wires, a real agent's bay and desk, and hands that lay things on.

Time is moved by hand. Nothing of the calibration is told to the agent: the lines of its settings are wild.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from contract.clock import ManualClock
from contract.codec import encode
from contract.hardware import LoadCellLine
from contract.ids import PlateId
from contract.records import BirthPlate, Command, CommandResult, Record
from edge.agent import Bay
from edge.calibrating.book import CalibrationBook
from edge.calibrating.sheet import Sheet
from edge.commanding.desk import Desk
from edge.commanding.operations import agent_operations
from edge.handover import Handover
from edge.lighting.lights import Lights
from edge.outbox.gaps import Loss
from edge.settings import AgentSettings, PlateSettings
from firmware_sim.hx711 import SimulatedLine
from firmware_sim.load_cell import LoadCell, cell_for
from firmware_sim.plate import LoadedPlate
from firmware_sim.vibration import Vibration

SEED = 7
LEFT, RIGHT = PlateId("b1-s1-l1"), PlateId("b1-s1-l2")
CAPACITY_G = 10_000.0

Hand = Callable[[float], float]
"""Grams a hand presses with, by shop milliseconds."""


class KeptInMemory:
    """Sheets that survive the agent as long as the test runs. `full` is a disk that takes nothing."""

    def __init__(self) -> None:
        self.sheets: list[Sheet] = []
        self.damage: str | None = None
        self.lost = 0
        self.full = False

    def append(self, sheets: Sequence[Sheet]) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        self.sheets.extend(sheets)


class Fitting:
    """Implements `BayHardware` for its own agent. `cells` may be given for cells that are special."""

    board = None
    readers = ()

    def __init__(
        self,
        cells: Mapping[PlateId, LoadCell] | None = None,
        *,
        rate_sps: float = 10.0,
        vibration: float = 1.0,
        kept: KeptInMemory | None = None,
        lines: Mapping[PlateId, tuple[float, float, int]] | None = None,
        store: str = "corner-shop",
    ) -> None:
        self.clock = ManualClock(elapsed_ms=1_000)
        self.cells = dict(cells or {plate: cell_for(SEED, plate, CAPACITY_G) for plate in (LEFT, RIGHT)})
        shaking = Vibration(SEED, "bay-1", scale=vibration)
        self.loads_g = dict.fromkeys(self.cells, 0.0)
        self.hands: dict[PlateId, Hand] = {}
        self.kept = kept or KeptInMemory()
        self.births: list[list[BirthPlate]] = []
        self.records: list[Record] = []
        self.journal = ""
        self._dead: set[PlateId] = set()
        self._plates = {
            plate: LoadedPlate(cell, seed=SEED, vibration=shaking, rate_sps=rate_sps)
            for plate, cell in self.cells.items()
        }
        self._step_s = 0.5 / rate_sps
        self._ids = itertools.count()
        self._rate_sps = rate_sps
        self.settings = self._settings_of(lines or {}, store)
        self._chips = {
            plate: SimulatedLine(self._signal(plate), self.clock, rate_sps=rate_sps, wall_ns=lambda: 0)
            for plate in self.cells
        }
        for chip in self._chips.values():
            chip.start()
        for plate in self.cells:
            self.lay(plate, 0.0)
        self.start()

    @property
    def lines(self) -> Mapping[PlateId, LoadCellLine]:
        return self._chips

    def close(self) -> None:
        """Nothing to let go of."""

    def start(self) -> None:
        """Let an agent begin, as after a power cut: what it knew and did not keep is gone."""
        self.book = CalibrationBook(self.kept, self.settings.plates, self.clock.now())
        self.handover = Handover()
        settings = self.book.applied(self.settings)
        self.bay = Bay(settings, self, self.clock, self.handover, wall_ns=lambda: 0, anew=self.book.changed)
        lights = Lights([], off_after_s=60.0)
        self.desk = Desk(agent_operations(settings, self.bay, self, book=self.book, clock=self.clock, lights=lights))

    def tell_plates(self, plates: list[BirthPlate]) -> None:
        """Take a birth, as the delivery does."""
        self.births.append(plates)

    def lay(self, plate: PlateId, load_g: float) -> None:
        """Let so many grams lie on a plate from now on."""
        self.loads_g[plate] = load_g
        self._plates[plate].place(load_g, self.clock.mono_ms())

    def pull_plug(self, plate: PlateId) -> None:
        self._chips[plate].unplug()

    def put_plug_back(self, plate: PlateId) -> None:
        self._chips[plate].plug_in()

    def cut_the_cell_off(self, plate: PlateId) -> None:
        """Leave a converter with nothing at its input, not even noise."""
        self._dead.add(plate)

    def replace_cell(self, plate: PlateId, cell: LoadCell) -> None:
        """Put another cell under a plate."""
        self.cells[plate] = cell
        shaking = Vibration(SEED, "bay-1")
        self._plates[plate] = LoadedPlate(cell, seed=SEED, vibration=shaking, rate_sps=self._rate_sps)
        self.lay(plate, self.loads_g[plate])

    def run(self, seconds: float) -> list[Record]:
        """Let time pass; return the records that came to be."""
        begin = len(self.records)
        until_ms = self.clock.mono_ms() + round(seconds * 1000)
        while self.clock.mono_ms() < until_ms:
            self._look()
        return self.records[begin:]

    def ask(self, op: str, **args: Any) -> Asked:
        """Ask something, and let no time pass yet."""
        asked = Asked(self, op, f"c-{next(self._ids)}", self.clock.mono_ms())
        self.desk.ask(encode(Command(id=asked.id, op=op, args=args)), asked.answers.append)
        self._look()
        return asked

    def tell(self, op: str, **args: Any) -> CommandResult:
        """Ask something and wait for the answer."""
        return self.ask(op, **args).answer()

    def facts(self, op: str, **args: Any) -> dict[str, Any]:
        """Ask something that has to be done, and return its facts."""
        result = self.tell(op, **args)
        assert result.ok, result
        return result.facts

    def calibrate(
        self, plate: PlateId, mass_g: float = 2_000.0, check_g: float = 1_000.0, **begin: Any
    ) -> dict[str, Any]:
        """Calibrate a plate as the how-to says, and return the sheet."""
        below_g = self.loads_g[plate]
        self.facts("calibration_begin", plate=plate, **begin)
        for op, on_g in (("calibration_mass", mass_g), ("calibration_check", check_g)):
            asked = self.ask(op, plate=plate, mass_g=on_g)
            self.run(1.0)
            self.lay(plate, below_g + on_g)
            assert asked.answer().ok, asked.answer()
        self.lay(plate, below_g)
        sheet: dict[str, Any] = self.facts("calibration_accept", plate=plate, by="Ada")["sheet"]
        return sheet

    def weigh(self, plate: PlateId) -> float:
        """Return what the agent weighs on a plate now."""
        weight_g: float = self.facts("weigh", plate=plate)["plates"][plate]["weight_g"]
        return weight_g

    def _look(self) -> None:
        self.clock.advance(self._step_s)
        self.bay.look()
        self.desk.work(self.clock.mono_ms())
        self.records += [record for record in self.handover.take(0.0) if not isinstance(record, Loss)]

    def _signal(self, plate: PlateId) -> Callable[[float], float]:
        def signal(at_ms: float) -> float:
            count = self._plates[plate].signal(at_ms)
            hand = self.hands.get(plate)
            if plate in self._dead:
                return 12_345.0
            return count if hand is None else count + hand(at_ms) * self.cells[plate].counts_per_g

        return signal

    def _settings_of(self, lines: Mapping[PlateId, tuple[float, float, int]], store: str) -> AgentSettings:
        plates = []
        for plate in self.cells:
            zero_count, counts_per_g, version = lines.get(plate, (0.0, 1.0, 1))
            plates.append(
                PlateSettings(
                    plate=plate,
                    bay="b1",
                    shelf="b1-s1",
                    zero_count=zero_count,
                    counts_per_g=counts_per_g,
                    calibration_version=version,
                    capacity_g=CAPACITY_G,
                    rate_sps=self._rate_sps,
                )
            )
        return AgentSettings(
            store=store,
            device="bay-1",
            hardware="tests.nowhere:open_bay",
            data_dir="unused",
            broker="mqtt://127.0.0.1:1883",
            plates=tuple(plates),
        )


class Asked:
    """A question and, later, its answer."""

    def __init__(self, fitting: Fitting, op: str, id_: str, at_ms: int) -> None:
        self.op = op
        self.id = id_
        self.at_ms = at_ms
        self.answers: list[CommandResult] = []
        self._fitting = fitting

    def answer(self) -> CommandResult:
        """Let time pass until the answer is there."""
        until_ms = self.at_ms + 70_000
        while not self.answers:
            assert self._fitting.clock.mono_ms() < until_ms, f"{self.op}: no answer in time"
            self._fitting._look()
        [answer] = self.answers
        return answer


def special(plate: PlateId, **changes: float) -> LoadCell:
    """Return a cell that differs from that of the seed."""
    return replace(cell_for(SEED, plate, CAPACITY_G), **changes)  # type: ignore[arg-type] # a plate keeps its name
