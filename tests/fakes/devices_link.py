"""A link to devices without a broker: the commands of one store go to the desk of a fake bay, in the same thread."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cloud.devices.model import NewDevice
from cloud.errors import DeviceSilent, LinkAway
from contract.records import CommandResult
from tests.fakes.fitting import Fitting


class BayLink:
    """Asks the fake bay. `away` is what is wrong: nothing, `silent` or `link`; `new` are devices without a store."""

    def __init__(self, bay: Fitting, store: str) -> None:
        self.bay = bay
        self.store = store
        self.away = ""
        self.new: tuple[NewDevice, ...] = ()
        self.asked: list[tuple[str, str, str, Mapping[str, Any]]] = []

    @property
    def connected(self) -> bool:
        return self.away != "link"

    def new_devices(self) -> tuple[NewDevice, ...]:
        return self.new

    def check(self, store: str, device: str) -> None:
        if self.away == "link":
            raise LinkAway("the broker does not answer")

    async def ask(
        self, store: str, device: str, op: str, args: Mapping[str, Any], *, timeout_s: float, **_: Any
    ) -> CommandResult:
        assert timeout_s > 0
        self.check(store, device)
        self.asked.append((store, device, op, args))
        if self.away == "silent" or (store == self.store and device != self.bay.settings.device):
            raise DeviceSilent(f"{device} did not answer {op}")
        if op in ("adopt", "identify"):
            return CommandResult(id="x", ok=True, facts={"store": store})
        return self.bay.tell(op, **args)


def new_device(name: str, at: datetime, *, online: bool = True) -> NewDevice:
    """Return a device fresh from the box."""
    return NewDevice(
        device=name, board_serial="10000000a1b2c3d4", agent_version="0.1.0", plates=("l1", "l2"), zones=(),
        online=online, seen_at=at,
    )  # fmt: skip
