"""What the agent's file says of RFID readers: one table [[readers]] for each."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Sequence
from typing import Annotated

from msgspec import Meta, Struct

from contract.ids import ZoneId
from contract.records import Name

LLRP_PORT = 5084
"""Registered with IANA for LLRP."""

ANTENNA_MAX = 65_535
READERS_MAX = 16

Problem = tuple[tuple[str | int, ...], str]
"""Where in the file something is wrong, and the sentence about it."""


class ReaderSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One reader that speaks LLRP. `antennas` gives each antenna, by the number its socket bears, its zone."""

    host: Annotated[str, Meta(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,252}|[0-9A-Fa-f:.]{1,44})$")]
    antennas: Annotated[dict[str, Name], Meta(min_length=1, max_length=64)]
    port: Annotated[int, Meta(ge=1, le=65_535)] = LLRP_PORT

    def zones_by_antenna(self) -> dict[int, ZoneId]:
        """Return the zone each antenna covers."""
        return {int(antenna): ZoneId(zone) for antenna, zone in self.antennas.items()}


EXPECTED = {
    "host": "the name or address of a reader, such as 192.168.1.30",
    "antennas": 'a table of antenna numbers and zones, such as { 1 = "b3-s4-z1" }',
    "port": f"a port from 1 to 65535; readers listen on {LLRP_PORT}",
}
"""What each key may hold, in the words of who writes the file."""


def reader_problems(readers: Sequence[ReaderSettings], zones: Collection[str]) -> Iterator[Problem]:
    """Yield what is wrong with readers that are well-formed each; `zones` are those the file has."""
    called: set[tuple[str, int]] = set()
    for index, reader in enumerate(readers):
        place = ("readers", index, "antennas")
        if (reader.host, reader.port) in called:
            said = f"host: found {reader.host!r} twice, expected every reader once: it takes one connection"
            yield ("readers", index, "host"), said
        called.add((reader.host, reader.port))
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
    return frozenset(zone for reader in readers for zone in reader.zones_by_antenna().values())


def _nearest(zone: str, zones: Collection[str]) -> str:
    near = difflib.get_close_matches(zone, zones, n=1)
    if near:
        return f"did you mean {near[0]}?"
    return f"expected one of {', '.join(zones)}" if zones else "expected a zone of a table [[zones]], and there is none"
