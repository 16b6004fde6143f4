"""Read the agent's file: TOML comes in, checked settings go out, or one sentence that names file, line and key."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, get_args

import msgspec
from msgspec import Meta, Struct

from contract import toml_text
from contract.errors import ConfigurationError
from contract.records import BirthPlate, BirthZone, Name, ZoneRole
from contract.toml_text import SettingError, line_of, refuse_unknown, rows_of
from edge.driver_settings import DRIVERS, GPIO_PLATES_MAX, DriverSettings, driver_problems
from edge.light_settings import EXPECTED as LIGHT_EXPECTED
from edge.light_settings import LIGHTS, LIGHTS_MAX, LightSettings, light_problems
from edge.reader_settings import EXPECTED as READER_EXPECTED
from edge.reader_settings import LLRP, READERS, READERS_MAX, ReaderSettings, kind_of, reader_problems

Seconds = Annotated[float, Meta(gt=0.0, le=86_400.0)]
HardwareFunction = Annotated[str, Meta(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")]
BrokerUrl = Annotated[str, Meta(pattern=r"^mqtts?://[^/\s]+/?$")]

PLATES_MAX = 256
"""More converters than that no board of one agent has pins for."""


class PlateSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One scale: where it is, how it was calibrated (counts), its capacity in grams and its converter's rate."""

    plate: Name
    bay: Name
    shelf: Name
    zero_count: float
    counts_per_g: float
    capacity_g: Annotated[float, Meta(gt=0.0, le=1e7)] = 10_000.0
    rate_sps: Annotated[float, Meta(gt=0.0, le=1_000.0)] = 10.0
    calibration_version: Annotated[int, Meta(ge=1)] = 1


class ZoneSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one antenna covers."""

    zone: Name
    bay: Name
    shelf: Name
    role: ZoneRole = "shelf"


class AgentSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All one agent is told. `heartbeat_s` and `health_s` are shop seconds, `lights_off_after_s` is wall time."""

    store: Annotated[str, Meta(pattern=r"^(_new|[A-Za-z0-9][A-Za-z0-9._-]{0,63})$")]
    device: Name
    hardware: HardwareFunction
    data_dir: Annotated[str, Meta(min_length=1)]
    broker: BrokerUrl
    heartbeat_s: Seconds = 30.0
    health_s: Seconds = 60.0
    hardware_options: dict[str, object] = {}
    drivers: Annotated[tuple[DriverSettings, ...], Meta(max_length=PLATES_MAX)] = ()
    plates: Annotated[tuple[PlateSettings, ...], Meta(max_length=PLATES_MAX)] = ()
    zones: tuple[ZoneSettings, ...] = ()
    readers: Annotated[tuple[ReaderSettings, ...], Meta(max_length=READERS_MAX)] = ()
    lights: Annotated[tuple[LightSettings, ...], Meta(max_length=LIGHTS_MAX)] = ()
    lights_off_after_s: Seconds = 120.0

    def birth_plates(self) -> list[BirthPlate]:
        """Return the plates as the birth message tells them."""
        return [BirthPlate(**msgspec.structs.asdict(plate)) for plate in self.plates]

    def birth_zones(self) -> list[BirthZone]:
        """Return the zones as the birth message tells them."""
        return [BirthZone(**msgspec.structs.asdict(zone)) for zone in self.zones]

    def birth_lights(self) -> list[Name]:
        """Return the positions with a light as the birth message tells them."""
        return [position for light in self.lights for position in light.position_names()]


def read_settings(path: Path) -> AgentSettings:
    """Return the settings of a file. Raises ConfigurationError naming file, line, what was found and expected."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read ({error.strerror}), expected the agent's TOML file"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: byte {error.start} is not UTF-8, expected a TOML file") from error
    try:
        return parse_settings(text)
    except SettingError as error:
        raise ConfigurationError(f"{path}:{error.line}: {error}") from error


def parse_settings(text: str) -> AgentSettings:
    """Return the settings a TOML text holds. Raises SettingError with the line."""
    table = toml_text.load(text)
    _refuse_unknown_keys(table, text)
    for _, reader in rows_of(table, "readers"):
        reader.setdefault("reader", LLRP)
    settings = toml_text.convert(table, AgentSettings, text, EXPECTED)
    _refuse_contradictions(settings, text)
    return settings


def _refuse_unknown_keys(table: dict[str, object], text: str) -> None:
    refuse_unknown(table, AgentSettings.__struct_fields__, (), text)
    kinds: dict[str, type[Struct]] = {"plates": PlateSettings, "zones": ZoneSettings}
    for name, kind in kinds.items():
        for index, row in rows_of(table, name):
            refuse_unknown(row, kind.__struct_fields__, (name, index), text)
    for index, row in rows_of(table, "readers"):
        try:
            kind = READERS[kind_of(row)]
        except ConfigurationError as error:
            raise SettingError(str(error), line_of(text, ("readers", index, "reader"))) from error
        refuse_unknown(row, ("reader", *kind.__struct_fields__), ("readers", index), text)
    tagged = {"driver": ("drivers", DRIVERS), "light": ("lights", LIGHTS)}
    for key, (name, known) in tagged.items():
        for index, row in rows_of(table, name):
            word = row.get(key)
            if not isinstance(word, str) or word not in known:
                raise SettingError(_wrong_kind(key, word, known), line_of(text, (name, index, key)))
            refuse_unknown(row, (key, *known[word].__struct_fields__), (name, index), text)


def _wrong_kind(key: str, found: object, known: Iterable[str]) -> str:
    if found is None:
        return f"{key}: missing, expected a value"
    near = difflib.get_close_matches(str(found), known, n=1)
    return f"{key}: found {found!r}, " + (f"did you mean {near[0]}?" if near else f"expected {EXPECTED[key]}")


def _refuse_contradictions(settings: AgentSettings, text: str) -> None:
    for name, key, values in (
        ("plates", "plate", [plate.plate for plate in settings.plates]),
        ("zones", "zone", [zone.zone for zone in settings.zones]),
    ):
        for value in _repeated(values):
            again = len(values) - 1 - values[::-1].index(value)
            line = line_of(text, (name, again, key))
            raise SettingError(f"{key}: found {value!r} twice, expected every {key} once", line)
    for index, plate in enumerate(settings.plates):
        if plate.counts_per_g == 0.0:
            line = line_of(text, ("plates", index, "counts_per_g"))
            raise SettingError("counts_per_g: found 0, expected counts one gram adds", line)
    for path, said in driver_problems(settings.drivers, {plate.plate: plate.rate_sps for plate in settings.plates}):
        raise SettingError(said, line_of(text, path))
    for path, said in reader_problems(settings.readers, [zone.zone for zone in settings.zones]):
        raise SettingError(said, line_of(text, path))
    for path, said in light_problems(settings.lights, settings.drivers):
        raise SettingError(said, line_of(text, path))
    if not settings.plates and not settings.zones:
        raise SettingError("plates: found none and no zones, expected at least one of them", 1)


def _repeated(values: Iterable[str]) -> list[str]:
    return [value for value, count in Counter(values).items() if count > 1]


NAME = "letters, digits, dot, dash and underscore, at most 64"
EXPECTED = {
    "store": NAME,
    "device": NAME,
    "hardware": "module:function, such as firmware_sim.wires:open_bay",
    "data_dir": "the path of a folder",
    "broker": "an address such as mqtt://host:1883",
    "heartbeat_s": "seconds above 0, at most 86400",
    "health_s": "seconds above 0, at most 86400",
    "hardware_options": "a table",
    "drivers": f"at most {PLATES_MAX} tables [[drivers]]",
    "driver": f"one of {', '.join(DRIVERS)}",
    "clock_pin": "the BCM number of a pin, 0 to 27",
    "data_pins": f"a table of at most {GPIO_PLATES_MAX} plates with the BCM number of the pin of each, 0 to 27",
    "spi_bus": "a bus from 0 to 9",
    "spi_device": "a chip select from 0 to 2",
    "speed_hz": "bits a second from 40000 to 4000000",
    "iio_device": "a label, or a folder such as iio:device0",
    "i2c_bus": "a bus from 0 to 30",
    "mux_address": "the address of the TCA9548A, 0x70 to 0x77",
    "mux_channels": "a table of plates with the channel of each, 0 to 7",
    "plates": f"at most {PLATES_MAX} tables [[plates]]",
    "zones": "tables [[zones]]",
    "readers": f"at most {READERS_MAX} tables [[readers]]",
    **READER_EXPECTED,
    "lights": f"at most {LIGHTS_MAX} tables [[lights]]",
    "lights_off_after_s": "seconds above 0, at most 86400",
    **LIGHT_EXPECTED,
    "plate": NAME,
    "zone": NAME,
    "bay": NAME,
    "shelf": NAME,
    "zero_count": "a number of counts",
    "counts_per_g": "a number of counts",
    "capacity_g": "grams above 0, at most 10000000",
    "rate_sps": "samples a second above 0, at most 1000",
    "calibration_version": "a whole number from 1",
    "role": f"one of {', '.join(get_args(ZoneRole))}",
}
"""What each key may hold, in the words of who writes the file."""
