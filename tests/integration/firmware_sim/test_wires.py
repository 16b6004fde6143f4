"""A bay on a real socket: a small world serves it, goes away and comes back."""

from __future__ import annotations

import contextlib
import json
import queue
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contract.clock import ShopClock
from contract.errors import HardwareError
from contract.hardware import BayHardware, LoadCellLine
from contract.ids import PlateId, ZoneId
from firmware_sim.load_cell import cell_for
from firmware_sim.wires import open_bay
from firmware_sim.world.shelves import Changes
from firmware_sim.world.streaming import LoadServer

PLATES = [PlateId("b1-s1-l1"), PlateId("b1-s1-l2")]
ZONES = [ZoneId("b1-s1-z1")]
EPCS = [f"3034257BF7194E40{number:08X}" for number in range(20)]
LOADS = {"b1-s1-l1": 1000.0, "b1-s1-l2": 0.0}
PICTURE = {"loads": LOADS, "tags": {"b1-s1-z1": EPCS}}
DEADLINE_S = 60.0


class SmallWorld:
    """Listens on a unix socket, sends its picture to who comes, then what `send` is given."""

    def __init__(self, path: Path, picture: object = PICTURE) -> None:
        self.hellos: queue.Queue[dict[str, object]] = queue.Queue()
        self._picture = picture
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen()
        self._path = path
        self._client: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def send(self, message: object) -> None:
        assert self._client is not None
        self._client.sendall(json.dumps(message).encode() + b"\n")

    def send_bytes(self, line: bytes) -> None:
        assert self._client is not None
        self._client.sendall(line)

    def close(self) -> None:
        """Die as a killed world does, its socket file left behind until the next one starts."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        if self._client is not None:
            self._client.close()
        self._path.unlink()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._client is not None:
                self._client.close()
            with client.makefile("rb") as lines:
                hello = json.loads(lines.readline())
            self._client = client
            self.send(self._picture)
            self.hellos.put(hello)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "world.sock"


@pytest.fixture
def bay(path: Path) -> Iterator[BayHardware]:
    clock = ShopClock(origin_unix_s=time.time(), rate=20.0)
    options = {"socket": str(path), "seed": 7, "vibration": 0.0, "blocked_share": 0.0}
    opened = open_bay(device="bay-1", plates=PLATES, zones=ZONES, options=options, clock=clock)
    yield opened
    opened.close()


def until(met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def weight_g(line: LoadCellLine, plate: PlateId) -> float:
    """Clock out the next conversion and turn it into grams with the true zero and gain."""
    until(line.ready)
    word = 0
    for _ in range(24):
        word = word << 1 | line.clock_bit()
    line.clock_bit()
    cell = cell_for(7, plate)
    return ((word - 2**24 if word & 0x800000 else word) - cell.zero_count) / cell.counts_per_g


def weighs(bay: BayHardware, plate: PlateId, load_g: float) -> Callable[[], bool]:
    """Tell whether a plate reads its load, but for creep, drift, bend and noise of a 10 kg cell."""
    return lambda: abs(weight_g(bay.lines[plate], plate) - load_g) < 10.0


def tags_seen(bay: BayHardware) -> set[str]:
    return {sighting.epc for sighting in bay.readers[0].sightings()}


def silent(bay: BayHardware, plate: PlateId) -> Callable[[], bool]:
    """Tell whether a line gives nothing for a while in which conversions would have ended."""

    def found() -> bool:
        for _ in range(30):
            if bay.lines[plate].ready():
                return False
            time.sleep(0.01)
        return True

    return found


def test_until_the_world_speaks_lines_are_not_ready_and_the_reader_is_away(bay: BayHardware) -> None:
    time.sleep(0.05)
    assert not any(line.ready() for line in bay.lines.values())
    with pytest.raises(HardwareError):
        bay.readers[0].sightings()


def test_an_agent_weighs_and_sees_what_the_world_holds(path: Path, bay: BayHardware) -> None:
    world = SmallWorld(path)
    assert world.hellos.get(timeout=DEADLINE_S) == {"device": "bay-1", "plates": PLATES, "zones": ZONES}
    until(weighs(bay, PLATES[0], 1000.0))
    until(weighs(bay, PLATES[1], 0.0))
    seen: set[str] = set()

    def all_seen() -> bool:
        seen.update(tags_seen(bay))
        return seen == set(EPCS)

    until(all_seen)
    world.close()


def test_a_change_names_only_what_changed(path: Path, bay: BayHardware) -> None:
    world = SmallWorld(path)
    until(weighs(bay, PLATES[0], 1000.0))
    world.send({"loads": {"b1-s1-l2": 538.0}})
    until(weighs(bay, PLATES[1], 538.0))
    until(weighs(bay, PLATES[0], 1000.0))
    world.send({"tags": {"b1-s1-z1": EPCS[:1]}})
    until(lambda: tags_seen(bay) == set(EPCS[:1]))
    world.close()


def test_a_plate_whose_plug_is_pulled_is_silent_until_it_is_put_back(path: Path, bay: BayHardware) -> None:
    world = SmallWorld(path)
    until(weighs(bay, PLATES[0], 1000.0))
    world.send({"unplugged": ["b1-s1-l1", "b2-s1-l1"]})
    until(silent(bay, PLATES[0]))
    world.send({"loads": {"b1-s1-l1": 480.0}})
    until(weighs(bay, PLATES[1], 0.0))
    assert not bay.lines[PLATES[0]].ready()
    world.send({"unplugged": []})
    until(weighs(bay, PLATES[0], 480.0))
    world.close()


def test_plates_of_other_bays_are_left_alone(path: Path, bay: BayHardware) -> None:
    world = SmallWorld(path, {"loads": {"b2-s1-l1": 5.0, **LOADS}, "tags": {"b2-z1": EPCS}})
    until(weighs(bay, PLATES[0], 1000.0))
    assert set(bay.lines) == set(PLATES)
    world.close()


def test_while_the_world_is_away_loads_stay_and_when_it_is_back_they_are_its_own(path: Path, bay: BayHardware) -> None:
    world = SmallWorld(path)
    until(weighs(bay, PLATES[0], 1000.0))
    world.close()
    until(weighs(bay, PLATES[0], 1000.0))
    world = SmallWorld(path, {"loads": {"b1-s1-l1": 250.0}})
    until(weighs(bay, PLATES[0], 250.0))
    until(weighs(bay, PLATES[1], 0.0))
    world.close()


@pytest.mark.parametrize("line", [b"not json\n", b'{"loads": {"b1-s1-l1": "heavy"}}\n', b"x" * 1_048_580])
def test_a_world_that_talks_nonsense_is_left_and_asked_again(path: Path, bay: BayHardware, line: bytes) -> None:
    world = SmallWorld(path)
    world.hellos.get(timeout=DEADLINE_S)
    with contextlib.suppress(BrokenPipeError):
        world.send_bytes(line)
    assert world.hellos.get(timeout=DEADLINE_S)["device"] == "bay-1"
    until(weighs(bay, PLATES[0], 1000.0))
    world.close()


def test_the_world_of_the_simulator_and_the_wires_speak_alike(path: Path, bay: BayHardware) -> None:
    with selectors.DefaultSelector() as selector:
        server = LoadServer(path, selector, lambda plates, zones: Changes(LOADS, {"b1-s1-z1": EPCS}), lambda _: {})

        def served() -> bool:
            for key, mask in selector.select(0.05):
                key.data(mask)
            return server.devices == {"bay-1"}

        until(served)
        until(weighs(bay, PLATES[0], 1000.0))
        server.publish(Changes({"b1-s1-l2": 538.0}, {"b1-s1-z1": EPCS[:1]}))
        until(weighs(bay, PLATES[1], 538.0))
        until(lambda: tags_seen(bay) == set(EPCS[:1]))
        server.publish(Changes({}, {}, frozenset({"b1-s1-l2"})))
        until(silent(bay, PLATES[1]))
        server.publish(Changes({}, {}, frozenset()))
        until(weighs(bay, PLATES[1], 538.0))
        server.close()


def test_a_plate_the_world_does_not_know_is_said_and_stays_silent(
    path: Path, bay: BayHardware, caplog: pytest.LogCaptureFixture
) -> None:
    world = SmallWorld(path, {"loads": {"b1-s1-l1": 1000.0}})
    until(weighs(bay, PLATES[0], 1000.0))
    until(lambda: any(record.message == "world does not know plates" for record in caplog.records))
    assert not bay.lines[PLATES[1]].ready()
    world.close()


def test_a_bay_without_zones_has_no_reader(path: Path) -> None:
    clock = ShopClock()
    bay = open_bay(device="bay-1", plates=PLATES, zones=[], options={"socket": str(path), "seed": 7}, clock=clock)
    assert list(bay.readers) == []
    bay.close()
