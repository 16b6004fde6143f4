"""Pins of a Raspberry Pi: what cannot clock an HX711 is refused in one sentence, what can is clocked."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import cast

import pytest

from contract.clock import ManualClock
from contract.errors import ConfigurationError
from contract.ids import PlateId
from edge.sampling.hx711_shared import SharedClockHx711
from edge.sampling.raspberry_pi import RaspberryPi, open_bay
from edge.sampling.rpi_gpio import GpioModule, RpiClockedLines, RpiOutputPin, load_gpio, load_output_gpio
from edge.sampling.samples import RawSample
from firmware_sim.hx711 import SimulatedLine
from firmware_sim.rpi_gpio import SimulatedGpio

CLOCK_PIN = 11
DATA_PINS = (5, 6, 13)
PLATES = tuple(PlateId(f"b1-s1-l{number}") for number in range(1, 4))
COUNT = -84_211
INSTEAD = r"use driver hx711_spi or nau7802 \(docs/reference/hardware\.md\)"


def _fails(error: Exception) -> Callable[[str], object]:
    def load(name: str) -> object:
        assert name == "RPi.GPIO"
        raise error

    return load


def test_on_a_pi_5_the_alternative_is_named() -> None:
    error = RuntimeError("Cannot determine SOC peripheral base address")
    with pytest.raises(ConfigurationError, match=rf"cannot reach \(Cannot determine SOC.*\); {INSTEAD}") as caught:
        load_gpio(_fails(error))
    assert "\n" not in str(caught.value)


def test_rpi_lgpio_under_the_same_name_is_too_slow_and_the_alternative_is_named() -> None:
    module = ModuleType("RPi.GPIO")
    module.lgpio = object()  # type: ignore[attr-defined]  # what gives rpi-lgpio away
    with pytest.raises(ConfigurationError, match=rf"rpi-lgpio in place of RPi\.GPIO, which is too slow.*{INSTEAD}"):
        load_gpio(lambda _: module)


def test_without_the_package_its_installation_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"without the package RPi\.GPIO.*liveshelf\[edge-pi\]"):
        load_gpio(_fails(ImportError("No module named 'RPi'")))


def test_the_module_of_a_pi_4_is_taken_as_it_is() -> None:
    gpio = SimulatedGpio()
    assert load_gpio(lambda _: gpio) is cast("GpioModule", gpio)


def test_pins_that_cannot_be_opened_are_told() -> None:
    class Refusing(SimulatedGpio):
        def setmode(self, mode: int, /) -> None:
            raise ValueError("A different mode has already been set!")

    with pytest.raises(ConfigurationError, match=r"pins that cannot be opened \(A different mode"):
        RpiClockedLines(Refusing(), CLOCK_PIN, DATA_PINS)


def test_a_light_is_dark_when_its_pin_is_opened_and_follows_it() -> None:
    gpio = SimulatedGpio()
    pi = RaspberryPi(find_output_gpio=lambda: gpio)
    pin = pi.board.output(23)
    assert gpio.level(23) == 0
    pin.drive(1)
    assert gpio.level(23) == 1
    pi.close()
    assert gpio.level(23) is None


@pytest.mark.parametrize(
    "error", [RuntimeError("Cannot determine SOC peripheral base address"), ImportError("No module named 'RPi'")]
)
def test_a_light_on_a_pi_5_wants_rpi_lgpio(error: Exception) -> None:
    with pytest.raises(ConfigurationError, match=r"light: found gpio .*a Raspberry Pi 5 needs rpi-lgpio in its place"):
        load_output_gpio(_fails(error))


def test_rpi_lgpio_is_fast_enough_for_a_light() -> None:
    module = ModuleType("RPi.GPIO")
    module.lgpio = object()  # type: ignore[attr-defined]  # what gives rpi-lgpio away
    assert load_output_gpio(lambda _: module) is cast("GpioModule", module)


def test_a_pin_that_cannot_light_is_told() -> None:
    class Refusing(SimulatedGpio):
        def setmode(self, mode: int, /) -> None:
            raise ValueError("A different mode has already been set!")

    with pytest.raises(ConfigurationError, match=r"pins: found 23, which cannot be opened \(A different mode"):
        RpiOutputPin(Refusing(), 23)


class Bench:
    """Three chips on one clock of a simulated Pi; `gpio_ns` is its wall clock."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.now_ns = 0
        self.step_ns = 1_000
        self.gpio = SimulatedGpio(wall_ns=self.wall_ns)
        for pin, phase in zip(DATA_PINS, (0.0, 0.4, 0.8), strict=True):
            line = SimulatedLine(lambda _: float(COUNT), self.clock, wall_ns=lambda: 0)
            self.gpio.attach(CLOCK_PIN, pin, line)
            line.start(phase=phase)
        self.pi = RaspberryPi(find_gpio=lambda: self.gpio)
        lines = self.pi.board.clocked_lines(CLOCK_PIN, DATA_PINS)
        self.driver = SharedClockHx711(PLATES, lines, rate_sps=10.0, mono_ms=0, wall_ns=self.wall_ns)

    def wall_ns(self) -> int:
        self.now_ns += self.step_ns
        return self.now_ns

    def run(self, seconds: float) -> list[int]:
        found: list[int] = []
        for _ in range(round(seconds * 40)):
            self.clock.advance(0.025)
            found += [one.count for one in self.driver.poll(self.clock.mono_ms()) if isinstance(one, RawSample)]
        return found


def test_pins_clock_all_chips_of_a_group() -> None:
    bench = Bench()
    bench.run(2.0)
    found = bench.run(10.0)
    assert set(found) == {COUNT}
    assert len(found) >= 3 * 97


def test_a_slow_board_resets_its_chips_and_no_sample_is_believed() -> None:
    """Pulses as rpi-lgpio gives them: the chip really resets, and the driver has seen it."""
    bench = Bench()
    bench.run(2.0)
    bench.driver.take_counts(PLATES[0])
    bench.step_ns = 120_000
    assert bench.run(3.0) == []
    samples, rejected = bench.driver.take_counts(PLATES[0])
    assert samples == 0
    assert set(rejected) <= {"power_down", "unready"}
    assert rejected["power_down"] >= 3
    bench.step_ns = 1_000
    bench.run(2.0)
    assert set(bench.run(1.0)) == {COUNT}


def test_a_pulse_is_as_short_for_many_lines_as_for_one() -> None:
    """Data pins are read when the clock is low again, where DOUT holds."""
    gpio = Heard()
    lines = RpiClockedLines(gpio, CLOCK_PIN, DATA_PINS)
    lines.pulse()
    lines.levels()
    assert gpio.heard == ["out 1", "out 0", "in", "in", "in"]


class Heard(SimulatedGpio):
    """Pins that remember what was done to them."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def output(self, channel: int, value: int, /) -> None:
        self.heard.append(f"out {value}")
        super().output(channel, value)

    def input(self, channel: int, /) -> int:
        self.heard.append("in")
        return super().input(channel)


def test_closing_lets_go_of_the_pins() -> None:
    bench = Bench()
    bench.pi.close()
    with pytest.raises(RuntimeError):
        bench.gpio.input(DATA_PINS[0])


def test_a_pi_takes_no_options_and_no_zones_yet() -> None:
    clock = ManualClock()
    assert open_bay(device="bay-1", plates=[], zones=[], options={}, clock=clock).board is not None
    with pytest.raises(ConfigurationError, match=r"hardware_options\.pins: unknown"):
        open_bay(device="bay-1", plates=[], zones=[], options={"pins": 1}, clock=clock)
    with pytest.raises(ConfigurationError, match="zones: found 'z1'"):
        open_bay(device="bay-1", plates=[], zones=["z1"], options={}, clock=clock)  # type: ignore[list-item]
