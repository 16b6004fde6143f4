"""Names of things: typed strings that are safe in a topic, a file name and a URL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NewType

StoreId = NewType("StoreId", str)
DeviceId = NewType("DeviceId", str)
JournalId = NewType("JournalId", str)
PlateId = NewType("PlateId", str)
ZoneId = NewType("ZoneId", str)
ShelfId = NewType("ShelfId", str)
PositionId = NewType("PositionId", str)
Sku = NewType("Sku", str)
Epc = NewType("Epc", str)

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}(?!\n)$"
"""Store, device, plate, zone, shelf, position: one topic level, no wildcard, at most 64 characters."""

NEW_DEVICE_STORE = StoreId("_new")
"""The store a device names before it is adopted."""

_NAME = re.compile(NAME_PATTERN)


def is_name(text: str) -> bool:
    """Tell whether a text may name a store, device, plate, zone, shelf or position."""
    return _NAME.match(text) is not None


@dataclass(frozen=True, slots=True, order=True)
class RecordId:
    """The one identity a record keeps from the Pi to the row."""

    device: DeviceId
    journal: JournalId
    seq: int

    def __str__(self) -> str:
        return f"{self.device}/{self.journal}/{self.seq}"
