"""A simulated bay wired in every way at once: what the world lays on comes out of every driver in grams."""

from __future__ import annotations

import time
from collections import defaultdict
from pathlib import Path
from statistics import fmean

import msgspec
import pytest

from contract.clock import ShopClock
from contract.ids import PlateId
from edge.driver_settings import DriverSettings, GpioDriver, IioDriver, Nau7802Driver, SpiDriver
from edge.sampling.samples import RawSample
from edge.sampling.wiring import open_drivers
from firmware_sim.load_cell import cell_for
from firmware_sim.wires import open_bay
from tests.fakes.world_socket import WorldSocket

SEED = 7
RATE = 10.0
LOAD_G = 1_500.0
PLATES = [PlateId(f"b1-s1-l{number}") for number in range(1, 8)]
DRIVERS: tuple[DriverSettings, ...] = (
    GpioDriver(clock_pin=11, data_pins={PLATES[0]: 5, PLATES[1]: 6}),
    SpiDriver(plate=PLATES[2], spi_bus=0),
    IioDriver(plate=PLATES[3], iio_device="left"),
    Nau7802Driver(mux_channels={PLATES[4]: 0, PLATES[5]: 3}),
)
SAMPLES = 20
WAIT_S = 60.0


def test_every_wiring_weighs_what_the_world_lays_on(tmp_path: Path) -> None:
    path = tmp_path / "world.sock"
    with WorldSocket(path, loads=dict.fromkeys(map(str, PLATES), LOAD_G)):
        found = _sample(path)
    for plate in PLATES:
        cell = cell_for(SEED, plate)
        weight_g = fmean((count - cell.zero_count) / cell.counts_per_g for count in found[plate][:SAMPLES])
        # Zero drift, creep and bend of a cheap cell are a few grams; a wrong bit anywhere would be more.
        assert weight_g == pytest.approx(LOAD_G, abs=20.0)


def _sample(path: Path) -> dict[PlateId, list[int]]:
    """Return the counts of every plate, as many as are wanted or come in time."""
    clock = ShopClock(origin_unix_s=time.time(), rate=RATE)
    options = {"socket": str(path), "seed": SEED, "vibration": 0.0}
    wiring = msgspec.to_builtins(DRIVERS)
    bay = open_bay(device="bay-1", plates=PLATES, zones=[], options=options, clock=clock, wiring=wiring)
    drivers = open_drivers(DRIVERS, dict.fromkeys(PLATES, 10.0), bay, mono_ms=clock.mono_ms())
    found: dict[PlateId, list[int]] = defaultdict(list)
    gone_s = time.monotonic() + WAIT_S
    while time.monotonic() < gone_s and min(len(found[plate]) for plate in PLATES) < SAMPLES:
        for driver in drivers:
            for one in driver.poll(clock.mono_ms()):
                if isinstance(one, RawSample):
                    found[one.plate].append(one.count)
        clock.sleep(0.025)
    for driver in drivers:
        driver.close()
    bay.close()
    return found
