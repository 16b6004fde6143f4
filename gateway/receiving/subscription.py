"""The gateway's ear: messages are stamped with their time of arrival and wait in a line bounded in bytes.

Nothing is acknowledged here: a message that does not fit is dropped and counted, and its device sends it again. The
thread itself is never paused (measured: a paused reader misses its ping and is thrown out).
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence
from urllib.parse import urlsplit

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from contract.clock import Clock
from contract.codec import encode
from contract.errors import ConfigurationError
from contract.ids import DeviceId, StoreId
from contract.records import Ack
from contract.topics import Topic, store_filter
from gateway.receiving.messages import RawMessage

KEEPALIVE_S = 30
RECONNECT_MIN_S = 1
RECONNECT_MAX_S = 10
WAITING_BYTES_MAX = 64 * 1024 * 1024
"""So much may wait while the database is away; beyond it messages are dropped and asked for again."""

MESSAGE_OVERHEAD_BYTES = 500
"""What a waiting message costs beside its payload: an object, a topic, a time (measured with sys.getsizeof)."""

PORTS = {"mqtt": 1883, "mqtts": 8883}
logger = logging.getLogger(__name__)


class WaitingLine:
    """Messages that wait for the story, bounded in bytes; safe between two threads."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._messages: deque[RawMessage] = deque()
        self._bytes = 0
        self._dropped = 0
        self._arrived = threading.Condition()

    @property
    def dropped(self) -> int:
        """The number of messages that did not fit since the start."""
        return self._dropped

    def put(self, message: RawMessage) -> bool:
        """Add a message unless the line is full; return whether it was added."""
        size = len(message.payload) + MESSAGE_OVERHEAD_BYTES
        with self._arrived:
            if self._bytes + size > self._bytes_max:
                self._dropped += 1
                return False
            self._messages.append(message)
            self._bytes += size
            self._arrived.notify()
        return True

    def take(self, count_max: int, timeout_s: float) -> list[RawMessage]:
        """Return up to so many messages, oldest first, waiting for the first; none after the timeout."""
        with self._arrived:
            if not self._messages:
                self._arrived.wait(timeout_s)
            taken = [self._messages.popleft() for _ in range(min(count_max, len(self._messages)))]
            self._bytes -= sum(len(message.payload) + MESSAGE_OVERHEAD_BYTES for message in taken)
        return taken


class Subscription:
    """Everything the devices of a store say, in order of arrival. `run` must differ between gateways; `also` are
    filters for topics of devices that are none of ours.

    Two gateways of one store both hear everything: the watermark, not the broker, decides who loads.
    """

    def __init__(
        self,
        url: str,
        store: StoreId,
        *,
        run: str,
        clock: Clock,
        also: Sequence[str] = (),
        waiting_bytes_max: int = WAITING_BYTES_MAX,
    ) -> None:
        self._store = store
        self._also = tuple(also)
        self._clock = clock
        self._line = WaitingLine(waiting_bytes_max)
        self._acks: dict[DeviceId, bytes] = {}
        self._acks_lock = threading.Lock()
        self._overflowing = False
        self._unreached = False
        self._place = url.rpartition("@")[2].rpartition("/")[2]
        self._client = _client(url, f"liveshelf-gateway-{store}-{run}")
        self._client.on_connect = self._on_connect
        self._client.on_connect_fail = self._on_connect_fail
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.loop_start()

    @property
    def connected(self) -> bool:
        """Tell whether the broker hears us."""
        return self._client.is_connected()

    @property
    def dropped(self) -> int:
        """The number of messages dropped because too much waited."""
        return self._line.dropped

    def next(self, timeout_s: float) -> RawMessage | None:
        """Return the next message, waiting for it; None after the timeout."""
        taken = self._line.take(1, timeout_s)
        return taken[0] if taken else None

    def take(self, count_max: int, timeout_s: float) -> list[RawMessage]:
        """Return up to so many messages at once, waiting for the first; none after the timeout."""
        return self._line.take(count_max, timeout_s)

    def publish_ack(self, device: DeviceId, ack: Ack) -> None:
        """Send an acknowledgement, retained, now and again at every connect (rule 8); never waits."""
        payload = encode(ack)
        with self._acks_lock:
            self._acks[device] = payload
        if self._client.is_connected():
            self._publish_ack(device, payload)

    def close(self) -> None:
        """Leave the broker; waits for the network thread."""
        self._client.disconnect()
        self._client.loop_stop()

    def _publish_ack(self, device: DeviceId, payload: bytes) -> None:
        self._client.publish(str(Topic(self._store, device, "ack")), payload, qos=1, retain=True)

    def _on_connect(
        self, client: Client, _user: object, _flags: object, reason: ReasonCode, _properties: object
    ) -> None:
        if reason.is_failure:
            logger.error("the broker refused us", extra={"event": "broker_refused", "reason": str(reason)})
            return
        self._unreached = False
        client.subscribe([(topic, 1) for topic in (store_filter(self._store), *self._also)])
        with self._acks_lock:
            acks = list(self._acks.items())
        for device, payload in acks:
            self._publish_ack(device, payload)
        logger.info("connected to the broker", extra={"event": "broker_connected", "store": self._store})

    def _on_connect_fail(self, _client: Client, _user: object) -> None:
        if not self._unreached:
            logger.warning(
                "the broker cannot be reached, trying again",
                extra={"event": "broker_unreachable", "broker": self._place},
            )
        self._unreached = True

    def _on_disconnect(
        self, _client: Client, _user: object, _flags: object, reason: ReasonCode, _properties: object
    ) -> None:
        if reason.is_failure:
            logger.warning("lost the broker", extra={"event": "broker_lost", "reason": str(reason)})

    def _on_message(self, _client: Client, _user: object, message: MQTTMessage) -> None:
        raw = RawMessage(
            topic=message.topic,
            payload=bytes(message.payload),
            received_at=self._clock.now(),
            retained=message.retain,
        )
        fits = self._line.put(raw)
        if not fits and not self._overflowing:
            logger.warning("too much waits, dropping messages", extra={"event": "waiting_line_full"})
        self._overflowing = not fits


def _client(url: str, client_id: str) -> Client:
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise ConfigurationError(f"broker: found {url!r}, expected mqtt://host:port or mqtts://host:port")
    client = Client(
        CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=True, protocol=MQTTProtocolVersion.MQTTv311
    )
    client.max_inflight_messages_set(0)
    client.reconnect_delay_set(RECONNECT_MIN_S, RECONNECT_MAX_S)
    if parts.username:
        client.username_pw_set(parts.username, parts.password)
    if parts.scheme == "mqtts":
        client.tls_set()
    client.connect_async(parts.hostname, parts.port or PORTS[parts.scheme], keepalive=KEEPALIVE_S)
    return client
