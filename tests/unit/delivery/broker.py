"""A broker that loses, repeats and reorders, and forgets what it kept; the links of one edge end in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from edge.publishing.link import Arrived, Call, Connected, Event, Lost, Took

DEVICE = "bay-1"
STORE = "corner-shop"
ROOT = f"liveshelf/v1/{STORE}/{DEVICE}"


@dataclass
class EdgeLink:
    """The edge's end of one connection."""

    broker: Broker
    waiting: list[Event] = field(default_factory=lambda: [Connected()])
    subscribed: bool = False
    sent: int = 0

    def events(self) -> list[Event]:
        events, self.waiting = self.waiting, []
        return events

    def subscribe(self, topics: Sequence[str]) -> None:
        assert f"{ROOT}/ack" in topics
        self.subscribed = True
        if self.broker.retained_ack is not None:
            self.waiting.append(Arrived(f"{ROOT}/ack", self.broker.retained_ack))

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int:
        self.sent += 1
        if self is self.broker.link:
            self.broker.from_edge(topic, payload, retain=retain)
            self.waiting.append(Took(self.sent))  # a broker says it has it, whatever becomes of it then
        return self.sent

    def close(self) -> None:
        if self.broker.link is self:
            self.broker.link = None


@dataclass
class Broker:
    """Messages on their way: one line for each gateway that listens, one to the edge."""

    link: EdgeLink | None = None
    lines: dict[str, list[tuple[str, bytes]]] = field(default_factory=dict)
    retained: dict[str, bytes] = field(default_factory=dict)
    retained_ack: bytes | None = None
    acks_ever: list[bytes] = field(default_factory=list)

    def dial(self, call: Call) -> EdgeLink:
        assert call.will_topic == f"{ROOT}/state"
        self.link = EdgeLink(self)
        return self.link

    def listen(self, gateway: str) -> None:
        self.lines[gateway] = [*self.retained.items()]

    def from_edge(self, topic: str, payload: bytes, *, retain: bool) -> None:
        if retain:
            self.retained[topic] = payload
        for line in self.lines.values():
            line.append((topic, payload))

    def from_gateway(self, ack: bytes) -> None:
        self.retained_ack = ack
        self.acks_ever.append(ack)
        if self.link and self.link.subscribed:
            self.link.waiting.append(Arrived(f"{ROOT}/ack", ack))

    def cut(self) -> None:
        if self.link:
            self.link.waiting = [Lost("cut")]
            self.link.subscribed = False
            self.link = None

    def wipe(self) -> None:
        self.cut()
        self.retained.clear()
        self.retained_ack = None
        for line in self.lines.values():
            line.clear()
