"""A real agent process between a small world and a real broker: bits go in, committed readings come out."""

from __future__ import annotations

import os
import queue
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from contract.clock import ShopClock
from contract.codec import decode, decode_body, decode_envelope, encode, unpack
from contract.records import Ack, Birth, ClockRecord, Command, HealthRecord, Record, State, WeightRecord
from edge.commanding.local_socket import LocalClient
from firmware_sim.load_cell import cell_for
from tests.fakes.world_socket import WorldSocket

pytestmark = pytest.mark.broker

SEED = 7
RATE = 5.0
PLATES = ("b1-s1-l1", "b1-s1-l2")
WAIT_S = 90.0


class SmallGateway:
    """Hears one device and commits all it sends in order, as a gateway does."""

    def __init__(self, broker_url: str, store: str, device: str) -> None:
        self.records: list[Record] = []
        self.birth: Birth | None = None
        self.states: queue.Queue[State] = queue.Queue()
        self._root = f"liveshelf/v1/{store}/{device}"
        self._watermarks: dict[str, int] = {}
        self._acks = 0
        url = urlsplit(broker_url)
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=f"gateway-{uuid.uuid4().hex[:8]}")
        self._client.on_message = self._take
        self._client.connect(url.hostname or "127.0.0.1", url.port or 1883)
        self._client.subscribe([(f"{self._root}/{channel}", 1) for channel in ("birth", "state", "readings")])
        self._client.loop_start()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def weights(self, kind: str) -> list[WeightRecord]:
        return [record for record in list(self.records) if isinstance(record, WeightRecord) and record.kind == kind]

    def _take(self, _client: Client, _user: object, message: MQTTMessage) -> None:
        payload = bytes(message.payload)
        match message.topic.removeprefix(self._root):
            case "/birth":
                self.birth = decode(payload, Birth)
            case "/state":
                self.states.put(decode(payload, State))
            case _:
                self._commit(payload)

    def _commit(self, payload: bytes) -> None:
        batch = decode_body(decode_envelope(payload))
        watermark = self._watermarks.get(batch.journal, 0)
        if batch.first <= watermark + 1:
            self.records.extend(record for seq, record in unpack(batch.blocks) if seq > watermark)
            self._watermarks[batch.journal] = max(watermark, batch.last)
        self._acks += 1
        ack = Ack(database_epoch="e", gateway_run="r", ack_no=self._acks, journals=dict(self._watermarks))
        self._client.publish(f"{self._root}/ack", encode(ack), qos=1, retain=True)


@dataclass(kw_only=True)
class Shelf:
    """One bay with its world, its gateway and its agent process."""

    world: WorldSocket
    gateway: SmallGateway
    agent: subprocess.Popen[str]
    data_dir: Path
    said: list[str] = field(default_factory=list)

    def wait(self, happened: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + WAIT_S
        while not happened():
            assert self.agent.poll() is None, f"the agent ended: {self.stop()[1]}"
            assert time.monotonic() < deadline, f"not within {WAIT_S} s: {what}"
            time.sleep(0.05)

    def stop(self) -> tuple[int, str]:
        if self.agent.poll() is None:
            self.agent.send_signal(signal.SIGTERM)
        _, stderr = self.agent.communicate(timeout=WAIT_S)
        return self.agent.returncode, stderr


def configuration(folder: Path, broker_url: str, device: str) -> Path:
    lines = [
        'store = "corner-shop"',
        f'device = "{device}"',
        'hardware = "firmware_sim.wires:open_bay"',
        f'data_dir = "{folder / "data"}"',
        f'broker = "{broker_url}"',
        "heartbeat_s = 5.0",
        "health_s = 5.0",
        "[hardware_options]",
        f'socket = "{folder / "w.sock"}"',
        f"seed = {SEED}",
    ]
    for plate in PLATES:
        cell = cell_for(SEED, plate, 10_000.0)
        lines += ["[[plates]]", f'plate = "{plate}"', 'bay = "b1"', 'shelf = "b1-s1"']
        lines += [f"zero_count = {cell.zero_count}", f"counts_per_g = {cell.counts_per_g}"]
    lines += ["[[lights]]", 'light = "gpio"', "pins = { p1 = 23 }"]
    lines += ["[[lights]]", 'light = "ws2812b"', "spi_bus = 0", "leds = 4", "positions = { p2 = [0, 3] }"]
    path = folder / "bay.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def start_agent(config: Path) -> subprocess.Popen[str]:
    clock = ShopClock(origin_unix_s=time.time(), rate=RATE)
    return subprocess.Popen(
        [sys.executable, "-m", "edge", "--config", str(config)],
        env={**os.environ, **clock.environment()},
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def shelf(tmp_path: Path, broker_url: str) -> Iterator[Shelf]:
    device = f"bay-{uuid.uuid4().hex[:8]}"
    config = configuration(tmp_path, broker_url, device)
    gateway = SmallGateway(broker_url, "corner-shop", device)
    with WorldSocket(tmp_path / "w.sock", {"b1-s1-l1": 2_000.0, "b1-s1-l2": 1_500.0}) as world:
        running = Shelf(world=world, gateway=gateway, agent=start_agent(config), data_dir=tmp_path / "data")
        try:
            yield running
        finally:
            running.agent.kill()
            running.agent.communicate()
            gateway.close()


def test_a_weight_change_becomes_a_committed_step_of_the_whole_shelf(shelf: Shelf) -> None:
    shelf.wait(lambda: len(shelf.gateway.weights("heartbeat")) >= len(PLATES), "the shelf was learned")
    first = {record.plate: record.weight_g for record in shelf.gateway.weights("heartbeat")[: len(PLATES)]}
    assert first == {"b1-s1-l1": pytest.approx(2_000.0, abs=30.0), "b1-s1-l2": pytest.approx(1_500.0, abs=30.0)}

    def picked() -> bool:
        return any(
            step.plate == "b1-s1-l1" and step.before_g is not None and step.weight_g - step.before_g < -400.0
            for step in shelf.gateway.weights("step")
        )

    shelf.world.lay(b1_s1_l1=1_500.0)
    shelf.wait(picked, "the pick became a step")
    step = next(
        step
        for step in shelf.gateway.weights("step")
        if step.plate == "b1-s1-l1" and step.before_g is not None and step.weight_g - step.before_g < -400.0
    )
    episode = [other for other in shelf.gateway.weights("step") if other.mono_ms == step.mono_ms]
    assert [(record.plate, record.remaining) for record in episode] == [("b1-s1-l1", 1), ("b1-s1-l2", 0)]
    assert step.before_g is not None
    assert step.weight_g - step.before_g == pytest.approx(-500.0, abs=10.0)

    code, _ = shelf.stop()
    assert code == 0


def test_an_agent_that_is_asked_to_stop_leaves_nothing_undelivered(shelf: Shelf) -> None:
    shelf.wait(lambda: bool(shelf.gateway.weights("heartbeat")), "the shelf was learned")
    assert shelf.stop()[0] == 0
    assert _durable(shelf.data_dir) == len(shelf.gateway.records)


def _health(shelf: Shelf, subject: str) -> list[HealthRecord]:
    records = list(shelf.gateway.records)
    return [record for record in records if isinstance(record, HealthRecord) and record.subject == subject]


def test_an_agent_says_what_it_is_and_how_it_is(shelf: Shelf) -> None:
    def healthy() -> bool:
        return {record.subject for record in list(shelf.gateway.records) if isinstance(record, HealthRecord)} >= {
            "plate:b1-s1-l1",
            "plate:b1-s1-l2",
            "agent",
        }

    shelf.wait(healthy, "health of both plates and of the agent")
    assert shelf.gateway.birth is not None
    assert [plate.plate for plate in shelf.gateway.birth.plates] == list(PLATES)
    assert shelf.gateway.states.get(timeout=WAIT_S).online
    client = LocalClient(shelf.data_dir)
    said = client.ask(encode(Command(id="c-1", op="identify"))).facts
    lit = client.ask(encode(Command(id="c-2", op="light", args={"positions": {"p2": "take"}}))).facts
    client.close()
    assert shelf.gateway.birth.lights == ["p1", "p2"]
    assert lit["away"] == []
    assert (said["store"], said["journal"]) == ("corner-shop", shelf.gateway.birth.journal)
    clock = next(record for record in shelf.gateway.records if isinstance(record, ClockRecord))
    assert clock.synchronised, "the environment set the clock of the whole shop"
    sampled = [
        record
        for record in shelf.gateway.records
        if isinstance(record, HealthRecord) and record.subject.startswith("plate:")
    ]
    assert any(record.samples > 0 for record in sampled)
    shelf.wait(lambda: any("rate_sps" in record.measured for record in _health(shelf, "plate:b1-s1-l1")), "its rate")
    agent = _health(shelf, "agent")[-1]
    assert {"queue_rows", "queue_bytes", "queue_oldest_s", "disk_free_mb", "rss_mb"} <= agent.measured.keys()
    assert 5.0 < agent.measured["rss_mb"] < 500.0


def test_a_plate_that_gets_another_line_is_told_as_one_that_begins_anew_and_in_the_birth(shelf: Shelf) -> None:
    shelf.wait(lambda: len(shelf.gateway.weights("heartbeat")) >= len(PLATES), "the shelf was learned")
    cell = cell_for(SEED, "b1-s1-l1", 10_000.0)
    line = {"zero_count": cell.zero_count, "counts_per_g": 0.95 * cell.counts_per_g}
    client = LocalClient(shelf.data_dir)
    asked = Command(id="c-2", op="calibration_restore", args={"plate": "b1-s1-l1", "by": "Ada", **line})
    assert client.ask(encode(asked)).ok
    client.close()

    def told() -> list[WeightRecord]:
        return [one for one in shelf.gateway.weights("heartbeat") if one.plate == "b1-s1-l1"]

    shelf.wait(lambda: "starting" in {one.quality for one in told()}, "the plate begins anew")
    shelf.wait(lambda: told()[-1].quality == "ok", "the plate is believed again")
    assert told()[-1].weight_g == pytest.approx(2_000.0 / 0.95, abs=30.0)
    assert not shelf.gateway.weights("step")
    shelf.wait(lambda: _version_in_birth(shelf) == 2, "the birth tells the version")


def _version_in_birth(shelf: Shelf) -> int:
    assert shelf.gateway.birth is not None
    return shelf.gateway.birth.plates[0].calibration_version


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("heartbeat_s = 5.0", "hearbeat_s = 5.0"), "bay.toml:6: hearbeat_s: unknown key, did you mean heartbeat_s?"),
        (
            ("firmware_sim.wires:open_bay", "firmware_sim.wire:open_bay"),
            "bay.toml: hardware: found 'firmware_sim.wire:open_bay'",
        ),
        (("seed = 7", "sede = 7"), "bay.toml: hardware_options.sede: unknown"),
        (("mqtt://", "http://"), "bay.toml:5: broker: found 'http://"),
    ],
)
def test_a_wrong_setting_ends_the_agent_with_one_sentence(
    tmp_path: Path, change: tuple[str, str], sentence: str
) -> None:
    config = configuration(tmp_path, "mqtt://127.0.0.1:1", "bay-1")
    config.write_text(config.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    agent = start_agent(config)
    _, stderr = agent.communicate(timeout=WAIT_S)
    assert agent.returncode == 2
    assert sentence in stderr.replace("\\'", "'")
    assert len(stderr.splitlines()) == 1


def test_a_data_folder_that_is_a_file_ends_the_agent_with_one_sentence(tmp_path: Path) -> None:
    config = configuration(tmp_path, "mqtt://127.0.0.1:1", "bay-1")
    (tmp_path / "data").write_text("in the way", encoding="utf-8")
    agent = start_agent(config)
    _, stderr = agent.communicate(timeout=WAIT_S)
    assert agent.returncode == 2
    assert "data_dir: " in stderr
    assert "Traceback" not in stderr


def test_without_a_broker_an_agent_keeps_its_records_and_stops_when_asked(tmp_path: Path) -> None:
    agent = start_agent(configuration(tmp_path, "mqtt://127.0.0.1:1", "bay-1"))
    try:
        assert agent.stderr is not None
        assert any("no connection to the broker" in line for line in agent.stderr)
        agent.send_signal(signal.SIGTERM)
        agent.communicate(timeout=WAIT_S)
    finally:
        agent.kill()
        agent.communicate()
    assert agent.returncode == 0
    assert _durable(tmp_path / "data") >= 1


def test_two_agents_cannot_share_a_data_folder(shelf: Shelf, tmp_path: Path) -> None:
    shelf.wait(lambda: bool(shelf.gateway.weights("heartbeat")), "the first agent runs")
    second = start_agent(tmp_path / "bay.toml")
    _, stderr = second.communicate(timeout=WAIT_S)
    assert second.returncode == 2
    assert "expected a file no other agent uses" in stderr
    assert "Traceback" not in stderr
    assert shelf.stop()[0] == 0


def _durable(data_dir: Path) -> int:
    """Count the records in the outbox of an agent that has stopped."""
    with closing(sqlite3.connect(data_dir / "outbox.sqlite")) as outbox:
        (count,) = outbox.execute("SELECT count(*) FROM record").fetchone()
    return int(count)
