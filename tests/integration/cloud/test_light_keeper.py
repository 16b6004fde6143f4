"""The light of a place follows its task, over a real broker: lit, taken, dark, and again after a restart."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cloud.devices.light_keeper import keeping_lights
from tests.fakes.asked_device import AskedDevice
from tests.integration.cloud.shop import STORE, Shop

pytestmark = [pytest.mark.database, pytest.mark.broker]
PATIENCE_S = 30.0
PLACE = "p-gum"


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "it does not come true"
        time.sleep(0.02)


class Bay:
    """A device with a light at one place, and the state of the refill there."""

    def __init__(self, shop: Shop, device: AskedDevice) -> None:
        self.shop = shop
        self.device = device

    def task(self, state: str | None) -> None:
        """Let the refill of the place be open, taken, or nobody's any more."""
        with self.shop.connection.transaction():
            self.shop.connection.execute("DELETE FROM task")
            if state is not None:
                self.shop.connection.execute(
                    """INSERT INTO task (task_id, store, kind, position, sku, suggested_units, state, reason, opened_at)
                       VALUES (gen_random_uuid()::text, %s, 'refill', %s, 'gum', 3, %s, 'low', %s)""",
                    (STORE, PLACE, state, self.shop.clock.now()),
                )

    @property
    def lit(self) -> Any:
        """What the device was told last."""
        told = self.device.ops("light")
        return told[-1]["positions"] if told else None


@pytest.fixture
def bay(shop: Shop, broker_url: str) -> Iterator[Bay]:
    shop.settings = shop.settings.model_copy(update={"mqtt_url": broker_url})
    with AskedDevice(broker_url, STORE, f"d-{secrets.token_hex(4)}", lights=(PLACE,)) as device:
        shop.hear_device(device.birth(), lights=[PLACE])
        with keeping_lights(shop.settings, shop.clock):
            yield Bay(shop, device)


def test_the_light_of_a_place_follows_its_task(bay: Bay) -> None:
    until(lambda: bay.lit == {})
    bay.task("open")
    until(lambda: bay.lit == {PLACE: "take"})
    bay.task("taken")
    until(lambda: bay.lit == {PLACE: "taken"})
    bay.task(None)
    until(lambda: bay.lit == {})


def test_a_device_that_starts_anew_is_told_what_burns(bay: Bay) -> None:
    bay.task("open")
    until(lambda: bay.lit == {PLACE: "take"})
    bay.device.done.clear()
    bay.device.restart()
    until(lambda: bay.lit == {PLACE: "take"})


def test_without_a_broker_no_light_is_kept_and_nothing_waits_for_one(shop: Shop) -> None:
    with keeping_lights(shop.settings.model_copy(update={"mqtt_url": None}), shop.clock):
        pass
