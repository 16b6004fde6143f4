"""A file that names drivers gets them, on the board of its hardware; what is missing is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import pytest

from contract.clock import ManualClock
from contract.errors import ConfigurationError
from contract.hardware import Board, LoadCellLine, TagReader
from contract.ids import PlateId
from edge.driver_settings import DriverSettings, GpioDriver, IioDriver, Nau7802Driver, SpiDriver
from edge.sampling.hx711 import Hx711Lines
from edge.sampling.hx711_iio import IioHx711
from edge.sampling.hx711_shared import SharedClockHx711
from edge.sampling.hx711_spi import SpiHx711
from edge.sampling.nau7802 import Nau7802
from edge.sampling.samples import RawSample
from edge.sampling.wiring import open_drivers
from firmware_sim.board import SimulatedBoard
from firmware_sim.hx711 import SimulatedLine

PLATES = [PlateId(f"b1-s1-l{number}") for number in range(1, 8)]
DRIVERS: tuple[DriverSettings, ...] = (
    GpioDriver(clock_pin=11, data_pins={PLATES[0]: 5, PLATES[1]: 6}),
    SpiDriver(plate=PLATES[2], spi_bus=0),
    Nau7802Driver(mux_channels={PLATES[3]: 0, PLATES[4]: 1}),
    Nau7802Driver(plate=PLATES[5], i2c_bus=3),
)


class Constant:
    """An input that never changes."""

    def __init__(self, count: float) -> None:
        self.count = count

    def __call__(self, at_ms: float) -> float:
        return self.count


class Bay:
    """Implements `BayHardware`: chips where the settings say, each with a count of its own."""

    def __init__(self, drivers: Sequence[DriverSettings] = DRIVERS, *, board: bool = True) -> None:
        self.clock = ManualClock()
        signals = {plate: Constant(1_000.0 + 10 * number) for number, plate in enumerate(PLATES)}
        self.simulated = SimulatedBoard(
            signals, msgspec.to_builtins(drivers), self.clock, rate_sps=10.0, wall_ns=lambda: 0
        )
        self._has_board = board
        for chip in self.simulated.chips.values():
            chip.start()

    @property
    def lines(self) -> Mapping[PlateId, LoadCellLine]:
        chips = {plate: self.simulated.chips[plate] for plate in PLATES[6:]}
        return {plate: chip for plate, chip in chips.items() if isinstance(chip, SimulatedLine)}

    @property
    def readers(self) -> Sequence[TagReader]:
        return ()

    @property
    def board(self) -> Board | None:
        return self.simulated if self._has_board else None

    def close(self) -> None:
        """Nothing to let go of."""


def _rates(plates: Sequence[PlateId] = PLATES) -> dict[PlateId, float]:
    return dict.fromkeys(plates, 10.0)


def test_every_plate_is_read_by_the_driver_its_file_names() -> None:
    bay = Bay()
    drivers = open_drivers(DRIVERS, _rates(), bay, mono_ms=0, wall_ns=lambda: 0)
    assert [type(driver) for driver in drivers] == [
        SharedClockHx711,
        SpiHx711,
        Nau7802,
        Nau7802,
        Nau7802,
        Hx711Lines,
    ]
    found: dict[PlateId, set[int]] = {plate: set() for plate in PLATES}
    for _ in range(120):
        bay.clock.advance(0.025)
        for driver in drivers:
            for one in driver.poll(bay.clock.mono_ms()):
                if isinstance(one, RawSample):
                    found[one.plate].add(one.count)
    assert found == {plate: {1_000 + 10 * number} for number, plate in enumerate(PLATES)}


def test_a_kernel_device_is_read_on_a_thread_that_closing_ends() -> None:
    drivers = (IioDriver(plate=PLATES[0], iio_device="left"),)
    bay = Bay(drivers)
    [driver] = open_drivers(drivers, _rates(PLATES[:1]), bay, mono_ms=0)
    assert isinstance(driver, IioHx711)
    driver.close()


def test_a_plate_that_is_wired_nowhere_is_named() -> None:
    unknown = PlateId("b9-s9-l9")
    with pytest.raises(ConfigurationError, match="plates: found 'b9-s9-l9', for which the hardware has no line"):
        open_drivers((), _rates([unknown]), Bay(), mono_ms=0)


def test_hardware_without_a_board_takes_no_drivers() -> None:
    with pytest.raises(ConfigurationError, match="drivers: found hx711_gpio, expected none: the hardware has no board"):
        open_drivers(DRIVERS, _rates(), Bay(board=False), mono_ms=0)


@pytest.mark.parametrize(
    ("driver", "said"),
    [
        (GpioDriver(clock_pin=12, data_pins={PLATES[0]: 5}), "data_pins: found nothing on clock and data pin"),
        (SpiDriver(plate=PLATES[0], spi_bus=1), "spi_bus: found nothing on bus 1"),
        (Nau7802Driver(plate=PLATES[0], i2c_bus=9), "i2c_bus: found nothing on bus 9"),
        (IioDriver(plate=PLATES[0], iio_device="left"), "iio_device: found 'left'"),
    ],
)
def test_what_the_board_does_not_have_is_named(driver: DriverSettings, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        open_drivers((driver,), _rates(), Bay(), mono_ms=0)
