"""The broker of a server, by its own configuration: who logs in, and what a device may do."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from contract.broker_address import BrokerAddress
from liveshelf.broker import find_mosquitto, free_port
from liveshelf.mqtt_probe import BrokerUnreachable, probe_broker

ROOT = Path(__file__).parents[3]
MOSQUITTO = ROOT / "deploy/mosquitto"
pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed"),
    pytest.mark.skipif(shutil.which("mosquitto_passwd") is None, reason="mosquitto_passwd is not installed"),
]


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """A mosquitto by deploy/mosquitto, on a free port, with the log-ins of the programs and of two devices."""
    passwords, found = tmp_path / "passwords", free_port()
    for arguments in ((), ("bay-1", "one"), ("bay-2", "two")):
        subprocess.run(
            ["/bin/sh", str(MOSQUITTO / "add-login.sh"), *arguments],
            env={"PASSWORDS": str(passwords), "BROKER_PASSWORD": "ours", "PATH": "/usr/bin:/bin:/usr/sbin"},
            check=True,
        )
    text = (MOSQUITTO / "mosquitto.conf").read_text(encoding="utf-8")
    text = text.replace("listener 1883", f"listener {found} 127.0.0.1").replace(
        "/mosquitto/data/passwords", str(passwords)
    )
    acl = tmp_path / "acl"
    shutil.copyfile(MOSQUITTO / "acl", acl)
    configuration = tmp_path / "mosquitto.conf"
    configuration.write_text(text.replace("/mosquitto/config/acl", str(acl)))
    for path in (tmp_path, *tmp_path.parents[:3]):
        path.chmod(0o755)  # mosquitto leaves root, and still has to read them
    passwords.chmod(0o644)
    with subprocess.Popen([find_mosquitto() or "", "-c", str(configuration)]) as process:
        try:
            _wait_for(found)
            yield found
        finally:
            process.terminate()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            probe_broker(BrokerAddress(host="127.0.0.1", port=port, user="liveshelf", password="ours"))
        except BrokerUnreachable:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return


def _client(port: int, user: str, password: str, topic: str, heard: list[str]) -> mqtt.Client:
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set(user, password)
    client.on_message = lambda _client, _user, message: heard.append(message.topic)
    client.on_connect = lambda client, _user, _flags, _reason, _properties: client.subscribe(topic, qos=1) and None
    client.connect("127.0.0.1", port)
    client.loop_start()
    return client


def test_nobody_comes_in_without_a_log_in(port: int) -> None:
    for user, password in ((None, None), ("liveshelf", "wrong"), ("bay-3", "one")):
        with pytest.raises(BrokerUnreachable, match=r"user name or password|not authorised"):
            probe_broker(BrokerAddress(host="127.0.0.1", port=port, user=user, password=password))


def test_a_device_speaks_for_itself_and_for_nobody_else(port: int) -> None:
    gateway_heard: list[str] = []
    device_heard: list[str] = []
    gateway = _client(port, "liveshelf", "ours", "liveshelf/v1/#", gateway_heard)
    device = _client(port, "bay-1", "one", "liveshelf/v1/#", device_heard)
    deadline = time.monotonic() + 20
    while "liveshelf/v1/shop/bay-1/readings" not in gateway_heard or not device_heard:
        assert time.monotonic() < deadline, (gateway_heard, device_heard)
        for topic in ("bay-2/readings", "bay-2/birth", "bay-1/ack", "bay-1/cmd", "bay-1/readings"):
            device.publish(f"liveshelf/v1/shop/{topic}", b"x", qos=1)
        gateway.publish("liveshelf/v1/shop/bay-2/ack", b"x", qos=1)
        gateway.publish("liveshelf/v1/shop/bay-1/ack", b"x", qos=1)
        time.sleep(0.1)
    for client in (gateway, device):
        client.disconnect()
        client.loop_stop()
    allowed = {"liveshelf/v1/shop/bay-1/readings", "liveshelf/v1/shop/bay-1/ack", "liveshelf/v1/shop/bay-2/ack"}
    assert set(gateway_heard) == allowed
    assert set(device_heard) == {"liveshelf/v1/shop/bay-1/ack"}
