"""What the agent's file says of RFID readers: one table [[readers]] for each, LLRP where it does not say which kind."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct

from contract.errors import ConfigurationError
from contract.ids import ZoneId
from contract.records import Name

LLRP_PORT = 5084
"""Registered with IANA for LLRP."""

ANTENNA_MAX = 65_535
READERS_MAX = 16

Problem = tuple[tuple[str | int, ...], str]
"""Where in the file something is wrong, and the sentence about it."""

Region = Literal["china_900", "us", "eu", "china_800", "korea"]
"""Where a module may transmit, by the words of its protocol (`edge.sampling.uhf_frames`)."""

Baud = Literal[9_600, 19_200, 38_400, 57_600, 115_200]
PowerDbm = Annotated[float, Meta(ge=0.0, le=33.0)]
"""Up to what a module with its own amplifier may be built for; each refuses what is too much for it."""


class LlrpReaderSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="reader", tag="llrp"):
    """One reader that speaks LLRP. `antennas` gives each antenna, by the number its socket bears, its zone."""

    host: Annotated[str, Meta(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,252}|[0-9A-Fa-f:.]{1,44})$")]
    antennas: Annotated[dict[str, Name], Meta(min_length=1, max_length=64)]
    port: Annotated[int, Meta(ge=1, le=65_535)] = LLRP_PORT

    def zones_by_antenna(self) -> dict[int, ZoneId]:
        """Return the zone each antenna covers."""
        return {int(antenna): ZoneId(zone) for antenna, zone in self.antennas.items()}

    def zones(self) -> frozenset[ZoneId]:
        """Return the zones it covers."""
        return frozenset(self.zones_by_antenna().values())


class SerialUhfSettings(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="reader", tag="serial_uhf"
):
    """One UHF module on a serial port, with one antenna. What is not set stays as the module has it."""

    serial_port: Annotated[str, Meta(pattern=r"^/[^\s\x00]{1,250}$")]
    zone: Name
    baud: Baud = 115_200
    power_dbm: PowerDbm | None = None
    region: Region | None = None

    def zones(self) -> frozenset[ZoneId]:
        """Return the zone it covers."""
        return frozenset({ZoneId(self.zone)})


ReaderSettings = LlrpReaderSettings | SerialUhfSettings
READERS: Mapping[str, type[Struct]] = {"llrp": LlrpReaderSettings, "serial_uhf": SerialUhfSettings}
LLRP = "llrp"

EXPECTED = {
    "reader": f"one of {', '.join(READERS)}",
    "host": "the name or address of a reader, such as 192.168.1.30",
    "antennas": 'a table of antenna numbers and zones, such as { 1 = "b3-s4-z1" }',
    "port": f"a port from 1 to 65535; readers listen on {LLRP_PORT}",
    "serial_port": "the path of a serial port, such as /dev/serial/by-id/…",
    "baud": f"one of {', '.join(str(baud) for baud in get_args(Baud))}",
    "power_dbm": "dBm from 0 to 33",
    "region": f"one of {', '.join(get_args(Region))}",
}
"""What each key may hold, in the words of who writes the file."""


def kind_of(table: Mapping[str, object]) -> str:
    """Return the kind of reader a table is of. Raises ConfigurationError when it says none that is known."""
    kind = table.get("reader", LLRP)
    if not isinstance(kind, str) or kind not in READERS:
        near = difflib.get_close_matches(str(kind), READERS, n=1)
        expected = f"did you mean {near[0]}?" if near else f"expected {EXPECTED['reader']}"
        raise ConfigurationError(f"reader: found {kind!r}, {expected}")
    if "reader" not in table and "serial_port" in table:
        raise ConfigurationError("reader: missing, expected 'serial_uhf' for a table with serial_port")
    return kind


def reader_problems(readers: Sequence[ReaderSettings], zones: Collection[str]) -> Iterator[Problem]:
    """Yield what is wrong with readers that are well-formed each; `zones` are those the file has."""
    seen: set[tuple[str, object]] = set()
    for index, reader in enumerate(readers):
        key, address = ("host", reader.port) if isinstance(reader, LlrpReaderSettings) else ("serial_port", 0)
        name: str = getattr(reader, key)
        if (name, address) in seen:
            said = f"{key}: found {name!r} twice, expected every reader once: it takes one connection"
            yield ("readers", index, key), said
        seen.add((name, address))
        if isinstance(reader, LlrpReaderSettings):
            yield from _antenna_problems(reader, ("readers", index, "antennas"), zones)
        elif reader.zone not in zones:
            yield ("readers", index, "zone"), f"zone: found {reader.zone!r}, {_nearest(reader.zone, zones)}"


def _antenna_problems(
    reader: LlrpReaderSettings, place: tuple[str | int, ...], zones: Collection[str]
) -> Iterator[Problem]:
    for antenna, zone in reader.antennas.items():
        if not antenna.isascii() or not antenna.isdecimal() or not 1 <= int(antenna) <= ANTENNA_MAX:
            yield place, f"antennas: found {antenna!r}, expected the number of an antenna, 1 to {ANTENNA_MAX}"
        if zone not in zones:
            yield place, f"antennas: found zone {zone!r}, {_nearest(zone, zones)}"
    numbers = [int(antenna) for antenna in reader.antennas if antenna.isdecimal()]
    if len(set(numbers)) < len(numbers):
        yield place, f"antennas: found {', '.join(reader.antennas)}, expected every antenna once"


def zones_read(readers: Sequence[ReaderSettings]) -> frozenset[ZoneId]:
    """Return the zones readers of the file cover: the hardware function need not."""
    return frozenset(zone for reader in readers for zone in reader.zones())


def _nearest(zone: str, zones: Collection[str]) -> str:
    near = difflib.get_close_matches(zone, zones, n=1)
    if near:
        return f"did you mean {near[0]}?"
    return f"expected one of {', '.join(zones)}" if zones else "expected a zone of a table [[zones]], and there is none"
