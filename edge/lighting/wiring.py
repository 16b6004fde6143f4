"""Open the lights a file asks for: settings of wires and a board come in, lights go out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from contract.errors import ConfigurationError
from contract.hardware import BayHardware, Board
from edge.light_settings import Apa102Settings, LightSettings, PinLightSettings, Ws2812bSettings
from edge.lighting.lights import LightOutput, Lights
from edge.lighting.outputs import LateLights, PinLights, StripLights
from edge.lighting.strips import WS2812B_SPEED_HZ, apa102_bytes, ws2812b_bytes


def open_lights(lights: Sequence[LightSettings], hardware: BayHardware, *, off_after_s: float) -> Lights:
    """Return the lights, dark. What the board does not have is told by them, and tried again; only hardware that has no
    board at all raises ConfigurationError.
    """
    board = hardware.board
    if lights and board is None:
        raise ConfigurationError("lights: found some, expected none: the hardware has no board")
    outputs = [
        LateLights(light.position_names(), partial(_open, light, board)) for light in lights if board is not None
    ]
    return Lights(outputs, off_after_s=off_after_s)


def _open(light: LightSettings, board: Board) -> LightOutput:
    match light:
        case PinLightSettings():
            return PinLights({position: board.output(pin) for position, pin in light.pins.items()})
        case Ws2812bSettings():
            port, encode = board.spi(light.spi_bus, light.spi_device, WS2812B_SPEED_HZ), ws2812b_bytes
        case Apa102Settings():
            port, encode = board.spi(light.spi_bus, light.spi_device, light.speed_hz), apa102_bytes
    return StripLights(
        port,
        encode,
        light.positions,
        leds=light.leds,
        current_max_ma=light.current_max_ma,
        brightness=light.brightness,
    )
