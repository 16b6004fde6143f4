"""The health of devices on the pages: all of them, one with every part, and what it was asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from psycopg.types.json import Jsonb

from cloud.access.login.model import Role
from contract.ids import StoreId
from contract.records import HealthRecord
from database.connection import connect
from database.presence import GATEWAY, announce
from gateway.foreign_settings import ForeignSettings, WeightTopic
from gateway.receiving.foreign import Translator
from gateway.receiving.messages import ForeignMessage, RawMessage
from tests.integration.cloud.shop import STORE, Shop
from tests.integration.dashboards.visitor import LogIn, Visitor

pytestmark = pytest.mark.database

DEVICE = "bay-1"
PLATES = ("b1-s1-l1", "b1-s1-l2")


@pytest.fixture
def heard(shop: Shop) -> Iterator[None]:
    """A gateway that runs and has its broker."""
    with shop.connection.transaction():
        shop.connection.execute(
            "INSERT INTO gateway_link (store, connected, since) VALUES (%s, true, %s)", (STORE, shop.clock.now())
        )
    with connect(shop.url) as gateway:
        announce(gateway, GATEWAY, store=STORE)
        yield


def _device(shop: Shop, name: str = DEVICE, *, online: bool = True) -> None:
    """Write what a gateway writes when a device connects or is lost."""
    birth = {
        "v": 1, "device": name, "store": STORE, "journal": "0" * 32, "boot": "boot", "board_serial": "10000000a1b2c3d4",
        "agent_version": "0.1.0", "sent_mono_ms": 0, "zones": [],
        "plates": [
            {"plate": plate, "bay": "b1", "shelf": "b1-s1", "capacity_g": 10_000.0, "calibration_version": 1,
             "zero_count": 0.0, "counts_per_g": 100.0, "rate_sps": 10.0}
            for plate in PLATES
        ],
    }  # fmt: skip
    with shop.connection.transaction():
        shop.connection.execute(
            "INSERT INTO device (device, store, online, journal, birth, seen_at) VALUES (%s, %s, %s, 'j', %s, %s)",
            (name, STORE, online, Jsonb(birth), shop.clock.now()),
        )


def _health(shop: Shop, subject: str, verdict: str, **measured: float) -> None:
    with shop.connection.transaction():
        shop.connection.execute(
            """INSERT INTO health_current
                   (device, subject, verdict, noise_g, rejected, samples, queued, as_of, measured)
               VALUES (%s, %s, %s, 0.5, '{}', 600, 0, %s, %s)""",
            (DEVICE, subject, verdict, shop.clock.now(), Jsonb(measured)),
        )


@pytest.mark.usefixtures("heard")
def test_a_scale_that_is_unplugged_is_told_with_what_was_measured_and_what_to_do(shop: Shop, log_in: LogIn) -> None:
    _device(shop)
    _health(shop, "agent", "ok", cpu_c=51.2)
    _health(shop, f"plate:{PLATES[0]}", "unplugged")
    _health(shop, f"plate:{PLATES[1]}", "ok", rate_sps=9.8)
    site = log_in("installer")
    for page in (site.get("devices"), site.get(f"devices/{DEVICE}"), site.get(f"devices/{DEVICE}/parts")):
        assert "No sample has come for 3 seconds." in page
        assert "Plug the cable in at both ends." in page
        assert "Its place keeps its last count meanwhile" in page
    assert "1 part needs a look" in page
    assert "51 °C" in page
    assert "9.8" in page
    assert f'href="{"/stores/" + STORE}/fitting/p-tea"' in page
    assert "<html" not in page, "the parts alone, for the page to put in place"


@pytest.mark.usefixtures("heard")
def test_devices_that_are_well_need_nobody(shop: Shop, site: Visitor) -> None:
    _device(shop)
    _health(shop, "agent", "ok")
    page = site.get("devices")
    assert "No device needs a look." in page
    assert f'href="/stores/{STORE}/devices/{DEVICE}"' in site.get("system")


@pytest.mark.usefixtures("heard")
def test_a_device_that_is_offline_says_what_to_do(shop: Shop, site: Visitor) -> None:
    _device(shop, online=False)
    assert "No device needs a look." not in site.get("devices")
    assert "See that it has power and network." in site.get(f"devices/{DEVICE}")


def test_without_a_gateway_nobody_claims_to_know_how_devices_are(shop: Shop, site: Visitor) -> None:
    _device(shop)
    for page in (site.get("devices"), site.get(f"devices/{DEVICE}")):
        assert "Devices cannot be heard now" in page
        assert "Not heard now" in page
        assert "The device is offline." not in page


def test_who_changed_what_on_a_device_stands_below_it(shop: Shop, site: Visitor) -> None:
    _device(shop)
    with shop.connection.transaction():
        shop.connection.execute(
            """INSERT INTO device_command (command_id, store, device, op, args, asked_by, asked_at, ok, detail) VALUES
                   ('a', %(store)s, %(device)s, 'calibration_zero', '{"plate": "b1-s1-l1"}', 'Ines', %(at)s, false,
                    'it moved'),
                   ('b', %(store)s, %(device)s, 'restart', '{}', 'Omar', %(at)s, NULL, '')""",
            {"store": STORE, "device": DEVICE, "at": shop.clock.now()},
        )
    page = site.get(f"devices/{DEVICE}")
    for told in ("Zero set · b1-s1-l1", "Ines", "it moved", "Refused", "Restarted", "Omar", "No answer"):
        assert told in page


def test_a_device_the_store_does_not_have_is_no_page(shop: Shop, site: Visitor) -> None:
    _device(shop)
    site.get("devices/bay-2", status=404)
    site.get("devices/bay%00", status=404)
    assert "No device has reported yet" not in site.get("devices")


@pytest.mark.parametrize("role", ["staff", "developer"])
def test_the_health_of_devices_is_not_for_every_role(log_in: LogIn, role: Role) -> None:
    visitor = log_in(role)
    for page in ("devices", "devices-list", f"devices/{DEVICE}", f"devices/{DEVICE}/parts"):
        visitor.get(page, status=403)


def test_a_manager_sees_places_but_is_not_led_to_fitting(shop: Shop, log_in: LogIn) -> None:
    _device(shop)
    page = log_in("manager").get(f"devices/{DEVICE}")
    assert "/fitting/" not in page
    assert f"/stores/{STORE}/shelves/b1-s1" in page


@pytest.mark.usefixtures("heard")
def test_a_scale_of_another_maker_stands_among_the_devices_as_the_gateway_tells_of_it(
    shop: Shop, log_in: LogIn
) -> None:
    row = WeightTopic(topic="esp/sensor/w/state", device="esp", plate="esp-l1", bay="b1", shelf="s1", unit="kg")
    now = shop.clock.now()
    translator = Translator(ForeignSettings(weights=(row,)), StoreId(STORE), run="one", now=now)
    message = RawMessage(topic=row.topic, payload=b"1.5", received_at=now)
    [told] = translator.translate([message])
    assert isinstance(told, ForeignMessage)
    assert told.birth is not None
    with shop.connection.transaction():
        shop.connection.execute(
            "INSERT INTO device (device, store, online, journal, birth, seen_at) VALUES ('esp', %s, true, %s, %s, %s)",
            (STORE, told.journal, told.birth.decode(), now),
        )
        for record in told.records:
            assert isinstance(record, HealthRecord)
            shop.connection.execute(
                """INSERT INTO health_current
                       (device, subject, verdict, noise_g, rejected, samples, queued, as_of, measured)
                   VALUES ('esp', %s, %s, %s, '{}', %s, 0, %s, %s)""",
                (record.subject, record.verdict, record.noise_g, record.samples, now, Jsonb(record.measured)),
            )
    site = log_in("installer")
    assert "No device needs a look." in site.get("devices")
    assert "esp-l1" in site.get("devices/esp")
