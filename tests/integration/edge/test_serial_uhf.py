"""A serial UHF module on a pseudo terminal: read, unplugged, hung, drowned in noise, and always back by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from contract.clock import ShopClock
from contract.errors import HardwareError
from contract.hardware import TagSighting
from contract.ids import ZoneId
from contract.records import TagRecord
from edge.agent import Bay, open_hardware
from edge.handover import Handover
from edge.reader_settings import SerialUhfSettings
from edge.sampling.pace import Pace
from edge.sampling.serial_uhf import SerialUhfReader
from edge.sampling.tags import TagPoller, ZonedReader
from edge.settings import AgentSettings, ZoneSettings
from firmware_sim.serial_line import PluggedLine
from firmware_sim.serial_uhf import SimulatedUhfModule
from firmware_sim.tags import TagPlace

RAIL, DOOR = ZoneId("b3-s4-z1"), ZoneId("b3-door")
COAT = "30751FEB705C5904E3D50D70"
LENGTHS = {bits: bytes(range(bits // 8)).hex().upper() for bits in (96, 128, 198 + 10, 256, 496)}
"""EPCs of SGTIN-96 to the longest a tag can have; an SGTIN-198 takes 208 bits, which are whole words."""

QUICK = Pace(quiet_s=0.4, answer_s=0.8, connect_s=5.0, wake_s=0.05, retry_min_s=0.05, retry_max_s=0.2)
PATIENT = Pace(quiet_s=20.0, answer_s=20.0, connect_s=5.0, wake_s=0.05, retry_min_s=0.05, retry_max_s=0.2)
"""For what must not be mistaken for silence when the machine that runs the test is busy."""

DEADLINE_S = 60.0
STOP, POLL, FHSS, POWER, REGION = 0x28, 0x27, 0xAD, 0xB6, 0x07


def _until(done: Callable[[], bool]) -> None:
    give_up = time.monotonic() + DEADLINE_S
    while not done():
        assert time.monotonic() < give_up, "it never came"
        time.sleep(0.02)


def _answer(reader: SerialUhfReader) -> Sequence[TagSighting] | None:
    """Return the sightings, or None when the module is away."""
    try:
        return reader.sightings()
    except HardwareError:
        return None


def _reason(reader: SerialUhfReader) -> str:
    try:
        reader.sightings()
    except HardwareError as error:
        return str(error)
    return ""


def _reads(reader: SerialUhfReader, epc: str = COAT) -> bool:
    return any(sighting.epc == epc for sighting in _answer(reader) or ())


@pytest.fixture
def module() -> SimulatedUhfModule:
    simulated = SimulatedUhfModule(ShopClock(), seed=1)
    simulated.set_tags({COAT: TagPlace(0.65, -55.0)})
    return simulated


@pytest.fixture
def line(module: SimulatedUhfModule, tmp_path: Path) -> Iterator[PluggedLine]:
    with PluggedLine(module, tmp_path / "ttyUSB0") as plugged:
        yield plugged


def _reader(line: PluggedLine, *, pace: Pace = PATIENT, **settings: Any) -> SerialUhfReader:
    return SerialUhfReader(str(line.port), RAIL, ShopClock(), pace=pace, **settings)


@pytest.fixture
def reader(line: PluggedLine) -> Iterator[SerialUhfReader]:
    with closing(_reader(line)) as running:
        yield running


@pytest.fixture
def quick_reader(line: PluggedLine) -> Iterator[SerialUhfReader]:
    with closing(_reader(line, pace=QUICK)) as running:
        yield running


def test_tags_of_every_length_are_read_with_their_signal(module: SimulatedUhfModule, reader: SerialUhfReader) -> None:
    module.set_tags({epc: TagPlace(0.9, -48.0) for epc in LENGTHS.values()})
    seen: dict[str, TagSighting] = {}

    def all_of_them() -> bool:
        seen.update({sighting.epc: sighting for sighting in _answer(reader) or ()})
        return set(seen) >= set(LENGTHS.values())

    _until(all_of_them)
    assert {sighting.zone for sighting in seen.values()} == {RAIL}
    assert seen[LENGTHS[496]].rssi_dbm == pytest.approx(-48.0, abs=12.0)
    assert isinstance(reader, ZonedReader)
    assert reader.zones_away == frozenset()
    assert reader.take_rejected() == {}


def test_a_module_is_set_up_as_the_file_says(module: SimulatedUhfModule, line: PluggedLine) -> None:
    with closing(_reader(line, region="eu", power_dbm=20.0)) as reader:
        _until(lambda: _reads(reader))
    assert (module.region, module.hops, module.power_dbm) == (3, True, 20.0)


def test_what_the_file_does_not_say_stays_as_the_module_has_it(
    module: SimulatedUhfModule, reader: SerialUhfReader
) -> None:
    _until(lambda: _reads(reader))
    assert not {REGION, FHSS, POWER} & set(module.asked)


def test_a_power_the_module_refuses_is_told(line: PluggedLine) -> None:
    with closing(_reader(line, power_dbm=33.0)) as reader:
        _until(lambda: "it refused power_dbm 33 (error 17)" in _reason(reader))
        assert reader.zones_away == {RAIL}


def test_garbage_on_the_line_costs_what_it_hits_and_no_more(
    module: SimulatedUhfModule, line: PluggedLine, reader: SerialUhfReader
) -> None:
    _until(lambda: _reads(reader))
    with line.lock:
        module.say(b"\x00\xbb\xff\x7e\xbb\x02\x22\x00\x11garbage")
    rejected: dict[str, int] = {}

    def counted() -> bool:
        rejected.update(reader.take_rejected())
        return bool(rejected)

    _until(counted)
    assert "connection_lost" not in rejected
    _until(lambda: _reads(reader))


def test_a_module_that_is_unplugged_is_away_and_comes_back_by_itself(
    line: PluggedLine, reader: SerialUhfReader
) -> None:
    _until(lambda: _reads(reader))
    line.unplug()
    _until(lambda: _answer(reader) is None)
    assert reader.zones_away == {RAIL}
    _until(lambda: "ttyUSB0 does not answer: the port cannot be opened" in _reason(reader))
    line.plug_in()
    _until(lambda: _reads(reader))
    assert reader.zones_away == frozenset()


def test_a_module_that_hangs_is_asked_again_and_then_away(
    module: SimulatedUhfModule, line: PluggedLine, quick_reader: SerialUhfReader
) -> None:
    poller = TagPoller([quick_reader], [RAIL, DOOR])
    _until(lambda: _reads(quick_reader))
    module.hung = True
    _until(lambda: not poller.poll() and poller.away == {RAIL})
    with line.lock:
        module.power_up()
        module.hung = False
    _until(lambda: bool(poller.poll()) and not poller.away)


def test_a_module_that_has_done_its_polls_is_told_to_go_on(
    module: SimulatedUhfModule, line: PluggedLine, quick_reader: SerialUhfReader
) -> None:
    _until(lambda: _reads(quick_reader))
    with line.lock:
        module.polls_left = 0
    _until(lambda: module.asked[POLL] >= 2 and _reads(quick_reader))


def test_an_empty_shelf_is_no_dead_module(module: SimulatedUhfModule, quick_reader: SerialUhfReader) -> None:
    module.set_tags({})
    _until(lambda: module.polls_left > 0 and _answer(quick_reader) == ())
    asked = module.polls_left
    _until(lambda: module.polls_left < asked - 40)
    assert "connection_lost" not in quick_reader.take_rejected()
    assert _answer(quick_reader) == ()


def test_a_module_that_finds_every_channel_taken_hears_nothing_and_says_so(
    module: SimulatedUhfModule, quick_reader: SerialUhfReader
) -> None:
    _until(lambda: _reads(quick_reader))
    module.busy = True
    _until(lambda: "every channel is in use by other readers" in _reason(quick_reader))
    assert quick_reader.zones_away == {RAIL}
    assert quick_reader.take_rejected()["channels_busy"] > 0
    module.busy = False
    _until(lambda: _reads(quick_reader))


def test_another_speed_is_told_as_such(module: SimulatedUhfModule, line: PluggedLine) -> None:
    with line.lock:
        module.receive(bytes.fromhex("BB 00 27 00 03 22 27 10 83 7E"))
    with closing(_reader(line, pace=QUICK, baud=9_600)) as reader:
        _until(lambda: "only noise comes at 9600 baud" in _reason(reader))
        assert reader.zones_away == {RAIL}
        assert sum(reader.take_rejected().values()) > 0


def test_a_module_set_to_another_speed_is_read_at_it(tmp_path: Path) -> None:
    module = SimulatedUhfModule(ShopClock(), baud=38_400)
    module.set_tags({COAT: TagPlace(0.9, -55.0)})
    with (
        PluggedLine(module, tmp_path / "ttyAMA0") as line,
        closing(_reader(line, baud=38_400)) as reader,
    ):
        _until(lambda: _reads(reader))


def test_closing_switches_the_antenna_off(module: SimulatedUhfModule, line: PluggedLine) -> None:
    reader = _reader(line)
    _until(lambda: _reads(reader))
    reader.close()
    assert module.polls_left == 0
    assert module.asked[STOP] == 2
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("uhf-")]


def test_a_port_another_program_uses_is_told(line: PluggedLine, reader: SerialUhfReader) -> None:
    _until(lambda: _reads(reader))
    with closing(_reader(line)) as second:
        _until(lambda: "Could not exclusively lock port" in _reason(second))
        _until(lambda: _reads(reader))


def test_a_tag_before_a_module_becomes_a_record_of_the_bay(line: PluggedLine) -> None:
    settings = AgentSettings(
        store="corner-shop",
        device="bay-3",
        hardware="edge.sampling.raspberry_pi:open_bay",
        data_dir="unused",
        broker="mqtt://127.0.0.1:1883",
        zones=(ZoneSettings(zone=RAIL, bay="b3", shelf="b3-s4"),),
        readers=(SerialUhfSettings(serial_port=str(line.port), zone=RAIL),),
    )
    clock, handover = ShopClock(rate=5.0), Handover()
    arrived: list[TagRecord] = []
    with closing(Bay(settings, open_hardware(settings, clock), clock, handover)) as bay:

        def there() -> bool:
            bay.look()
            arrived.extend(record for record in handover.take(0.0) if isinstance(record, TagRecord))
            return bool(arrived)

        _until(there)
    assert [(record.epc, record.zone, record.kind) for record in arrived] == [(COAT, RAIL, "arrived")]
