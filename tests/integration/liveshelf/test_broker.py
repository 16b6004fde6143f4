"""The private broker, of each kind installed: it starts, carries what our wire needs, stops, and says why not."""

from __future__ import annotations

import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from contract.broker_address import parse_broker_url
from contract.records import PAYLOAD_BYTES_MAX
from liveshelf import broker as broking
from liveshelf.broker import Broker, BrokerKind, BrokerMissing, PortInUse, available_brokers, free_port
from liveshelf.mqtt_probe import BrokerUnreachable, probe_broker

pytestmark = pytest.mark.broker

WAIT_S = 30


@contextmanager
def client(url: str, *, will: tuple[str, bytes] | None = None) -> Iterator[Client]:
    address = parse_broker_url(url)
    made = Client(CallbackAPIVersion.VERSION2)
    connected = threading.Event()
    made.on_connect = lambda *_: connected.set()
    if will:
        made.will_set(*will, qos=1, retain=True)
    made.connect(address.host, address.port)
    made.loop_start()
    assert connected.wait(WAIT_S)
    try:
        yield made
    finally:
        made.disconnect()
        made.loop_stop()


def listen(listener: Client, topic: str) -> queue.Queue[MQTTMessage]:
    heard: queue.Queue[MQTTMessage] = queue.Queue()
    subscribed = threading.Event()
    listener.on_message = lambda _client, _data, message: heard.put(message)
    listener.on_subscribe = lambda *_: subscribed.set()
    listener.subscribe(topic, qos=1)
    assert subscribed.wait(WAIT_S)
    return heard


@pytest.mark.parametrize("payload_bytes", [PAYLOAD_BYTES_MAX, PAYLOAD_BYTES_MAX + 1, 2 * PAYLOAD_BYTES_MAX - 1000])
def test_the_largest_payload_passes_and_a_too_large_one_reaches_who_keeps_it_with_its_reason(
    each_broker: Broker, payload_bytes: int
) -> None:
    payload = os.urandom(payload_bytes)
    with client(each_broker.url) as listener, client(each_broker.url) as speaker:
        heard = listen(listener, "liveshelf/v1/shop/#")
        speaker.publish("liveshelf/v1/shop/bay-1/readings", payload, qos=1).wait_for_publish(WAIT_S)
        assert heard.get(timeout=WAIT_S).payload == payload


def test_a_burst_of_a_thousand_batches_arrives_whole_and_in_order(each_broker: Broker) -> None:
    with client(each_broker.url) as listener, client(each_broker.url) as speaker:
        heard = listen(listener, "liveshelf/v1/shop/+/readings")
        for number in range(1000):
            speaker.publish("liveshelf/v1/shop/bay-1/readings", str(number) + "x" * 2000, qos=1)
        got = [heard.get(timeout=WAIT_S).payload.decode().rstrip("x") for _ in range(1000)]
    assert got == [str(number) for number in range(1000)]


def test_a_retained_birth_reaches_who_comes_later(each_broker: Broker) -> None:
    with client(each_broker.url) as speaker:
        speaker.publish("liveshelf/v1/shop/bay-1/birth", b"born", qos=1, retain=True).wait_for_publish(WAIT_S)
    with client(each_broker.url) as listener:
        message = listen(listener, "liveshelf/v1/shop/#").get(timeout=WAIT_S)
    assert message.payload == b"born"
    assert message.retain


def test_a_device_that_vanishes_leaves_its_last_will(each_broker: Broker) -> None:
    with client(each_broker.url) as listener:
        heard = listen(listener, "liveshelf/v1/shop/bay-1/state")
        with client(each_broker.url, will=("liveshelf/v1/shop/bay-1/state", b"gone")) as device:
            line = device.socket()
            assert isinstance(line, socket.socket)
            device.reconnect_delay_set(min_delay=120, max_delay=120)
            line.shutdown(socket.SHUT_RDWR)
            assert heard.get(timeout=WAIT_S).payload == b"gone"


def test_it_listens_on_this_machine_only(each_broker: Broker) -> None:
    with open("/proc/net/tcp", encoding="ascii") as table:  # noqa: PTH123 - not a file
        listening = [row.split()[1] for row in table if row.split()[3] == "0A"]
    mine = [place for place in listening if place.endswith(f":{each_broker.port:04X}")]
    assert mine == [f"0100007F:{each_broker.port:04X}"]


def test_starting_twice_is_starting_once_and_it_starts_again_after_a_kill(each_broker: Broker) -> None:
    pid = each_broker.pid
    assert pid is not None
    assert each_broker.start() == each_broker.url
    assert each_broker.pid == pid
    os.kill(pid, signal.SIGKILL)
    deadline_s = time.monotonic() + WAIT_S
    while each_broker.exit_code is None:
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
    each_broker.start()
    probe_broker(parse_broker_url(each_broker.url))


def test_stopped_it_frees_its_port(each_broker: Broker) -> None:
    each_broker.stop()
    with pytest.raises(BrokerUnreachable, match="cannot be reached"):
        probe_broker(parse_broker_url(each_broker.url))
    broking.check_port_free(each_broker.port)


def test_a_port_in_use_is_one_sentence_naming_it(each_broker: Broker) -> None:
    with pytest.raises(PortInUse, match=rf"port {each_broker.port} on 127\.0\.0\.1 cannot be used") as caught:
        Broker(port=each_broker.port).start()
    assert "\n" not in str(caught.value)


def test_no_broker_installed_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broking, "find_mosquitto", lambda: None)
    monkeypatch.setattr(broking, "find_spec", lambda _: None)
    with pytest.raises(BrokerMissing, match="LIVESHELF_MQTT_URL"):
        Broker(port=0).start()


@pytest.mark.parametrize("kind", available_brokers())
def test_in_the_foreground_it_says_ready_and_stops_on_sigterm(kind: BrokerKind) -> None:
    port = free_port()
    command = [sys.executable, "-m", "liveshelf.broker", "--port", str(port), "--kind", kind]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert program.stdout is not None
    assert program.stdout.readline().strip() == f"{kind} mqtt://127.0.0.1:{port}"
    assert program.stdout.readline().strip() == "ready"
    program.terminate()
    program.communicate(timeout=WAIT_S)
    assert program.returncode == 0
    broking.check_port_free(port)


@pytest.mark.parametrize("kind", available_brokers())
def test_a_broker_ends_with_its_program_and_its_port_is_free_for_the_next(kind: BrokerKind, tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "liveshelf.broker", "--port", str(port), "--kind", kind, "--folder", str(tmp_path)]
    for _ in range(2):
        program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert program.stdout is not None
        assert [program.stdout.readline().strip() for _ in range(2)][-1] == "ready"
        program.kill()
        program.communicate(timeout=WAIT_S)
        deadline_s = time.monotonic() + WAIT_S
        while port_is_taken(port):
            assert time.monotonic() < deadline_s, "the broker lives on without its program"
            time.sleep(0.02)


def port_is_taken(port: int) -> bool:
    try:
        broking.check_port_free(port)
    except PortInUse:
        return True
    return False


def test_in_the_foreground_a_port_in_use_is_one_sentence(broker_url: str) -> None:
    port = parse_broker_url(broker_url).port
    command = [sys.executable, "-m", "liveshelf.broker", "--port", str(port)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"port {port} on 127.0.0.1 cannot be used")
    assert len(ended.stderr.splitlines()) == 1
