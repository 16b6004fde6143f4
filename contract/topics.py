"""Topics of the wire: `liveshelf/v1/{store}/{device}/…` built and parsed in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from contract.errors import PayloadError
from contract.ids import NEW_DEVICE_STORE, DeviceId, StoreId, is_name

TOPIC_ROOT = "liveshelf/v1"

Channel = Literal["birth", "state", "readings", "now", "ack", "cmd", "cmd/result"]
CHANNELS: tuple[str, ...] = get_args(Channel)


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
    root, version, *rest = text.split("/")
    if f"{root}/{version}" != TOPIC_ROOT if rest else True:
        raise PayloadError(f"topic: found {text!r}, expected {TOPIC_ROOT}/{{store}}/{{device}}/{{channel}}")
    store, device, *channel = rest if len(rest) > 1 else [*rest, ""]
    name = "/".join(channel)
    if name not in CHANNELS or not is_name(device) or not (is_name(store) or store == NEW_DEVICE_STORE):
        raise PayloadError(f"topic: found {text!r}, expected {TOPIC_ROOT}/{{store}}/{{device}}/{{channel}}")
    return Topic(StoreId(store), DeviceId(device), name)  # type: ignore[arg-type]


def store_filter(store: StoreId) -> str:
    """Return the subscription by which a gateway receives everything of its store."""
    return f"{TOPIC_ROOT}/{store}/#"
