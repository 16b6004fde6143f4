"""Whatever goes wrong with a simulated bay, row by row of the fault table: the agent notices, and gets over it alone.

A real agent's bay (drivers, weighing, presence) on simulated wires; time is moved by hand. Each fault acts at the wire
or on the plate for a while and ends; then weights and tags must be what they truly are, and nobody may have bought.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec import to_builtins

from contract.clock import ManualClock
from contract.ids import PlateId, ZoneId
from contract.records import HealthRecord, Record, TagRecord, WeightRecord
from edge.agent import Bay
from edge.driver_settings import DriverSettings, GpioDriver, Nau7802Driver, SpiDriver
from edge.handover import Handover
from edge.outbox.gaps import Loss
from edge.settings import AgentSettings, PlateSettings, ZoneSettings
from firmware_sim.bay import SimulatedBay
from firmware_sim.bay_options import BayOptions
from firmware_sim.faults.commanded import COMMANDABLE, CommandedFault
from firmware_sim.faults.table import FAULT_OF, FaultKind
from firmware_sim.load_cell import CAPACITY_G_DEFAULT, cell_for
from firmware_sim.world_link import WorldChange

ROOT = Path(__file__).parents[3]
SEED = 11
SOUND, STRUCK = PlateId("b1-s1-l1"), PlateId("b1-s1-l2")
RAIL, FITTING = ZoneId("z1"), ZoneId("z2")
LOADS_G = {SOUND: 2_600.0, STRUCK: 3_100.0}
SHIRTS = tuple(f"3036450E24001040000007{number:02X}" for number in range(24))
PICKED_G = 330.0
TOLERANCE_G = 8.0
"""What the cells of the simulation drift and creep by in the minutes of a test: less than a thousandth of capacity."""

DURATIONS_S: Mapping[FaultKind, float] = {"temperature_cycle": 240.0, "creep": 120.0, "sticky_misses": 90.0}
"""Shop seconds a fault acts here where twenty show too little of it; the others of the table last as long or longer."""

CALM_S: Mapping[FaultKind, float] = {"creep": 2_400.0}
"""Shop seconds until all is as it was, where a minute is not enough: what crept comes back as slowly."""

AT_HOME = "no false step, and what it was afterwards"
TOLD: Mapping[FaultKind, str] = {
    "flipped_bits": AT_HOME, "shifted_bits": "rejected", "lost_bits": "rejected", "long_pulses": "rejected",
    "unplugged": "unplugged", "stuck_line": "unplugged", "dead_plate": "stuck", "negative_plate": "negative",
    "overload": "saturated", "reader_away": "away", "vibration_bout": AT_HOME, "bumped_shelf": AT_HOME,
    "spikes": AT_HOME, "temperature_cycle": AT_HOME, "creep": AT_HOME, "sticky_misses": AT_HOME,
    "stray_tags": AT_HOME,
}  # fmt: skip
"""How a device tells of each: by a verdict or a reason to reject; some are only to be borne."""

WIRINGS: Mapping[str, tuple[DriverSettings, ...]] = {
    "hx711_gpio": (GpioDriver(clock_pin=11, data_pins={SOUND: 5, STRUCK: 6}),),
    "hx711_spi": (SpiDriver(plate=SOUND, spi_bus=0), SpiDriver(plate=STRUCK, spi_bus=1)),
    "nau7802": (Nau7802Driver(mux_channels={SOUND: 0, STRUCK: 1}),),
}
"""The kernel's driver reads on a thread of its own, which no time moved by hand can lead: its rails and errors are in
the agreement suite of the drivers."""


OUTBOX = "tests/integration/edge/outbox"
ELSEWHERE: Mapping[FaultKind, tuple[str, str]] = {
    "clock_back": ("test_clock_steps.py", "test_a_step_of_the_clock_doubles_nothing_and_keeps_the_order"),
    "clock_ahead": ("test_clock_steps.py", "test_a_step_of_the_clock_doubles_nothing_and_keeps_the_order"),
    "power_cut": ("test_power_cuts.py", "test_no_power_cut_costs_a_record_that_was_durable"),
    "disk_full": ("test_disk_away.py", "test_an_agent_on_a_full_disk_goes_on_when_there_is_room_again"),
    "disk_read_only": ("test_disk_away.py", "test_a_disk_gone_read_only_is_named_and_nothing_is_lost_when_it_is_back"),
    "disk_errors": ("test_disk_away.py", "test_an_agent_goes_on_after_a_disk_refused_for_seconds"),
}
"""What happens to programs is done to programs: at the operating system's boundary."""


class Shop:
    """One bay and its agent: goods on two plates, shirts on a rail, a fitting room beside it."""

    def __init__(self, drivers: tuple[DriverSettings, ...] = ()) -> None:
        self.clock = ManualClock(elapsed_ms=1_000)
        self.wall_ns = 0
        options = BayOptions(socket=Path("unused"), seed=SEED)
        self.hardware = SimulatedBay(
            device="bay-1", plates=(SOUND, STRUCK), zones=(RAIL, FITTING), options=options, clock=self.clock,
            wall_ns=lambda: self.wall_ns, stall=self._stall, wiring=to_builtins(drivers),
        )  # fmt: skip
        loads_g = {str(plate): load_g for plate, load_g in LOADS_G.items()}
        self.hardware.show(WorldChange(loads=loads_g, tags={RAIL: SHIRTS, FITTING: ()}, unplugged=frozenset()))
        self.handover = Handover()
        self.bay = Bay(_settings(drivers), self.hardware, self.clock, self.handover, wall_ns=lambda: self.wall_ns)
        self.records: list[Record] = []

    def run(self, seconds: float) -> list[Record]:
        """Let time pass; return the records that came to be."""
        begin, until_ms = len(self.records), self.clock.mono_ms() + seconds * 1_000.0
        while self.clock.mono_ms() < until_ms:
            self.clock.advance(0.05)
            self.bay.look()
            self.records += [record for record in self.handover.take(0.0) if not isinstance(record, Loss)]
        return self.records[begin:]

    def strike(self, kind: FaultKind, for_s: float) -> list[Record]:
        """Let a fault act for so long; return the records that came to be meanwhile."""
        fault = FAULT_OF[kind]
        subject = {"plate": STRUCK, "bay": STRUCK, "zone": RAIL, "device": RAIL}[fault.subject]
        size = fault.size.high if fault.size else 0.0
        commanded = CommandedFault(number=1, kind=kind, subject=subject, for_s=for_s, size=size)
        self.hardware.change(WorldChange(loads={}, tags={}, faults=(commanded,)))
        found = self.run(for_s)
        self.hardware.change(WorldChange(loads={}, tags={}, faults=()))
        return found

    def weight_g(self, plate: PlateId) -> float:
        """Return the newest weight the agent has recorded of a plate."""
        return next(
            one.weight_g for one in reversed(self.records) if isinstance(one, WeightRecord) and one.plate == plate
        )

    def tags(self) -> set[str]:
        """Return the tags the agent has on the rail."""
        there: set[str] = set()
        for one in self.records:
            if isinstance(one, TagRecord) and one.zone == RAIL:
                (there.add if one.kind == "arrived" else there.discard)(one.epc)
        return there

    def _stall(self, duration_us: float) -> None:
        self.wall_ns += round(duration_us * 1_000.0)


def _settings(drivers: tuple[DriverSettings, ...]) -> AgentSettings:
    cells = {plate: cell_for(SEED, plate, CAPACITY_G_DEFAULT) for plate in (SOUND, STRUCK)}
    plates = tuple(
        PlateSettings(
            plate=plate, bay="b1", shelf="b1-s1", zero_count=cell.zero_count, counts_per_g=cell.counts_per_g,
            capacity_g=CAPACITY_G_DEFAULT,
        )
        for plate, cell in cells.items()
    )  # fmt: skip
    return AgentSettings(
        store="corner-shop", device="bay-1", hardware="tests.nowhere:open_bay", data_dir="unused",
        broker="mqtt://127.0.0.1:1883", plates=plates, drivers=drivers, heartbeat_s=10.0, health_s=10.0,
        zones=tuple(ZoneSettings(zone=zone, bay="b1", shelf="b1-s2") for zone in (RAIL, FITTING)),
    )  # fmt: skip


def _steps(records: list[Record]) -> Counter[str]:
    """Return by how many grams steps moved each plate in all: what leaves and comes back is no sale."""
    moved: Counter[str] = Counter()
    for one in records:
        if isinstance(one, WeightRecord) and one.kind == "step" and one.before_g is not None:
            moved[one.plate] += round(one.weight_g - one.before_g)
    return moved


def _words(records: list[Record]) -> set[str]:
    """Return all verdicts told, and `rejected` where conversions of the struck plate were thrown away."""
    told = [one for one in records if isinstance(one, HealthRecord)]
    subject = f"plate:{STRUCK}"
    spoilt = any(set(one.rejected) - {"unready", "settling"} for one in told if one.subject == subject)
    return {one.verdict for one in told if one.subject != "agent"} | ({"rejected"} if spoilt else set())


@pytest.mark.parametrize("kind", COMMANDABLE)
def test_the_agent_notices_and_gets_over(kind: FaultKind) -> None:
    shop = Shop()
    shop.run(40.0)
    assert shop.weight_g(STRUCK) == pytest.approx(LOADS_G[STRUCK], abs=TOLERANCE_G)
    assert shop.tags() == set(SHIRTS) - _never_read()
    during = shop.strike(kind, DURATIONS_S.get(kind, 20.0))
    after = shop.run(CALM_S.get(kind, 60.0))
    if TOLD[kind] != AT_HOME:
        assert TOLD[kind] in _words(during)
    assert {one.verdict for one in after[-20:] if isinstance(one, HealthRecord) and one.subject != "agent"} == {"ok"}
    for plate, load_g in LOADS_G.items():
        assert shop.weight_g(plate) == pytest.approx(load_g, abs=TOLERANCE_G)
    assert {plate: grams for plate, grams in _steps(during + after).items() if abs(grams) > TOLERANCE_G} == {}
    shop.hardware.change(WorldChange(loads={STRUCK: LOADS_G[STRUCK] - PICKED_G}, tags={}))
    assert _steps(shop.run(10.0))[STRUCK] == pytest.approx(-PICKED_G, abs=3.0), "what is taken then is seen"
    assert shop.tags() == set(SHIRTS) - _never_read()


@pytest.mark.parametrize("kind", [kind for kind in COMMANDABLE if FAULT_OF[kind].acts_on == "wire"])
@pytest.mark.parametrize("wiring", WIRINGS)
def test_every_driver_gets_over_what_happens_on_its_wires(wiring: str, kind: FaultKind) -> None:
    shop = Shop(WIRINGS[wiring])
    shop.run(20.0)
    struck = shop.strike(kind, 10.0)
    after = shop.run(30.0)
    for plate, load_g in LOADS_G.items():
        assert shop.weight_g(plate) == pytest.approx(load_g, abs=TOLERANCE_G)
    assert {plate: grams for plate, grams in _steps(struck + after).items() if abs(grams) > TOLERANCE_G} == {}
    assert {one.verdict for one in after[-20:] if isinstance(one, HealthRecord) and one.subject != "agent"} == {"ok"}
    shop.bay.close()


def _never_read() -> set[str]:
    """Return the shirts that hang where this rail's antenna never reads."""
    shop = Shop()
    shop.run(40.0)
    return set(SHIRTS) - shop.tags()


def test_every_row_of_the_table_is_got_over_somewhere() -> None:
    assert set(TOLD) == set(COMMANDABLE)
    assert set(TOLD) | set(ELSEWHERE) == set(FAULT_OF)
    for file, name in ELSEWHERE.values():
        text = (ROOT / OUTBOX / file).read_text(encoding="utf-8")
        assert re.search(rf"^def {name}\(", text, re.MULTILINE), name
