"""Devices that belong to no store yet, by what is heard of them; and which of them are in a store by now (no I/O)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from cloud.devices.model import NewDevice
from contract.ids import NEW_DEVICE_STORE, DeviceId, StoreId
from contract.records import Birth

NEWCOMERS_MAX = 1_000
"""More devices are never fitted at once; whoever floods the broker with births fills no memory."""

ELSEWHERE_MAX = 100_000
"""Devices of stores we remember to be there."""


class Newcomers:
    """What is known of devices below the store `_new`. `devices` may be read by any thread, the rest by one alone."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._births: dict[DeviceId, NewDevice] = {}
        self._online: dict[DeviceId, bool] = {}
        self._elsewhere: dict[DeviceId, StoreId] = {}
        self._taken: set[DeviceId] = set()
        self.devices: tuple[NewDevice, ...] = ()

    def forget(self) -> None:
        """Begin anew, for a connection on which the broker tells again what it remembers."""
        self._births.clear()
        self._online.clear()
        self._elsewhere.clear()
        self._show()

    def born(self, device: DeviceId, birth: Birth | None) -> None:
        """Note what a device below `_new` says of itself; None: the broker holds no birth of it any more."""
        if birth is None:
            self._births.pop(device, None)
        elif device in self._births or len(self._births) < NEWCOMERS_MAX:
            self._births[device] = NewDevice(
                device=device,
                board_serial=birth.board_serial,
                agent_version=birth.agent_version,
                plates=tuple(plate.plate for plate in birth.plates),
                zones=tuple(zone.zone for zone in birth.zones),
                online=False,
                seen_at=self._now(),
            )
        self._show()

    def state(self, store: StoreId, device: DeviceId, *, online: bool | None) -> None:
        """Note whether a device is there; None: the broker holds no word on it any more."""
        if store != NEW_DEVICE_STORE:
            if online and len(self._elsewhere) < ELSEWHERE_MAX:
                self._elsewhere[device] = store
            elif self._elsewhere.get(device) == store:
                del self._elsewhere[device]
            return
        if online is None:
            self._online.pop(device, None)
        elif device in self._online or len(self._online) < NEWCOMERS_MAX:
            self._online[device] = online
        if online:
            self._taken.discard(device)  # it is new again: somebody took its store away
        self._show()

    def adopted(self, device: DeviceId) -> None:
        """Note that a device said it is taken into a store; its last words below `_new` may still be under way."""
        self._online[device] = False
        self._taken.add(device)
        self._show()

    def stale(self) -> tuple[DeviceId, ...]:
        """Return the devices of which the broker still holds something below `_new` though they are in a store.

        One of which only its birth is known yet may be there: its state comes next.
        """
        gone = self._taken | self._elsewhere.keys()
        return tuple(device for device, online in self._online.items() if not online and device in gone)

    def cleared(self, device: DeviceId) -> None:
        """Note that the broker holds nothing of it below `_new` any more."""
        self._births.pop(device, None)
        self._online.pop(device, None)
        self._show()

    def _show(self) -> None:
        self.devices = tuple(
            replace(told, online=self._online.get(device, False))
            for device, told in sorted(self._births.items())
            if device not in self._taken
        )
