"""A device that follows the wire rules with paho and nothing else: numbers, batches, acknowledgements, resends."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from contract.codec import decode, encode, pack
from contract.ids import DeviceId, StoreId
from contract.records import Ack, Batch, Birth, HeldJournal, Record, State
from contract.topics import Channel, Topic

QUIET_S = 2.0
"""What was not acknowledged for so long is sent again."""


class FakeDevice:
    """Holds its records for ever, so it can replay them into a restored database."""

    def __init__(
        self,
        broker_url: str,
        store: StoreId,
        device: DeviceId,
        *,
        journal: str,
        batch_records: int = 20,
        window_records: int = 2000,
    ) -> None:
        self.store, self.device, self.journal = store, device, journal
        self.records: list[Record] = []
        self.acks: list[Ack] = []
        self.idle_ms = 1
        self.committed = 0
        self._url, self._batch_records, self._window_records = broker_url, batch_records, window_records
        self._sent, self._heard_at = 0, time.monotonic()
        self._inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"fake-{device}-{journal[:8]}")

    def __enter__(self) -> Self:
        parts = urlsplit(self._url)
        self._client.on_connect = self._connected
        self._client.on_message = lambda _client, _data, message: self._inbox.put(bytes(message.payload))
        self._client.connect(parts.hostname or "", parts.port or 1883)
        self._client.loop_start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def append(self, records: Iterable[Record]) -> None:
        """Number some records; they go out with the next `pump`."""
        self.records.extend(records)

    def publish(self, channel: Channel, payload: bytes, *, retain: bool = False) -> None:
        """Send any bytes on a channel of this device."""
        topic = str(Topic(self.store, self.device, channel))
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(timeout=20)

    def send_batch(self, first: int, last: int) -> None:
        """Send the records of some numbers, whether or not they were sent before."""
        self.publish("readings", encode(self.batch(first, last)))

    def batch(self, first: int, last: int) -> Batch:
        """Return the batch of some numbers."""
        numbered = [(seq, self.records[seq - 1]) for seq in range(first, last + 1)]
        return Batch(
            device=self.device,
            journal=self.journal,
            first=first,
            last=last,
            sent_mono_ms=self.mono_ms,
            blocks=pack(numbered),
            boot="boot",
        )

    @property
    def mono_ms(self) -> int:
        """The device's clock: it was idle for `idle_ms` since its newest record."""
        return max((record.mono_ms for record in self.records), default=0) + self.idle_ms

    def pump(self) -> None:
        """Hear what the gateway said and send what the window allows."""
        while not self._inbox.empty():
            self._hear(decode(self._inbox.get(), Ack))
        if self._sent > self.committed and time.monotonic() - self._heard_at > QUIET_S:
            self._go_back()
        while self._sent < len(self.records) and self._sent - self.committed < self._window_records:
            last = min(self._sent + self._batch_records, len(self.records))
            self.send_batch(self._sent + 1, last)
            self._sent = last

    def wait_for_gateway(self, *, timeout_s: float = 60.0) -> None:
        """Pump until a gateway answers the birth."""
        deadline = time.monotonic() + timeout_s
        while not self.acks:
            self.pump()
            assert time.monotonic() < deadline, f"{self.device}: no gateway answered"
            time.sleep(0.01)

    def drain(self, *, timeout_s: float = 60.0) -> None:
        """Pump until the gateway says everything is committed."""
        deadline = time.monotonic() + timeout_s
        while self.committed < len(self.records):
            self.pump()
            assert time.monotonic() < deadline, f"{self.device}: {self.committed} of {len(self.records)} committed"
            time.sleep(0.01)

    def _hear(self, ack: Ack) -> None:
        newest = self.acks[-1] if self.acks else None
        self.acks.append(ack)
        restored = newest is None or ack.database_epoch != newest.database_epoch
        watermark = ack.journals.get(self.journal, 0)
        if restored or watermark > self.committed:
            self.committed = watermark
            self._heard_at = time.monotonic()
        taken_over = newest is not None and ack.gateway_run != newest.gateway_run
        if restored or taken_over or self.journal in ack.resend:
            self._go_back()
        self._sent = max(self._sent, self.committed)

    def _go_back(self) -> None:
        self._sent, self._heard_at = self.committed, time.monotonic()

    def _connected(self, client: mqtt.Client, *_: Any) -> None:
        client.subscribe(str(Topic(self.store, self.device, "ack")), qos=1)
        state = State(device=self.device, online=True, journal=self.journal)
        for channel, message in (("birth", self.birth()), ("state", state)):
            topic = f"liveshelf/v1/{self.store}/{self.device}/{channel}"
            client.publish(topic, encode(message), qos=1, retain=True)

    def birth(self) -> Birth:
        """Return what this device says of itself."""
        held = [HeldJournal(self.journal, 1, len(self.records))] if self.records else []
        return Birth(
            device=self.device,
            store=self.store,
            journal=self.journal,
            boot="boot",
            board_serial="fake",
            agent_version="0",
            sent_mono_ms=self.mono_ms,
            plates=[],
            zones=[],
            journals_held=held,
        )
