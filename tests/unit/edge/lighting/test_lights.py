"""The lights of a device, from what is asked to what a strip shows, bit by bit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import pytest

from contract.clock import ManualClock
from contract.codec import encode
from contract.errors import ConfigurationError, HardwareError
from contract.hardware import Board, LoadCellLine, TagReader
from contract.ids import PlateId
from contract.records import Command, CommandResult
from edge.commanding.desk import Desk
from edge.commanding.light import light_operation
from edge.light_settings import Apa102Settings, LightSettings, PinLightSettings, Ws2812bSettings
from edge.lighting import lights as lights_module
from edge.lighting.lights import Lights
from edge.lighting.showing import Glow
from edge.lighting.signals import IDENTIFY, SIGNALS
from edge.lighting.wiring import open_lights
from firmware_sim.board import SimulatedBoard
from firmware_sim.lights import DARK, Ws2812bChain

WAIT_S = 30.0
TAKE = SIGNALS["take"].colour
STRIP = Ws2812bSettings(
    spi_bus=0, leds=8, positions={"p1": (0, 2), "p2": (3, 5)}, brightness=1.0, current_max_ma=2_000.0
)
LONG = Apa102Settings(spi_bus=1, leds=40, positions={"p3": (38, 39)}, brightness=1.0, current_max_ma=5_000.0)
PINS = PinLightSettings(pins={"p4": 5, "p5": 6})


class Bay:
    """Implements `BayHardware`: a simulated board with lights on it, and the agent's lights over it."""

    def __init__(
        self, *tables: LightSettings, wired: Sequence[LightSettings] | None = None, off_after_s: float = 60.0
    ) -> None:
        wiring = msgspec.to_builtins(tables if wired is None else wired)
        self.simulated = SimulatedBoard({}, wiring, ManualClock(), rate_sps=10.0)
        self.tables = tables
        self.lights = open_lights(tables, self, off_after_s=off_after_s)
        self.desk = Desk({"light": light_operation(self.lights)})

    @property
    def board(self) -> Board:
        return self.simulated

    @property
    def lines(self) -> Mapping[PlateId, LoadCellLine]:
        return {}

    @property
    def readers(self) -> Sequence[TagReader]:
        return ()

    def close(self) -> None:
        """Let the lights end."""
        self.lights.close()

    def shown(self, bus: int) -> list[tuple[int, int, int]]:
        return list(self.simulated.strips[bus, 0].shown)

    def lit_pins(self) -> set[int]:
        return {pin for pin, led in self.simulated.leds.items() if led.lit}

    def ask(self, **positions: object) -> CommandResult:
        answers: list[CommandResult] = []
        self.desk.ask(encode(Command(id=str(time.monotonic_ns()), op="light", args=positions)), answers.append)
        self.desk.work(0)
        return answers[0]

    def light(self, **signals: str) -> CommandResult:
        return self.ask(positions=signals)


def until(happened: Callable[[], bool]) -> None:
    """Wait for the thread of the lights."""
    gone_s = time.monotonic() + WAIT_S
    while not happened():
        assert time.monotonic() < gone_s
        time.sleep(0.002)


@pytest.fixture
def bay() -> Any:
    made = Bay(STRIP, LONG, PINS)
    yield made
    made.close()


def test_a_position_that_is_to_be_refilled_is_lit_and_no_other(bay: Bay) -> None:
    answer = bay.light(p2="take", p3="take", p5="take")
    assert answer.ok
    assert answer.facts == {"lit": ["p2", "p3", "p5"], "away": []}
    until(lambda: bay.shown(0) == [DARK] * 3 + [TAKE] * 3 + [DARK] * 2)
    until(lambda: bay.shown(1) == [DARK] * 38 + [TAKE] * 2)
    until(lambda: bay.lit_pins() == {6})
    strip = bay.simulated.strips[0, 0]
    assert isinstance(strip, Ws2812bChain)
    assert strip.glitches == 0


def test_what_the_next_command_does_not_name_is_dark(bay: Bay) -> None:
    bay.light(p1="take", p3="take", p4="take")
    until(lambda: bay.shown(0)[0] == TAKE and bay.lit_pins() == {5})
    assert bay.light().facts["lit"] == []
    until(lambda: bay.shown(0) == [DARK] * 8 and bay.shown(1) == [DARK] * 40 and not bay.lit_pins())


def test_all_is_dark_when_the_agent_has_ended() -> None:
    bay = Bay(STRIP, LONG, PINS)
    bay.light(p1="take", p3="take", p4="take")
    until(lambda: bay.shown(0)[0] == TAKE and bay.shown(1)[39] == TAKE and bay.lit_pins() == {5})
    bay.close()
    assert bay.shown(0) == [DARK] * 8
    assert bay.shown(1) == [DARK] * 40
    assert not bay.lit_pins()


def test_a_gateway_that_died_leaves_no_light_behind() -> None:
    bay = Bay(STRIP, off_after_s=0.2)
    bay.light(p1="take")
    until(lambda: bay.shown(0)[0] == TAKE)
    until(lambda: bay.shown(0) == [DARK] * 8)
    assert bay.lights.lit == []
    bay.close()


def test_a_device_that_is_looked_for_says_so_with_every_light(bay: Bay) -> None:
    bay.lights.identify()
    until(lambda: bay.shown(0)[:6] == [IDENTIFY.colour] * 6)
    until(lambda: bay.lit_pins() == {5, 6})


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ({}, "positions: found None, expected a table of positions and what they say"),
        ({"positions": ["p1"]}, "positions: found ['p1'], expected a table of positions and what they say"),
        ({"positions": {"p9": "take"}}, "positions: found 'p9', expected a position with a light (p1, p2, p3, p4, p5)"),
        ({"positions": {"p1": "red"}}, "positions: found 'red', expected one of take, taken, find for p1"),
        ({"positions": {"p1": 7}}, "positions: found 7, expected one of take, taken, find for p1"),
    ],
)
def test_what_no_light_can_show_changes_nothing(bay: Bay, args: dict[str, object], sentence: str) -> None:
    bay.light(p2="take")
    answer = bay.ask(**args)
    assert not answer.ok
    assert (answer.detail, answer.facts["code"], answer.facts["field"]) == (sentence, "wrong_argument", "positions")
    assert bay.lights.lit == ["p2"]


def test_a_device_without_lights_says_so() -> None:
    bay = Bay()
    assert bay.light().facts == {"lit": [], "away": []}
    assert bay.light(p1="take").detail.endswith("expected a position with a light (none)")
    bay.close()


def test_a_strip_that_is_missing_keeps_nothing_from_going_on_and_is_named(caplog: pytest.LogCaptureFixture) -> None:
    bay = Bay(STRIP, PINS, wired=[PINS])
    until(lambda: bay.lights.away == ["p1", "p2"])
    answer = bay.light(p1="take", p4="take")
    assert answer.ok
    assert answer.facts == {"lit": ["p4"], "away": ["p1", "p2"]}
    until(lambda: bay.lit_pins() == {5})
    bay.close()
    told = [record for record in caplog.records if getattr(record, "event", "") == "lights_away"]
    assert [record.__dict__["reason"] for record in told] == ["spi_bus: found nothing on bus 0, device 0"]


def test_a_strip_that_comes_later_is_lit_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lights_module, "REFRESH_S", 0.01)
    bay = Bay(STRIP, wired=[])
    bay.light(p1="take")
    until(lambda: bay.lights.away == ["p1", "p2"])
    bay.simulated.strips[0, 0] = Ws2812bChain(8)
    until(lambda: bay.shown(0)[0] == TAKE)
    until(lambda: bay.lights.away == [])
    bay.close()


class Breaking:
    """Lights that fail in a way of their own until they are `well`."""

    positions = ("p1",)

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.well = False
        self.shown: Mapping[str, Glow] = {}

    def show(self, glows: Mapping[str, Glow]) -> None:
        if not self.well:
            raise self.error
        self.shown = dict(glows)


@pytest.mark.parametrize("error", [HardwareError("SPI did not answer"), RuntimeError("pin taken"), OSError(5, "EIO")])
def test_lights_that_fail_are_tried_again_whatever_their_error(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lights_module, "REFRESH_S", 0.01)
    output = Breaking(error)
    lights = Lights([output], off_after_s=60.0)
    lights.show({"p1": "take"})
    until(lambda: lights.away == ["p1"])
    output.well = True
    until(lambda: output.shown == {"p1": Glow(TAKE, lit=True)} and lights.away == [])
    lights.close()
    assert output.shown == {}


def test_an_agent_that_ends_does_not_wait_for_wires_that_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lights_module, "CLOSE_S", 0.01)
    gate = threading.Event()

    class Hanging(Breaking):
        def show(self, glows: Mapping[str, Glow]) -> None:
            assert gate.wait(WAIT_S)

    lights = Lights([Hanging(OSError())], off_after_s=60.0)
    lights.close()
    gate.set()


def test_hardware_without_a_board_has_no_lights() -> None:
    class Bare(Bay):
        @property
        def board(self) -> Any:
            return None

    with pytest.raises(ConfigurationError, match="lights: found some, expected none: the hardware has no board"):
        Bare(PINS)


def test_a_signal_there_is_not_changes_nothing(bay: Bay) -> None:
    bay.lights.show({"p1": "take"})
    for wrong in ({"p9": "take"}, {"p1": "red"}):
        with pytest.raises(KeyError):
            bay.lights.show(wrong)
    assert bay.lights.lit == ["p1"]
