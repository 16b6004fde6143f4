"""`liveshelf foreign` says what the gateway would make of live messages, and writes nothing."""

from __future__ import annotations

import secrets
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.integration.liveshelf.running import PREFIX, liveshelf

FILE = """\
[[weights]]
topic = "{name}/sensor/w/state"
device = "{name}"
plate = "l1"
bay = "b1"
shelf = "s1"
unit = "kg"
"""


@pytest.mark.broker
def test_listening_tells_what_every_message_means(tmp_path: Path, broker_url: str) -> None:
    name = f"esp-{secrets.token_hex(4)}"
    file = tmp_path / "other.toml"
    file.write_text(FILE.format(name=name))
    done, parts = threading.Event(), urlsplit(broker_url)
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect(parts.hostname or "", parts.port or 1883)
    client.loop_start()

    def tell() -> None:
        while not done.is_set():
            for payload in ("1.5", "1.5", "heavy"):
                client.publish(f"{name}/sensor/w/state", payload, qos=1)
            time.sleep(0.2)

    teller = threading.Thread(target=tell)
    teller.start()
    told = liveshelf("foreign", "listen", str(file), "--for", "4", LIVESHELF_MQTT_URL=broker_url)
    done.set()
    teller.join()
    client.disconnect()
    client.loop_stop()
    assert told.returncode == 0, told.stderr
    assert f"plate l1 of {name} 1500.0 g, at rest" in told.stdout
    assert "of no use: payload: found 'heavy', expected a number" in told.stdout


def test_checking_names_the_line_and_says_what_a_message_would_mean(tmp_path: Path) -> None:
    file = tmp_path / "other.toml"
    file.write_text(FILE.format(name="esp"))
    told = liveshelf("foreign", "check", str(file))
    assert told.stdout.splitlines()[-1] == "ok: 1 scales on 1 topics"
    told = liveshelf("foreign", "check", str(file), "--topic", "esp/sensor/w/state", "--payload", "2")
    assert told.stdout.splitlines()[-1] == "esp/sensor/w/state: plate l1 of esp 2000.0 g, at rest"
    file.write_text(FILE.format(name="esp").replace("plate", "plat"))
    wrong = liveshelf("foreign", "check", str(file))
    assert (wrong.returncode, wrong.stderr) == (2, f"{PREFIX}{file}:4: plat: unknown key, did you mean plate?\n")
