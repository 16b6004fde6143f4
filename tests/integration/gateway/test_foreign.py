"""Scales that speak ESPHome and Tasmota, between a real broker and a real database, end as a quantity."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from psycopg import Connection

from contract.ids import StoreId
from contract.topics import store_filter
from tests.integration.gateway.conftest import StartGateway
from tests.integration.gateway.rows import all_of

pytestmark = [pytest.mark.database, pytest.mark.broker]

UNIT_KG = 0.348
LOSE_GATEWAY = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                  WHERE application_name = 'liveshelf gateway' AND datname = current_database()"""
TASMOTA = '{{"Time":"2026-01-01T12:00:00","HX711":{{"Weight":{0:.3f},"WeightRaw":0,"AbsRaw":0}}}}'
BEST = "SELECT position, best FROM position_quantity WHERE probability > 0.9 AND NOT frozen ORDER BY position"
SEQS = "SELECT device, array_agg(seq ORDER BY seq) FROM (SELECT device, seq FROM reading UNION ALL SELECT device, seq"
SEQS = f"{SEQS} FROM health_event) both_kinds GROUP BY device ORDER BY device"


@pytest.fixture
def names() -> tuple[str, str]:
    """Names of two devices that no other test's retained messages belong to."""
    word = secrets.token_hex(4)
    return f"esp-{word}", f"tas-{word}"


@pytest.fixture
def shelf(connection: Connection[Any], store: StoreId) -> None:
    """Two positions of cola, one on a scale of each kind."""
    connection.execute("INSERT INTO store VALUES (%s, 'Shop')", [store])
    connection.execute("INSERT INTO evidence_version VALUES (%s, 1)", [store])
    connection.execute("INSERT INTO product (sku, name, unit_weight_g, unit_spread_g) VALUES ('cola', 'Cola', 348, 2)")
    connection.execute(
        "INSERT INTO planogram (store, valid_from, imported_at) VALUES (%s, '2026-01-01', '2026-01-01')", [store]
    )
    for position, plate in (("p1", "esp-l1"), ("p2", "tas-l1")):
        connection.execute(
            "INSERT INTO planogram_position VALUES (1, %s, 'cola', 'b1', 's1', %s, '{}', 24, 6)", [position, [plate]]
        )


@pytest.fixture
def mapping(tmp_path: Path, names: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The file of other devices, named to every gateway that starts."""
    esphome, tasmota = names
    file = tmp_path / "other-devices.toml"
    file.write_text(f"""
[[weights]]
topic = "{esphome}/sensor/shelf_weight/state"
device = "{esphome}"
plate = "esp-l1"
bay = "b1"
shelf = "s1"
unit = "kg"

[[weights]]
topic = "tele/{tasmota}/SENSOR"
path = "HX711.Weight"
device = "{tasmota}"
plate = "tas-l1"
bay = "b1"
shelf = "s1"
unit = "kg"

[[presence]]
topic = "tele/+/LWT"
device = "{{1}}"
online = "Online"
offline = "Offline"
""")
    monkeypatch.setenv("LIVESHELF_FOREIGN_FILE", str(file))


@pytest.fixture
def publish(broker_url: str, store: StoreId) -> Iterator[Callable[..., None]]:
    """Publish as such devices do; whatever the gateway publishes is heard too, and must be nothing."""
    parts, heard = urlsplit(broker_url), []
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _client, _user, message: heard.append(message.topic)
    client.connect(parts.hostname or "", parts.port or 1883)
    client.subscribe(store_filter(store), qos=1)
    client.loop_start()

    def publish(topic: str, payload: str, *, retain: bool = False) -> None:
        client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(timeout=20)

    yield publish
    client.disconnect()
    client.loop_stop()
    assert heard == []


def _until(condition: Callable[[], bool], act: Callable[[], None] = lambda: None, *, timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it never came to be"
        act()
        time.sleep(0.1)


@pytest.mark.usefixtures("shelf", "mapping")
def test_scales_of_other_makers_end_as_readings_and_a_quantity(
    start_gateway: StartGateway,
    connection: Connection[Any],
    names: tuple[str, str],
    publish: Callable[..., None],
) -> None:
    esphome, tasmota = names
    publish(f"{esphome}/sensor/shelf_weight/state", "99.000", retain=True)  # from yesterday: nobody knows when
    gateway = start_gateway()

    def tell(esphome_units: int, tasmota_units: int) -> None:
        publish(f"{esphome}/sensor/shelf_weight/state", f"{esphome_units * UNIT_KG:.3f}", retain=True)
        publish(f"tele/{tasmota}/SENSOR", TASMOTA.format(tasmota_units * UNIT_KG))

    _until(lambda: all_of(connection, BEST) == [("p1", 8), ("p2", 5)], lambda: tell(8, 5))
    for _ in range(3):  # a load in the middle of it is rolled back, and the same messages get the same numbers
        _until(lambda: bool(all_of(connection, LOSE_GATEWAY)))
        tell(8, 5)
        time.sleep(0.3)
    publish(f"tele/{tasmota}/SENSOR", '{"Time":"2026-01-01T12:00:00","Switch1":"ON"}')
    publish(f"tele/{tasmota}/LWT", "Offline", retain=True)
    _until(lambda: all_of(connection, BEST) == [("p1", 6), ("p2", 5)], lambda: tell(6, 5))
    publish(f"tele/{tasmota}/LWT", "Offline", retain=True)
    _until(lambda: all_of(connection, "SELECT device FROM device WHERE NOT online") == [(tasmota,)])

    assert all_of(connection, "SELECT position, kind, quantity FROM shelf_event") == [("p1", "pick", 2)]
    assert all_of(connection, "SELECT DISTINCT birth->>'delivery' FROM device") == [("at_least_once",)]
    assert all_of(connection, "SELECT max(weight_g) < 3000 FROM reading") == [(True,)]
    [(device, reason, detail)] = all_of(connection, "SELECT device, reason, detail FROM dead_letter")
    assert (device, reason, detail) == (tasmota, "foreign_payload", "HX711.Weight: found no HX711, only Time, Switch1")
    for device, numbers in all_of(connection, SEQS):
        assert numbers == list(range(1, len(numbers) + 1)), device
    watermarks = dict(all_of(connection, "SELECT device, seq FROM journal_watermark"))
    assert watermarks == {device: numbers[-1] for device, numbers in all_of(connection, SEQS)}

    gateway.kill()
    gateway.wait()
    connection.execute("UPDATE store_lease SET expires_at = now()")
    start_gateway()
    _until(lambda: all_of(connection, BEST) == [("p1", 6), ("p2", 3)], lambda: tell(6, 3))
    runs = all_of(connection, "SELECT device, count(*)::int FROM journal_watermark GROUP BY device")
    assert dict(runs) == {esphome: 2, tasmota: 2}
    publish(f"{esphome}/sensor/shelf_weight/state", "", retain=True)
    publish(f"tele/{tasmota}/LWT", "", retain=True)


@pytest.mark.usefixtures("shelf", "mapping")
def test_a_wrong_file_ends_the_gateway_with_one_sentence(
    start_gateway: StartGateway, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "other-devices.toml"
    file.write_text(file.read_text().replace("unit =", "units ="))
    assert start_gateway().wait(timeout=20) == 2
    assert capfd.readouterr().err == f"{file}:8: units: unknown key, did you mean unit?\n"
