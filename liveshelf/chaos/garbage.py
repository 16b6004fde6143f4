"""Garbage on the topics of devices: what any program with the broker's address can send, seeded.

It pretends nothing: a well-formed payload in a device's own journal, with other records, can be told from the device's
own by nobody but a broker that knows who may publish where.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from contract.ids import StoreId
from contract.topics import TOPIC_ROOT
from liveshelf.broker_configuration import HOST

LISTEN_S = 0.5
PIECES = 60
CAUGHT_MAX = 40
TAKEN_S_MAX = 5.0


class Thrower:
    """A client of the broker that catches what agents and gateways say, to send it again, maimed or as it is."""

    def __init__(self, port: int) -> None:
        self.caught: list[tuple[str, bytes]] = []
        self._port = port
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id="chaos-garbage", protocol=MQTTProtocolVersion.MQTTv311
        )
        self._client.max_inflight_messages_set(0)
        self._client.on_message = self._catch

    def listen(self, store: StoreId, wait_s: float) -> None:
        """Connect and catch for a while. Raises OSError when nobody listens there."""
        self._client.connect(HOST, self._port)
        self._client.loop_start()
        self._client.subscribe([(f"{TOPIC_ROOT}/{store}/+/{channel}", 1) for channel in ("readings", "ack")])
        threading.Event().wait(wait_s)

    def throw(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish something."""
        self._client.publish(topic, payload, qos=1, retain=retain)

    def leave(self) -> None:
        """Wait until the broker has taken all, as far as it does, and leave."""
        last = self._client.publish(f"{TOPIC_ROOT}/nobody", b"", qos=1)
        last.wait_for_publish(TAKEN_S_MAX)
        self._client.disconnect()
        self._client.loop_stop()

    def _catch(self, _client: Client, _user: object, message: MQTTMessage) -> None:
        if len(self.caught) < CAUGHT_MAX:
            self.caught.append((message.topic, bytes(message.payload)))


def throw_garbage(port: int, store: StoreId, devices: Sequence[str], *, seed: int) -> list[str]:
    """Throw garbage at the topics of some devices; return the journals that were invented. Raises OSError."""
    chance = random.Random(seed)
    thrower = Thrower(port)
    thrower.listen(store, LISTEN_S)
    invented: list[str] = []
    try:
        for _ in range(PIECES):
            device = chance.choice(devices)
            topic = f"{TOPIC_ROOT}/{store}/{device}"
            match chance.randrange(6):
                case 0:
                    thrower.throw(f"{topic}/readings", chance.randbytes(chance.randrange(1, 2000)))
                case 1:
                    channel = chance.choice(("birth", "state", "now", "ack", "cmd", "cmd/result", "nothing"))
                    thrower.throw(f"{topic}/{channel}", chance.choice((b"{}", b"[1, 2", b'{"v": 1}', b"\xff")))
                case 2:
                    invented.append(f"{chance.randrange(16**32):032x}")
                    thrower.throw(f"{topic}/readings", bad_body(device, invented[-1]))
                case _ if thrower.caught:
                    thrower.throw(*maimed(chance, *chance.choice(thrower.caught), f"{topic}/readings"))
                case _:
                    thrower.throw(f"{topic}/readings", b"")
    finally:
        thrower.leave()
    return invented


def bad_body(device: str, journal: str) -> bytes:
    """Return a batch with a good envelope of a journal nobody has, and a body that cannot be read."""
    text = f'{{"device":"{device}","journal":"{journal}","first":1,"last":3,"sent_mono_ms":5,"blocks":{{"x":1}},"v":1}}'
    return text.encode()


def maimed(chance: random.Random, topic: str, payload: bytes, other_topic: str) -> tuple[str, bytes]:
    """Return what was caught: as it is, cut short, in a version nobody knows, or on another's topic (pure)."""
    match chance.randrange(4):
        case 0:
            return topic, payload
        case 1:
            return topic, payload[: chance.randrange(1, max(2, len(payload)))]
        case 2:
            return topic, payload.replace(b'"v":1', b'"v":999')
        case _:
            return other_topic, payload
