"""One connection to the MQTT broker: paho's network thread puts what happens into a queue, and nothing else.

A connection that is lost is thrown away with everything paho still held for it: what was not committed is sent again
by number, so nothing of an old connection may leak into a new one (measured: a late acknowledgement after a broker's
restart hit another message of the same packet id).
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from contract.errors import ConfigurationError

KEEPALIVE_S = 30
CONNECT_TIMEOUT_S = 5.0
PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker accepted us."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection could not be made or broke; nothing follows on this link."""

    reason: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message of a subscription."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Took:
    """The broker acknowledged the message `publish` returned this number for."""

    message: int


Event = Connected | Lost | Arrived | Took


class Link(Protocol):
    """One connection to a broker, from dialling to loss."""

    def events(self) -> list[Event]:
        """Return what happened since the last call, oldest first; never waits."""
        ...

    def subscribe(self, topics: Sequence[str]) -> None:
        """Ask for the messages of these topics."""
        ...

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int:
        """Hand over a message at QoS 1 and return its number on this link; never waits."""
        ...

    def close(self) -> None:
        """Say goodbye if still connected, and forget everything on the way."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Whom to connect to, as whom, and the last will the broker speaks for us, retained."""

    broker: str
    client_id: str
    will_topic: str
    will_payload: bytes


Dial = Callable[[Call], Link]


class MqttLink:
    """A link over TCP or TLS, MQTT 3.1.1, clean session."""

    def __init__(self, call: Call) -> None:
        url = urlsplit(call.broker)
        if url.scheme not in PORTS or not url.hostname:
            raise ConfigurationError(f"broker: found {call.broker!r}, expected mqtt://host:port or mqtts://host:port")
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=call.client_id,
            clean_session=True,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        self._client.connect_timeout = CONNECT_TIMEOUT_S
        self._client.max_inflight_messages_set(0)
        self._client.will_set(call.will_topic, call.will_payload, qos=1, retain=True)
        if url.username:
            self._client.username_pw_set(url.username, url.password)
        if url.scheme == "mqtts":
            self._client.tls_set()
        self._listen()
        self._client.connect_async(url.hostname, url.port or PORTS[url.scheme], keepalive=KEEPALIVE_S)
        self._client.loop_start()

    def events(self) -> list[Event]:
        """Return what happened since the last call, oldest first; never waits."""
        found: list[Event] = []
        while True:
            try:
                found.append(self._events.get_nowait())
            except queue.Empty:
                return found

    def subscribe(self, topics: Sequence[str]) -> None:
        """Ask for the messages of these topics at QoS 1."""
        self._client.subscribe([(topic, 1) for topic in topics])

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int:
        """Hand over a message at QoS 1 and return its number on this link; never waits."""
        return self._client.publish(topic, payload, qos=1, retain=retain).mid

    def close(self) -> None:
        """Say goodbye if still connected; waits for the network thread, at most the time to connect."""
        self._client.disconnect()
        self._client.loop_stop()

    def _listen(self) -> None:
        # paho calls these on its own thread: they enqueue and return.
        put = self._events.put

        def on_connect(_client: Client, _user: object, _flags: object, reason: ReasonCode, _properties: object) -> None:
            put(Lost(str(reason)) if reason.is_failure else Connected())

        def on_connect_fail(client: Client, _user: object) -> None:
            put(Lost("no connection"))
            client.disconnect()  # ends the network thread: the publisher dials again, with its own patience

        def on_disconnect(
            _client: Client, _user: object, _flags: object, reason: ReasonCode, _properties: object
        ) -> None:
            put(Lost(str(reason)))

        def on_message(_client: Client, _user: object, message: MQTTMessage) -> None:
            put(Arrived(message.topic, bytes(message.payload)))

        def on_publish(_client: Client, _user: object, mid: int, _reason: object, _properties: object) -> None:
            put(Took(mid))

        self._client.on_connect = on_connect
        self._client.on_connect_fail = on_connect_fail
        self._client.on_disconnect = on_disconnect
        self._client.on_message = on_message
        self._client.on_publish = on_publish
