"""An LLRP reader on a real socket: read, killed, cut off without a word, refused, and always back by itself."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing

import pytest
from llrpkit.emulator.core import EmulatedTag

import edge.sampling.held_sightings
from contract.clock import ShopClock
from contract.errors import HardwareError
from contract.hardware import LoadCellLine, TagReader, TagSighting
from contract.ids import PlateId, ZoneId
from contract.records import TagRecord
from edge.agent import Bay, open_hardware
from edge.handover import Handover
from edge.reader_settings import LlrpReaderSettings
from edge.sampling.llrp import LlrpReader
from edge.sampling.pace import Pace
from edge.sampling.tags import TagPoller, ZonedReader
from edge.settings import AgentSettings, ZoneSettings
from tests.fakes.llrp_reader import ChoosyEmulator, ReaderOnAThread

RAIL, DOOR, FAR = ZoneId("b3-s4-z1"), ZoneId("b3-door"), ZoneId("b3-s4-z9")
ANTENNAS = {1: RAIL, 2: DOOR}
COAT, CAP, STRAY = "3034257BF7194E4000001A85", "F73795211411234538566CB0AFC4", "30340000000000000000000A"
TAGS = [
    EmulatedTag(epc=bytes.fromhex(COAT), antennas=(1,), rssi_dbm=-48.0),
    EmulatedTag(epc=bytes.fromhex(CAP), antennas=(2,), rssi_dbm=-60.0),
    EmulatedTag(epc=bytes.fromhex(STRAY), antennas=(4,), rssi_dbm=-50.0),
]
QUICK = Pace(quiet_s=0.3, answer_s=0.5, connect_s=5.0, wake_s=0.05, retry_min_s=0.05, retry_max_s=0.2)
DEADLINE_S = 60.0


def _reader(port: int) -> LlrpReader:
    return LlrpReader("127.0.0.1", port, ANTENNAS, ShopClock(), pace=QUICK)


def _until(done: Callable[[], bool]) -> None:
    give_up = time.monotonic() + DEADLINE_S
    while not done():
        assert time.monotonic() < give_up, "it never came"
        time.sleep(0.02)


def _answer(reader: TagReader) -> Sequence[TagSighting] | None:
    """Return the sightings, or None when the reader is away."""
    try:
        return reader.sightings()
    except HardwareError:
        return None


def _reads(reader: TagReader, epc: str = COAT) -> bool:
    return any(sighting.epc == epc for sighting in _answer(reader) or ())


@pytest.fixture
def device() -> Iterator[ReaderOnAThread]:
    with ReaderOnAThread(ChoosyEmulator(TAGS)) as running:
        yield running


@pytest.fixture
def reader(device: ReaderOnAThread) -> Iterator[LlrpReader]:
    with closing(_reader(device.port)) as running:
        yield running


def test_every_antenna_tells_its_zone_and_no_other_antenna_is_asked(
    device: ReaderOnAThread, reader: LlrpReader
) -> None:
    seen: dict[str, TagSighting] = {}

    def both() -> bool:
        seen.update({sighting.epc: sighting for sighting in _answer(reader) or ()})
        return {COAT, CAP} <= set(seen)

    _until(both)
    assert (seen[COAT].zone, seen[CAP].zone) == (RAIL, DOOR)
    assert seen[COAT].rssi_dbm == pytest.approx(-48.0, abs=10.0)
    assert STRAY not in seen
    assert not device.emulator.speaks_impinj
    assert isinstance(reader, ZonedReader)
    assert reader.zones_away == frozenset()


def test_a_reader_that_loses_its_power_is_away_and_comes_back_by_itself(
    device: ReaderOnAThread, reader: LlrpReader
) -> None:
    _until(lambda: _reads(reader))
    device.kill()
    _until(lambda: _answer(reader) is None)
    assert reader.zones_away == {RAIL, DOOR}
    assert reader.take_rejected() == {"connection_lost": 1}
    with pytest.raises(HardwareError, match=r"the reader at 127\.0\.0\.1:\d+ does not answer: "):
        reader.sightings()
    device.boot()
    _until(lambda: _reads(reader))
    assert reader.zones_away == frozenset()
    assert reader.take_rejected() == {}


def test_a_connection_that_died_without_a_word_is_noticed_and_made_anew(
    device: ReaderOnAThread, reader: LlrpReader
) -> None:
    """While the reader believes in the old connection it refuses the new one: it takes one client."""
    _until(lambda: _reads(reader))
    device.hold_back()
    _until(lambda: _answer(reader) is None)
    device.heal()
    _until(lambda: _reads(reader))


def test_an_empty_shelf_is_no_dead_connection() -> None:
    with ReaderOnAThread(ChoosyEmulator([])) as device, closing(_reader(device.port)) as reader:
        _until(lambda: device.emulator.asked["GET_ROSPECS"] >= 3)
        assert reader.sightings() == ()
        assert device.emulator.asked["ADD_ROSPEC"] == 1
        assert device.emulator.keepalive_acks > 0


def test_an_inventory_that_somebody_stopped_is_begun_again(device: ReaderOnAThread, reader: LlrpReader) -> None:
    _until(lambda: _reads(reader))
    device.stop_inventory()
    _until(lambda: device.emulator.asked["ADD_ROSPEC"] == 2)
    _until(lambda: _reads(reader))


def test_a_pulled_antenna_cable_makes_its_zone_deaf_and_no_other(device: ReaderOnAThread, reader: LlrpReader) -> None:
    poller = TagPoller([reader], [RAIL, DOOR])
    _until(lambda: _reads(reader, CAP))
    device.set_antenna(2, plugged=False)

    def only_the_door_is_away() -> bool:
        heard = {sighting.zone for sighting in poller.poll()}
        return poller.away == {DOOR} and heard == {RAIL}

    _until(only_the_door_is_away)
    device.set_antenna(2, plugged=True)
    _until(lambda: not poller.away if poller.poll() else False)


def test_a_cable_that_was_pulled_before_we_came_is_told() -> None:
    emulator = ChoosyEmulator([TAGS[0]])
    emulator.unplugged = {1, 2, 3}
    with ReaderOnAThread(emulator) as device, closing(_reader(device.port)) as reader:
        # Antenna 1 is heard all the same: some readers call an antenna unplugged that works.
        _until(lambda: _reads(reader) and reader.zones_away == {DOOR})


def test_a_tag_before_a_reader_becomes_a_record_of_the_bay(device: ReaderOnAThread) -> None:
    settings = AgentSettings(
        store="corner-shop",
        device="bay-3",
        hardware=f"{__name__}:open_bay",
        data_dir="unused",
        broker="mqtt://127.0.0.1:1883",
        zones=tuple(ZoneSettings(zone=zone, bay="b3", shelf="b3-s4") for zone in (RAIL, DOOR, FAR)),
        readers=(LlrpReaderSettings(host="127.0.0.1", port=device.port, antennas={"1": RAIL, "2": DOOR}),),
    )
    clock, handover = ShopClock(rate=5.0), Handover()
    hardware = open_hardware(settings, clock)
    assert isinstance(hardware, BareBay)
    assert hardware.zones == [FAR]
    arrived: dict[str, str] = {}
    with closing(Bay(settings, hardware, clock, handover)) as bay:

        def both() -> bool:
            bay.look()
            records = handover.take(0.0)
            arrived.update({record.epc: record.zone for record in records if isinstance(record, TagRecord)})
            return len(arrived) == 2

        _until(both)
    assert arrived == {COAT: RAIL, CAP: DOOR}


class BareBay:
    """Implements `BayHardware` without any wires, and remembers which zones it was asked for."""

    board = None
    lines: Mapping[PlateId, LoadCellLine] = {}
    readers: Sequence[TagReader] = ()

    def __init__(self, zones: Sequence[ZoneId]) -> None:
        self.zones = zones

    def close(self) -> None:
        """Nothing to let go of."""


def open_bay(*, zones: Sequence[ZoneId], **_: object) -> BareBay:
    return BareBay(zones)


def test_a_reader_that_refuses_air_settings_is_asked_plainly() -> None:
    emulator = ChoosyEmulator(TAGS, refuses_air_settings=True)
    with ReaderOnAThread(emulator) as device, closing(_reader(device.port)) as reader:
        _until(lambda: _reads(reader))
        assert len(emulator.specs) == 2


def test_a_reader_that_tells_nothing_of_its_antennas_is_asked_for_keepalives_alone() -> None:
    emulator = ChoosyEmulator(TAGS, refuses_events=True)
    with ReaderOnAThread(emulator) as device, closing(_reader(device.port)) as reader:
        _until(lambda: _reads(reader) and emulator.keepalive_acks > 0)
        assert emulator.asked["SET_READER_CONFIG"] == 2


def test_closing_switches_the_antennas_off(device: ReaderOnAThread) -> None:
    reader = _reader(device.port)
    _until(lambda: _reads(reader))
    reader.close()
    _until(lambda: device.emulator.asked["CLOSE_CONNECTION"] == 1)
    assert device.emulator.asked["DELETE_ROSPEC"] == 3
    assert not [thread for thread in threading.enumerate() if thread.name == "llrp-127.0.0.1"]


def test_a_program_that_does_not_ask_loses_the_oldest_and_is_told(
    device: ReaderOnAThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge.sampling.held_sightings, "SIGHTINGS_MAX", 5)
    with closing(_reader(device.port)) as reader:
        rejected: list[str] = []

        def full() -> bool:
            rejected.extend(reader.take_rejected())
            return "buffer_full" in rejected

        _until(full)
        assert len(reader.sightings()) <= 5


def test_what_answers_and_is_no_reader_is_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, closing(_reader(other.getsockname()[1])) as reader:
        for _ in range(3):
            visitor, _ = other.accept()
            with visitor:
                visitor.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        _until(lambda: "protocol error" in _reason(reader))


def _reason(reader: LlrpReader) -> str:
    try:
        reader.sightings()
    except HardwareError as error:
        return str(error)
    return ""
