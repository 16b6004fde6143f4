"""Make the drivers a file asks for: settings of wires and a board come in, drivers that read its plates go out."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from time import perf_counter_ns
from typing import cast

from contract.errors import ConfigurationError
from contract.hardware import BayHardware, Board, LoadCellLine
from contract.ids import PlateId
from edge.driver_settings import DriverSettings, GpioDriver, IioDriver, Nau7802Driver, SpiDriver
from edge.sampling.hx711 import Hx711Lines
from edge.sampling.hx711_iio import BackgroundReads, IioHx711
from edge.sampling.hx711_shared import SharedClockHx711
from edge.sampling.hx711_spi import SpiHx711
from edge.sampling.nau7802 import Nau7802
from edge.sampling.samples import WeightDriver
from edge.sampling.tca9548a import Tca9548a


def hardware_function(hardware: str) -> Callable[..., BayHardware]:
    """Return the function `module:function` that opens the wires. Raises ConfigurationError when there is none."""
    module, _, name = hardware.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"hardware: found {hardware!r}, which cannot be loaded: {error}") from error
    return cast("Callable[..., BayHardware]", found)


def open_drivers(
    drivers: Sequence[DriverSettings],
    rates_sps: Mapping[PlateId, float],
    hardware: BayHardware,
    *,
    mono_ms: int,
    wall_ns: Callable[[], int] = perf_counter_ns,
) -> list[WeightDriver]:
    """Return the drivers of all plates in `rates_sps`: those of `drivers`, and one for the lines of all others.

    They start at shop time `mono_ms`; `wall_ns` measures the pulses of those that clock bit by bit.

    Raises ConfigurationError naming the plate or the part of the board that is missing.
    """
    opened: list[WeightDriver] = []
    with ExitStack() as undo:
        for settings in drivers:
            for driver in _open(settings, _board_of(hardware, settings), rates_sps, mono_ms, wall_ns):
                undo.callback(driver.close)
                opened.append(driver)
        wired = {plate for driver in opened for plate in driver.plates}
        lines = {
            plate: (_line_of(hardware, plate), rate_sps) for plate, rate_sps in rates_sps.items() if plate not in wired
        }
        undo.pop_all()
    return [*opened, Hx711Lines(lines, mono_ms=mono_ms, wall_ns=wall_ns)] if lines else opened


def _board_of(hardware: BayHardware, settings: DriverSettings) -> Board:
    if hardware.board is None:
        raise ConfigurationError(f"drivers: found {settings.driver}, expected none: the hardware has no board")
    return hardware.board


def _line_of(hardware: BayHardware, plate: PlateId) -> LoadCellLine:
    line = hardware.lines.get(plate)
    if line is None:
        raise ConfigurationError(f"plates: found {plate!r}, for which the hardware has no line")
    return line


def _open(
    driver: DriverSettings,
    board: Board,
    rates_sps: Mapping[PlateId, float],
    mono_ms: int,
    wall_ns: Callable[[], int],
) -> Sequence[WeightDriver]:
    plates = [PlateId(name) for name in driver.plate_names()]
    rate_sps = rates_sps[plates[0]]
    match driver:
        case GpioDriver():
            lines = board.clocked_lines(driver.clock_pin, list(driver.data_pins.values()))
            return [SharedClockHx711(plates, lines, rate_sps=rate_sps, mono_ms=mono_ms, wall_ns=wall_ns)]
        case SpiDriver():
            port = board.spi(driver.spi_bus, driver.spi_device, driver.speed_hz)
            return [SpiHx711(plates[0], port, rate_sps=rate_sps, mono_ms=mono_ms)]
        case IioDriver():
            reads = BackgroundReads(plates[0], board.iio(driver.iio_device))
            return [IioHx711(plates[0], reads, rate_sps=rate_sps, mono_ms=mono_ms)]
        case Nau7802Driver():
            return _open_nau7802(driver, board, rates_sps, mono_ms)


def _open_nau7802(
    driver: Nau7802Driver, board: Board, rates_sps: Mapping[PlateId, float], mono_ms: int
) -> Sequence[WeightDriver]:
    bus = board.i2c(driver.i2c_bus)
    if driver.plate is not None:
        plate = PlateId(driver.plate)
        return [Nau7802(plate, bus, rate_sps=rates_sps[plate], mono_ms=mono_ms)]
    multiplexer = Tca9548a(bus, driver.mux_address)
    return [
        Nau7802(PlateId(name), multiplexer.channel(channel), rate_sps=rates_sps[PlateId(name)], mono_ms=mono_ms)
        for name, channel in driver.mux_channels.items()
    ]
