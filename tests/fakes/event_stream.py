"""Server-sent events as a browser reads them (WHATWG HTML, section 9.2.6), and a page that does what they say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Event:
    """One event: its name, its data, and the last id the browser knows after it."""

    name: str
    data: Any
    last_id: str


def events(stream: bytes, last_id: str = "") -> Iterator[Event]:
    """Yield the events of a stream; what does not end with an empty line was cut off and is not told."""
    for block in stream.decode().split("\n\n")[:-1]:
        name, data = "message", []
        for line in block.split("\n"):
            key, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if key == "event":
                name = value
            elif key == "data":
                data.append(value)
            elif key == "id":
                last_id = value
        if data:
            yield Event(name, json.loads("\n".join(data)), last_id)


@dataclass
class Page:
    """What a browser shows: parts, the banner, what happened (newest first), and how far it knows the store."""

    last_id: str
    parts: dict[str, str] = field(default_factory=dict)
    now: list[str] = field(default_factory=list)
    down: str | None = None
    reloads: int = 0

    def hear(self, stream: bytes) -> None:
        """Do what the events say."""
        for event in events(stream, self.last_id):
            self.last_id = event.last_id
            if event.name == "reload":
                self.reloads += 1
            elif event.name == "frame":
                self._apply(event.data)

    def _apply(self, frame: dict[str, Any]) -> None:
        self.parts.update(frame.get("parts", {}))
        for item in frame.get("now", ()):
            if item not in self.now:
                self.now.insert(0, item)
        self.down = frame.get("down", self.down)


def frames(stream: bytes) -> list[dict[str, Any]]:
    """Return the data of the frames of a stream."""
    return [event.data for event in events(stream) if event.name == "frame"]
