"""Topics of the wire: `liveshelf/v1/{store}/{device}/…` built and parsed in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from contract.errors import PayloadError
from contract.ids import NEW_DEVICE_STORE, DeviceId, StoreId, is_name

TOPIC_ROOT = "liveshelf/v1"

Channel = Literal["birth", "state", "readings", "now", "ack", "cmd", "cmd/result"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)
PARTS = 3
"""A topic below the root: store, device, channel."""

_CHANNEL_OF: dict[str, Channel] = {channel: channel for channel in CHANNELS}


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: who it belongs to and what travels on it."""

    store: StoreId
    device: DeviceId
    channel: Channel

    def __str__(self) -> str:
        return f"{TOPIC_ROOT}/{self.store}/{self.device}/{self.channel}"


def parse_topic(text: str) -> Topic:
    """Return the parts of a topic. Raises PayloadError naming what was found and expected."""
    parts = text.removeprefix(TOPIC_ROOT + "/").split("/", maxsplit=2)
    if text.startswith(TOPIC_ROOT + "/") and len(parts) == PARTS:
        store, device, channel = parts
        known = _CHANNEL_OF.get(channel)
        if known and is_name(device) and (is_name(store) or store == NEW_DEVICE_STORE):
            return Topic(StoreId(store), DeviceId(device), known)
    raise PayloadError(f"topic: found {text!r}, expected {TOPIC_ROOT}/{{store}}/{{device}}/{{channel}}")


def store_filter(store: StoreId) -> str:
    """Return the subscription by which a gateway receives everything of its store."""
    return f"{TOPIC_ROOT}/{store}/#"
