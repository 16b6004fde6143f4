"""Keeps the lights of all devices as the tasks are: beside the worker, which never waits for a device.

A thread with a loop of its own. Twice a second it looks at the tasks, and tells each device that is there what changed;
one that starts anew, or whose broker was away, is told again. What cannot be reached holds up nothing: people find
their tasks on the list, lights only help.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

from cloud.catalog.repository import stores
from cloud.devices import service
from cloud.devices.lights import Key, Lights, Telling
from cloud.devices.link import DeviceLink
from cloud.errors import Problem
from cloud.settings import CloudSettings
from contract.clock import Clock
from contract.errors import LiveShelfError
from contract.ids import DeviceId, StoreId
from database.connection import connect

LOOK_S = 0.5
"""Wall seconds between two looks at the tasks: a light that comes within a second of its task is at once for people."""

ANSWER_S = 5.0
"""Wall seconds a device has to answer."""

APPLICATION_NAME = "liveshelf lights"

logger = logging.getLogger(__name__)


class LightKeeper:
    """Follows the tasks of all stores and lights their places. Use it through `keeping_lights`."""

    def __init__(self, settings: CloudSettings, clock: Clock) -> None:
        self._url = settings.database_url
        self._link = DeviceLink(settings.mqtt_url, now=clock.now, on_state=self._heard)
        self._telling = Telling()
        self._there: set[Key] = set()
        self._asking: dict[Key, asyncio.Task[None]] = {}
        self._connection: Connection[TupleRow] | None = None

    async def follow(self, stop: threading.Event) -> None:
        """Keep the lights until told to stop."""
        async with self._link.running():
            while not stop.is_set():
                wanted = await asyncio.to_thread(self._wanted) if self._link.connected else None
                if wanted is not None:
                    self._tell(wanted)
                await asyncio.sleep(LOOK_S)
            for task in self._asking.values():
                task.cancel()
            await asyncio.gather(*self._asking.values(), return_exceptions=True)
        if self._connection is not None:
            self._connection.close()

    def _heard(self, store: StoreId, device: DeviceId, online: bool) -> None:  # noqa: FBT001 - the link's way to tell
        key = (str(store), str(device))
        self._telling.forget(key)
        if online:
            self._there.add(key)
        else:
            self._there.discard(key)

    def _wanted(self) -> Mapping[Key, Lights] | None:
        """Return what every device is to light; None while the database does not tell."""
        try:
            if self._connection is None or self._connection.closed:
                self._connection = connect(self._url, autocommit=True, application_name=APPLICATION_NAME)
            link = self._connection
            return {
                (str(store), device): lights
                for store in stores(link)
                for device, lights in service.lights_wanted(link, store).items()
            }
        except (psycopg.OperationalError, LiveShelfError) as error:
            logger.debug("lights wait for the database", extra={"event": "lights_wait", "reason": str(error).strip()})
            return None

    def _tell(self, wanted: Mapping[Key, Lights]) -> None:
        for key, lights in self._telling.due(wanted, time.monotonic()).items():
            if key in self._there and key not in self._asking:
                task = asyncio.create_task(self._light(key, lights), name=f"light {key[1]}")
                self._asking[key] = task
                task.add_done_callback(lambda _, key=key: self._asking.pop(key, None))  # type: ignore[misc]

    async def _light(self, key: Key, lights: Lights) -> None:
        store, device = key
        try:
            result = await self._link.ask(store, device, "light", {"positions": dict(lights)}, timeout_s=ANSWER_S)
        except Problem as problem:
            self._telling.failed(key, time.monotonic())
            logger.debug("not lit", extra={"event": "not_lit", "device": device, "reason": str(problem)})
            return
        if not result.ok:
            logger.warning("not lit", extra={"event": "not_lit", "device": device, "reason": result.detail})
        # What a device refuses it refuses again: it is told anew when something changes, or after a while.
        self._telling.told(key, lights, time.monotonic())


@contextmanager
def keeping_lights(settings: CloudSettings, clock: Clock) -> Iterator[None]:
    """Keep the lights while the context lasts; without a broker nothing is kept."""
    if settings.mqtt_url is None:
        yield
        return
    stop, keeper = threading.Event(), LightKeeper(settings, clock)
    thread = threading.Thread(target=lambda: asyncio.run(keeper.follow(stop)), name="lights")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
