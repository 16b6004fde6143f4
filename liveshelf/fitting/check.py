"""Check an agent's file as the agent would read it: the path comes in, what it describes goes out, or what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from contract.errors import ConfigurationError
from contract.toml_text import line_of
from edge.driver_settings import wire_of
from edge.sampling.wiring import hardware_function
from edge.settings import AgentSettings, read_settings

PACKAGES = {"hx711_gpio": ("RPi", "edge-pi"), "hx711_spi": ("spidev", "edge-pi"), "nau7802": ("smbus2", "edge-pi")}
"""By driver: what a Raspberry Pi needs for it, and the extra that brings it."""

ON_A_BOARD = "edge.sampling.raspberry_pi:open_bay"


def checked_lines(file: Path) -> Iterator[str]:
    """Yield what the file describes. Raises ConfigurationError with file, line, what was found and expected."""
    settings = read_settings(file)
    try:
        hardware_function(settings.hardware)
    except ConfigurationError as error:
        line = line_of(file.read_text(encoding="utf-8"), ("hardware",))
        raise ConfigurationError(f"{file}:{line}: {error}") from error
    yield f"{file}: device {settings.device} of store {settings.store}, broker {settings.broker.rpartition('@')[2]}"
    shelves = Counter((plate.bay, plate.shelf) for plate in settings.plates)
    for plate in settings.plates:
        wire = wire_of(settings.drivers, plate.plate) or "a line of the hardware"
        yield f"  plate {plate.plate}: shelf {plate.shelf} of bay {plate.bay}, {plate.rate_sps:g} samples/s, {wire}"
    for zone in settings.zones:
        yield f"  zone {zone.zone}: shelf {zone.shelf} of bay {zone.bay}, {zone.role}"
    yield from _missing(settings)
    yield f"ok: {len(settings.plates)} plates on {len(shelves)} shelves, {len(settings.zones)} zones"


def _missing(settings: AgentSettings) -> Iterator[str]:
    """Yield packages that are not here: the file may have been written for another machine."""
    if settings.hardware != ON_A_BOARD:
        return
    for name in dict.fromkeys(driver.driver for driver in settings.drivers):
        package, extra = PACKAGES.get(name, ("", ""))
        if package and find_spec(package) is None:
            yield f"  not on this machine: {package}, which {name} needs (pip install 'liveshelf[{extra}]')"
