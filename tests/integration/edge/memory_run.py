"""A whole device for some simulated hours, as a process of its own: `python memory_run.py FOLDER MINUTES [LEAK]`.

Every kind of sensor at once: HX711 on pins, on SPI and by the kernel, NAU7802 behind a multiplexer, an LLRP reader on a
socket, a serial module on a pseudo terminal, a reader on simulated wires; goods come and go, records become durable and
are committed, a person asks. Prints the resident memory in kB every ten minutes. With LEAK it forgets nothing, as a bug
would: a list in that module grows with every look.
"""

from __future__ import annotations

import gc
import itertools
import resource
import sys
from pathlib import Path

from llrpkit.emulator.core import EmulatedTag
from msgspec import to_builtins

from contract.clock import ManualClock
from contract.codec import encode
from contract.ids import PlateId, ZoneId
from contract.records import Command, HealthRecord
from edge.agent import Bay
from edge.commanding.desk import Desk
from edge.commanding.weigh import weigh_operation
from edge.driver_settings import DriverSettings, GpioDriver, IioDriver, Nau7802Driver, SpiDriver
from edge.handover import Handover
from edge.outbox.outbox import Outbox
from edge.reader_settings import LlrpReaderSettings, SerialUhfSettings
from edge.settings import AgentSettings, PlateSettings, ZoneSettings
from firmware_sim.bay import SimulatedBay
from firmware_sim.bay_options import BayOptions
from firmware_sim.load_cell import CAPACITY_G_DEFAULT, cell_for
from firmware_sim.serial_line import PluggedLine
from firmware_sim.serial_uhf import SimulatedUhfModule
from firmware_sim.tags import TagPlace
from firmware_sim.world_link import WorldChange
from tests.fakes.llrp_reader import ChoosyEmulator, ReaderOnAThread

SEED = 5
PLATES = tuple(PlateId(f"b1-s1-l{number}") for number in range(1, 8))
DRIVERS: tuple[DriverSettings, ...] = (
    GpioDriver(clock_pin=11, data_pins={PLATES[0]: 5, PLATES[1]: 6}),
    SpiDriver(plate=PLATES[2], spi_bus=0),
    IioDriver(plate=PLATES[3], iio_device="left"),
    Nau7802Driver(mux_channels={PLATES[4]: 0, PLATES[5]: 3}),
)
WIRED, ANTENNA, SERIAL = ZoneId("z1"), ZoneId("z2"), ZoneId("z3")
SHIRTS = tuple(f"3036450E24001040000007{number:02X}" for number in range(12))
LOOK_S = 0.5
"""Twice a second: most conversions are overwritten unread, which costs no memory and saves a test minutes."""
LOOKS_A_MINUTE = round(60.0 / LOOK_S)
LOOKS_A_WRITE = 20
TOLD_EVERY_MINUTES = 10

forgotten: list[object] = []


class Device:
    """An agent's parts around one clock that is moved by hand."""

    def __init__(self, folder: Path, llrp_port: int, serial_port: Path) -> None:
        self.clock = ManualClock(elapsed_ms=1_000)
        settings = _settings(folder, llrp_port, serial_port)
        options = BayOptions(socket=Path("unused"), seed=SEED)
        self.hardware = SimulatedBay(
            device="bay-1", plates=PLATES, zones=(WIRED,), options=options, clock=self.clock,
            wiring=to_builtins(DRIVERS), wall_ns=lambda: 0, stall=lambda _us: None,
        )  # fmt: skip
        self.hardware.show(WorldChange(dict.fromkeys(PLATES, 2_000.0), {WIRED: SHIRTS}, frozenset()))
        self.handover = Handover()
        self.outbox = Outbox.open(folder / "outbox.sqlite", boot="boot", board_serial="serial", clock=self.clock)
        self.bay = Bay(settings, self.hardware, self.clock, self.handover, wall_ns=lambda: 0)
        self.desk = Desk({"weigh": weigh_operation(self.bay)})
        self._ids = itertools.count()

    def minute(self, number: int, *, leaks: bool) -> None:
        """Live one minute: somebody takes or brings something, all is made durable, and committed by the gateway."""
        load_g = 2_000.0 - 250.0 * (number % 5)
        self.hardware.change(WorldChange({PLATES[number % len(PLATES)]: load_g}, {WIRED: SHIRTS[number % 7 :]}))
        command = Command(id=str(next(self._ids)), op="weigh", args={"plates": list(PLATES)})
        self.desk.ask(encode(command), lambda _result: None)
        for look in range(LOOKS_A_MINUTE):
            self.clock.advance(LOOK_S)
            self.bay.look()
            self.desk.work(self.clock.mono_ms())
            if leaks:
                forgotten.extend(HealthRecord(mono_ms=look, subject=f"leak {n}", verdict="ok") for n in range(8))
            if look % LOOKS_A_WRITE == 0:
                self._make_durable()

    def _make_durable(self) -> None:
        """What was handed over becomes durable, is read as for the wire, and the gateway commits it."""
        records = self.handover.take(0.0)
        if records:
            first, last = self.outbox.append(records)
            self.outbox.read(self.outbox.journal, first, len(records))
            self.outbox.committed("epoch", {self.outbox.journal: last})

    def close(self) -> None:
        self.bay.close()
        self.outbox.close()


def _settings(folder: Path, llrp_port: int, serial_port: Path) -> AgentSettings:
    cells = {plate: cell_for(SEED, plate, CAPACITY_G_DEFAULT) for plate in PLATES}
    plates = tuple(
        PlateSettings(
            plate=plate, bay="b1", shelf="b1-s1", zero_count=cell.zero_count, counts_per_g=cell.counts_per_g,
            capacity_g=CAPACITY_G_DEFAULT,
        )
        for plate, cell in cells.items()
    )  # fmt: skip
    return AgentSettings(
        store="corner-shop", device="bay-1", hardware="tests.nowhere:open_bay", data_dir=str(folder),
        broker="mqtt://127.0.0.1:1", plates=plates, drivers=DRIVERS,
        readers=(
            LlrpReaderSettings(host="127.0.0.1", port=llrp_port, antennas={"1": ANTENNA}),
            SerialUhfSettings(serial_port=str(serial_port), zone=SERIAL),
        ),
        zones=tuple(ZoneSettings(zone=zone, bay="b1", shelf="b1-s2") for zone in (WIRED, ANTENNA, SERIAL)),
    )  # fmt: skip


def _resident_kb() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() // 1024


def main(folder: Path, minutes: int, *, leaks: bool) -> None:
    """Run, and print the memory as it goes."""
    emulator = ChoosyEmulator([EmulatedTag(epc=bytes.fromhex(SHIRTS[0]), antennas=(1,), rssi_dbm=-48.0)])
    module = SimulatedUhfModule(ManualClock(), seed=1)
    module.set_tags({SHIRTS[1]: TagPlace(0.65, -55.0)})
    with ReaderOnAThread(emulator) as reader, PluggedLine(module, folder / "ttyUSB0") as line:
        device = Device(folder, reader.port, line.port)
        for minute in range(minutes):
            device.minute(minute, leaks=leaks)
            if (minute + 1) % TOLD_EVERY_MINUTES == 0:
                print(_resident_kb(), flush=True)
        device.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), leaks=len(sys.argv) > 3)
