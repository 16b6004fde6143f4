"""Every fault of the table strikes a simulated bay in the hands of a real agent; the bay is itself again afterwards.

Time is moved by hand. What happens to the programs themselves, clock, power and disk, is held by the tests named in
`HELD_ELSEWHERE`, which use the real operating system.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from contract.clock import ManualClock
from contract.ids import Epc, PlateId, ZoneId
from contract.records import HealthRecord, Record, TagRecord, WeightRecord
from edge.agent import Bay
from edge.handover import Handover
from edge.outbox.gaps import Loss
from edge.settings import AgentSettings, PlateSettings, ZoneSettings
from firmware_sim.bay import SimulatedBay
from firmware_sim.bay_options import BayOptions
from firmware_sim.faults.commanded import COMMANDABLE, CommandedFault
from firmware_sim.faults.table import FAULT_OF, FAULTS, FaultKind
from firmware_sim.load_cell import cell_for
from firmware_sim.world_link import WorldChange

SEED = 11
PLATES = (PlateId("b1-s1-l1"), PlateId("b1-s1-l2"))
STRUCK, OTHER = PLATES
ZONES = (ZoneId("b1-s1-z1"), ZoneId("b1-s1-z2"))
COATS = tuple(Epc(f"3034257BF7194E40000000{number:02X}") for number in range(12))
LOAD_G = 1_000.0
PICKED_G = 300.0

HELD_ELSEWHERE: dict[FaultKind, tuple[str, str]] = {
    "clock_back": ("test_clock_steps", "test_a_step_of_the_clock_doubles_nothing_and_keeps_the_order"),
    "clock_ahead": ("test_clock_steps", "test_a_step_of_the_clock_doubles_nothing_and_keeps_the_order"),
    "power_cut": ("test_power_cuts", "test_no_power_cut_costs_a_record_that_was_durable"),
    "disk_full": ("test_disk_away", "test_an_agent_on_a_full_disk_goes_on_when_there_is_room_again"),
    "disk_read_only": ("test_disk_away", "test_a_disk_gone_read_only_is_named_and_nothing_is_lost_when_it_is_back"),
    "disk_errors": ("test_disk_away", "test_an_agent_goes_on_after_a_disk_refused_for_seconds"),
}


@dataclass(frozen=True)
class Due:
    """What a fault is to show: how big it is and how long, the verdicts and reject reasons one of which it makes, and
    whether grams move while it lasts, so that steps are due. Within `back_s` after it the bay is itself again.
    """

    size: float = 0.0
    for_s: float = 30.0
    verdicts: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    moves: bool = False
    back_s: float = 60.0


DUE: dict[FaultKind, Due] = {
    "spikes": Due(size=500.0),
    "flipped_bits": Due(size=0.05, moves=True),
    "shifted_bits": Due(size=0.05, reasons=frozenset({"not_released", "settling"}), moves=True),
    "lost_bits": Due(size=0.05, reasons=frozenset({"all_ones", "lost_bits", "saturated"})),
    "long_pulses": Due(size=100.0, reasons=frozenset({"long_pulse", "power_down"})),
    "unplugged": Due(verdicts=frozenset({"unplugged"}), reasons=frozenset({"unready", "settling"})),
    "stuck_line": Due(reasons=frozenset({"not_released"}), verdicts=frozenset({"unplugged"})),
    "temperature_cycle": Due(size=10.0, for_s=900.0),
    "creep": Due(size=0.04, for_s=1_200.0),
    "dead_plate": Due(verdicts=frozenset({"stuck"}), back_s=210.0),  # its quiet spread is learned anew in three minutes
    "negative_plate": Due(size=500.0, verdicts=frozenset({"negative"}), moves=True),
    "overload": Due(size=5.0, verdicts=frozenset({"saturated"}), reasons=frozenset({"saturated"}), moves=True),
    "vibration_bout": Due(size=12.0),
    "bumped_shelf": Due(size=1_000.0, for_s=3.0),
    "sticky_misses": Due(size=0.34, for_s=20.0),
    "stray_tags": Due(size=0.4),
    "reader_away": Due(),
}


class ShopShelf:
    """A shelf of two plates and two antennas, wires simulated bit by bit, and the bay of an agent that reads them."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self._pulse_ns = 0
        options = BayOptions(socket=Path("unused"), seed=SEED)
        self.wires = SimulatedBay(
            device="bay-1",
            plates=PLATES,
            zones=ZONES,
            options=options,
            clock=self.clock,
            wall_ns=lambda: self._pulse_ns,
            stall=self._stall,
        )
        self.handover = Handover()
        self.bay = Bay(_settings(), self.wires, self.clock, self.handover, wall_ns=lambda: self._pulse_ns)
        self.wires.show(WorldChange(dict.fromkeys(PLATES, LOAD_G), {ZONES[0]: COATS[:6], ZONES[1]: COATS[6:]}))
        self._number = 0

    def _stall(self, duration_us: float) -> None:
        self._pulse_ns += round(duration_us * 1000.0)

    def run(self, seconds: float) -> list[Record]:
        """Let the bay look as often as it wants, and return what it handed over."""
        records: list[Record] = []
        end_ms = self.clock.mono_ms() + seconds * 1000.0
        while self.clock.mono_ms() < end_ms:
            self.clock.advance(self.bay.poll_s)
            self.bay.look()
            records += [record for record in self.handover.take(0.0) if not isinstance(record, Loss)]
        return records

    def strike(self, kind: FaultKind, due: Due) -> list[Record]:
        """Let a fault act for as long as it is to, then no longer."""
        self._number += 1
        subject = STRUCK if FAULT_OF[kind].subject in {"plate", "bay"} else ZONES[0]
        fault = CommandedFault(number=self._number, kind=kind, subject=subject, for_s=due.for_s, size=due.size)
        self.wires.change(WorldChange({}, {}, faults=(fault,)))
        records = self.run(due.for_s)
        self.wires.change(WorldChange({}, {}, faults=()))
        return records


def _settings() -> AgentSettings:
    cells = {plate: cell_for(SEED, plate) for plate in PLATES}
    return AgentSettings(
        store="corner-shop",
        device="bay-1",
        hardware="tests.nowhere:open_bay",
        data_dir="unused",
        broker="mqtt://127.0.0.1:1883",
        health_s=10.0,
        plates=tuple(
            PlateSettings(
                plate=plate, bay="b1", shelf="b1-s1", zero_count=round(cell.zero_count), counts_per_g=cell.counts_per_g
            )
            for plate, cell in cells.items()
        ),
        zones=tuple(ZoneSettings(zone=zone, bay="b1", shelf="b1-s1") for zone in ZONES),
    )


def steps(records: Sequence[Record]) -> list[WeightRecord]:
    """Return the steps of more than a gram or two of noise and drift that were told."""
    return [
        record
        for record in records
        if isinstance(record, WeightRecord)
        and record.kind == "step"
        and record.before_g is not None
        and abs(record.weight_g - record.before_g) > 5.0
    ]


@pytest.mark.parametrize("kind", DUE)
def test_a_bay_is_itself_again_after_a_fault_and_all_it_cost_is_counted(kind: FaultKind) -> None:
    due, shelf = DUE[kind], ShopShelf()
    shelf.run(30.0)
    during = shelf.strike(kind, due)
    after = shelf.run(due.back_s)
    health = [record for record in (*during, *after) if isinstance(record, HealthRecord)]
    struck = [record for record in health if record.subject == f"plate:{STRUCK}"]
    reasons: Counter[str] = Counter()
    for record in struck:
        reasons.update(record.rejected)
    if due.verdicts:
        assert {record.verdict for record in struck} & due.verdicts
    if due.reasons:
        assert set(reasons) & due.reasons
    if not due.moves:
        assert steps([*during, *after]) == [], "nobody moved goods"
    _weighs_and_hears(shelf)


def _weighs_and_hears(shelf: ShopShelf) -> None:
    assert {shelf.bay.quality(plate) for plate in PLATES} == {"ok"}
    assert not shelf.bay.away
    shelf.wires.change(WorldChange({STRUCK: LOAD_G - PICKED_G}, {}))
    records = shelf.run(6.0)
    [step] = steps(records)
    assert step.plate == STRUCK
    assert step.before_g is not None
    assert step.weight_g - step.before_g == pytest.approx(-PICKED_G, abs=3.0)
    assert step.weight_g == pytest.approx(LOAD_G - PICKED_G, abs=45.0), "no goods were tared away"


def test_no_tag_departs_while_its_reader_is_away() -> None:
    shelf = ShopShelf()
    shelf.run(60.0)
    records = [*shelf.strike("reader_away", Due(for_s=120.0)), *shelf.run(30.0)]
    assert not [record for record in records if isinstance(record, TagRecord) and record.kind == "departed"]
    assert "away" in {record.verdict for record in records if isinstance(record, HealthRecord)}


@pytest.mark.parametrize("kind", HELD_ELSEWHERE)
def test_a_fault_of_the_programs_has_its_test_with_the_operating_system(kind: FaultKind) -> None:
    module, name = HELD_ELSEWHERE[kind]
    assert callable(getattr(importlib.import_module(f"tests.integration.edge.outbox.{module}"), name))


def test_no_row_of_the_table_is_without_a_test_of_its_recovery() -> None:
    assert set(DUE) == set(COMMANDABLE)
    assert set(DUE) | set(HELD_ELSEWHERE) == {fault.kind for fault in FAULTS}
