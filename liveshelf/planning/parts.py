"""What is to be bought: scales and zones in, parts by number and the load on every Raspberry Pi out (pure).

No prices: they differ from shop to shop and from day to day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import Literal

from liveshelf.planning.goods import Stand
from liveshelf.planning.scales import Scale

Connection = Literal["hx711", "nau7802", "hx711_spi"]

PLATES_MAX = 24
"""So many plates at 10 samples a second one Raspberry Pi is promised to read: at 15 us a pulse, Python clocks 24 HX711
at 10/s in some 9 % of a core, but at 80/s in 72 % (estimate from measured pulses). A promise, not a wall."""

PINS = 26
"""Pins of the 40-pin header that are free for anything: GPIO 2 to 27 (0 and 1 belong to the memory of a HAT)."""

SPI_BUSES = 5
"""SPI buses of a Raspberry Pi 4 or 5 that can be used side by side: on a 4 these are 0, 1, 3, 4 and 5, because 6 shares
its pins with 1 (rppal, documentation of `spi`). A Pi 3 or Zero 2 W has two. An HX711 never releases DOUT, so a bus
carries one."""

CHANNELS = 8
"""A TCA9548A connects eight buses (TI data sheet SCPS207); a NAU7802 has one address, so each needs its own."""

READER_PORTS = 4
"""Antennas of one fixed UHF reader: models with four ports are the usual ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One line of a parts list. `part` is a word for programs, `said` names it for people."""

    part: str
    said: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PiLoad:
    """What hangs on one Raspberry Pi: its plates, and how much of what is scarce they take."""

    bay: str
    plates: tuple[str, ...]
    used: int
    available: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to connect the plates: the parts it needs, which boards it works with, and what is scarce on a board."""

    connection: Connection
    said: str
    boards: str
    scarce: str
    parts: tuple[Part, ...]
    pis: tuple[PiLoad, ...]


def common_parts(scales: Mapping[str, Scale], goods: Iterable[Stand]) -> tuple[Part, ...]:
    """Return what is needed however the plates are connected: plates, cells by capacity, antennas, readers, cables."""
    cells = Counter(scale.cell_g for scale in scales.values() if scale.cell_g is not None)
    zones = zones_by_bay(goods)
    antennas = sum(map(len, zones.values()))
    readers = sum(ceil(len(own) / READER_PORTS) for own in zones.values())
    return _listed(
        *(
            Part(
                part=f"load_cell_{cell_g / 1000:g}_kg",
                said=f"load cell, single point, {cell_g / 1000:g} kg",
                count=count,
            )
            for cell_g, count in sorted(cells.items())
        ),
        Part(
            part="load_cell_open", said="load cell, capacity still open (see below)", count=len(scales) - cells.total()
        ),
        Part(part="plate", said="plate on a load cell", count=len(scales)),
        Part(part="cell_cable", said="cable from cell to converter, shielded, 4 wires, short", count=len(scales)),
        Part(part="antenna", said="UHF antenna, one a zone", count=antennas),
        Part(part="reader_port", said="reader port, one an antenna", count=antennas),
        Part(part="reader", said=f"UHF reader with {READER_PORTS} ports (LLRP), network cable", count=readers),
        Part(part="antenna_cable", said="coaxial cable from reader to antenna", count=antennas),
    )


def ways(scales: Mapping[str, Scale], goods: Iterable[Stand]) -> tuple[Way, ...]:
    """Return the three ways to connect the plates; every bay with a sensor has a Raspberry Pi of its own."""
    plates_of: dict[str, list[str]] = {stand.bay: [] for stand in goods if stand.plates or stand.zones}
    for scale in scales.values():
        plates_of[scale.bay].append(scale.plate)
    if not plates_of:
        return ()
    return (_hx711(plates_of), _nau7802(plates_of), _hx711_spi(plates_of))


def zones_by_bay(goods: Iterable[Stand]) -> Mapping[str, tuple[str, ...]]:
    """Return the zones by the bay they are first seen in."""
    bay_of: dict[str, str] = {}
    for stand in goods:
        for zone in stand.zones:
            bay_of.setdefault(zone, stand.bay)
    return {bay: tuple(zone for zone, own in bay_of.items() if own == bay) for bay in dict.fromkeys(bay_of.values())}


def _hx711(plates_of: Mapping[str, Sequence[str]]) -> Way:
    """One clock line for all converters of a board and a data line each."""
    pis = tuple(
        PiLoad(bay=bay, plates=plates, used=len(plates) + 1 if plates else 0, available=PINS)
        for bay, plates in _shared_out(plates_of, PLATES_MAX)
    )
    plates = sum(len(pi.plates) for pi in pis)
    return Way(
        connection="hx711",
        said="HX711 on GPIO pins",
        boards="Raspberry Pi 3, 4, Zero 2 W (not 5)",
        scarce="pins",
        parts=_listed(
            Part(part="hx711", said="HX711 board, 10 samples/s", count=plates),
            Part(part="converter_cable", said="cable from converter to Pi, 4 wires", count=plates),
            *_pi_parts(len(pis)),
        ),
        pis=pis,
    )


def _nau7802(plates_of: Mapping[str, Sequence[str]]) -> Way:
    """Eight converters behind a multiplexer, all multiplexers on one I2C bus.

    A look and a read take some 110 bits, so 24 plates at 10/s are a quarter of a bus at 100 kHz: channels are scarcer.
    """
    pis = tuple(
        PiLoad(bay=bay, plates=plates, used=len(plates), available=CHANNELS * ceil(PLATES_MAX / CHANNELS))
        for bay, plates in _shared_out(plates_of, PLATES_MAX)
    )
    plates = sum(len(pi.plates) for pi in pis)
    multiplexers = sum(ceil(len(pi.plates) / CHANNELS) for pi in pis)
    return Way(
        connection="nau7802",
        said="NAU7802 over I2C",
        boards="any Raspberry Pi",
        scarce="multiplexer channels",
        parts=_listed(
            Part(part="nau7802", said="NAU7802 board", count=plates),
            Part(part="tca9548a", said="TCA9548A multiplexer board, 8 channels", count=multiplexers),
            Part(part="converter_cable", said="cable from converter to multiplexer, 4 wires, short", count=plates),
            Part(part="multiplexer_cable", said="cable from multiplexer to Pi, 4 wires", count=multiplexers),
            *_pi_parts(len(pis)),
        ),
        pis=pis,
    )


def _hx711_spi(plates_of: Mapping[str, Sequence[str]]) -> Way:
    """One converter a bus: MOSI is its clock, MISO its data."""
    pis = tuple(
        PiLoad(bay=bay, plates=plates, used=len(plates), available=SPI_BUSES)
        for bay, plates in _shared_out(plates_of, SPI_BUSES)
    )
    plates = sum(len(pi.plates) for pi in pis)
    return Way(
        connection="hx711_spi",
        said="HX711 on SPI buses",
        boards="Raspberry Pi 4 or 5 (3 and Zero 2 W: two plates each)",
        scarce="SPI buses",
        parts=_listed(
            Part(part="hx711", said="HX711 board, 10 samples/s", count=plates),
            Part(part="converter_cable", said="cable from converter to Pi, 4 wires", count=plates),
            *_pi_parts(len(pis)),
        ),
        pis=pis,
    )


def _shared_out(plates_of: Mapping[str, Sequence[str]], plates_max: int) -> list[tuple[str, tuple[str, ...]]]:
    """Return the plates of every bay on as few boards as carry them, spread evenly, neighbours together."""
    boards: list[tuple[str, tuple[str, ...]]] = []
    for bay, plates in plates_of.items():
        count = max(1, ceil(len(plates) / plates_max))
        cuts = [len(plates) * board // count for board in range(count + 1)]
        boards.extend((bay, tuple(plates[first:last])) for first, last in pairwise(cuts))
    return boards


def _pi_parts(count: int) -> tuple[Part, ...]:
    return (
        Part(part="raspberry_pi", said="Raspberry Pi with memory card and power supply", count=count),
        Part(part="network", said="network cable or Wi-Fi for each Pi", count=count),
    )


def _listed(*parts: Part) -> tuple[Part, ...]:
    return tuple(part for part in parts if part.count)
