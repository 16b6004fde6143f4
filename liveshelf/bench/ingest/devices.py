"""Many devices behind one connection: batches go out as fast as the watermarks let them, acknowledgements come in.

A process of its own, as lean as Python allows: packets are written by hand, because 500 clients of a library would
take more of the two cores than what is measured. MQTT 3.1.1 (OASIS standard, sections 3.1, 3.3, 3.4, 3.8).
"""

from __future__ import annotations

import select
import socket
import struct
import sys
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec

from contract.ids import DeviceId
from contract.records import Ack
from contract.topics import Topic
from liveshelf.bench.ingest.traffic import BOOT, PLATES, STORE, Batches, device_name, journal_of

WINDOW_RECORDS = 1_000
"""A device sends so far beyond its watermark: about what it makes until the next acknowledgement, a second later."""

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE = 0x10, 0x20, 0x30, 0x40, 0x82
QOS_1, RETAIN = 0x02, 0x01
RECEIVE_BYTES = 1 << 18
KEEPALIVE_S = 600

_acks = msgspec.json.Decoder(Ack)


class Link:
    """A bare MQTT connection that publishes with QoS 1 and hands out what it receives."""

    def __init__(self, url: str, name: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._socket = socket.create_connection((parts.hostname, parts.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._heard = b""
        self._number = 0
        greeting = _text("MQTT") + bytes([4, 2]) + struct.pack("!H", KEEPALIVE_S) + _text(name)
        self._socket.sendall(_packet(CONNECT, greeting))
        while not any(kind & 0xF0 == CONNACK for kind, _ in self.received(1.0)):
            pass

    def subscribe(self, pattern: str) -> None:
        """Ask for messages with QoS 0: an acknowledgement that is lost is followed by another."""
        self._socket.sendall(_packet(SUBSCRIBE, struct.pack("!H", 1) + _text(pattern) + b"\0"))

    def publish(self, messages: list[tuple[bytes, bytes]], flags: int = QOS_1) -> None:
        """Send messages, each a topic as `_text` makes it and a payload; waits while the broker does not read."""
        self._socket.sendall(b"".join([self._published(topic, payload, flags) for topic, payload in messages]))

    def received(self, timeout_s: float) -> Iterator[tuple[int, bytes]]:
        """Yield the packets that arrived, each its first byte and the rest."""
        if not select.select([self._socket], [], [], timeout_s)[0]:
            return
        heard = self._socket.recv(RECEIVE_BYTES)
        if not heard:
            raise ConnectionError("the broker closed the connection")
        data, at = self._heard + heard, 0
        while (found := _whole(data, at)) is not None:
            begin, end = found
            yield data[at], data[begin:end]
            at = end
        self._heard = data[at:]

    def _published(self, topic: bytes, payload: bytes, flags: int) -> bytes:
        self._number = self._number % 65_535 + 1
        return _packet(PUBLISH | flags, b"".join((topic, struct.pack("!H", self._number), payload)))


class Devices:
    """Devices that begin with a birth and send until they are told to stop."""

    def __init__(self, link: Link, count: int, readings: int, window_records: int) -> None:
        self._link = link
        self._window = window_records // readings
        self._batches = [Batches(number, readings) for number in range(count)]
        self._topics = [_text(str(Topic(STORE, device_name(number), "readings"))) for number in range(count)]
        self._of = {device_name(number): number for number in range(count)}
        self._sent = [0] * count
        self._last = [sys.maxsize] * count
        self._done = [0] * count
        self._greeted: set[int] = set()
        self._began_s = time.monotonic()

    def be_born(self) -> None:
        """Say who we are (retained), and wait for the gateway to say how far it is with each of us."""
        for device, number in self._of.items():
            birth = {"device": device, "store": STORE, "journal": journal_of(number), "boot": BOOT, "board_serial": ""}
            rest = {"agent_version": "bench", "sent_mono_ms": self._mono_ms(), "plates": [], "zones": [], "v": 1}
            payload = msgspec.json.encode({**birth, **rest})
            self._link.publish([(_text(str(Topic(STORE, device, "birth"))), payload)], QOS_1 | RETAIN)
        while len(self._greeted) < len(self._of):
            self._listen(0.1)

    def send(self) -> None:
        """Send what the windows let go, then hear what came back."""
        going = False
        for first in range(0, len(self._batches), PLATES):
            ready = [number for number in range(first, min(first + PLATES, len(self._batches))) if self._may(number)]
            if ready:
                going = True
                self._link.publish([self._next(number) for number in ready])
        self._listen(0.0 if going else 0.02)

    def drain(self, for_s: float) -> bool:
        """Send nothing new, but again what is asked for, until all is committed; tell whether it is."""
        end_s, self._last = time.monotonic() + for_s, list(self._sent)
        while self._done != self._last and time.monotonic() < end_s:
            self.send()
        return self._done == self._last

    @property
    def sent(self) -> list[int]:
        """The number of records each device sent."""
        return [count * batches.readings for count, batches in zip(self._last, self._batches, strict=True)]

    def _may(self, number: int) -> bool:
        return self._sent[number] < min(self._last[number], self._done[number] + self._window)

    def _next(self, number: int) -> tuple[bytes, bytes]:
        batch = self._sent[number]
        self._sent[number] = batch + 1
        return self._topics[number], self._batches[number].payload(batch, self._mono_ms())

    def _listen(self, timeout_s: float) -> None:
        for kind, rest in self._link.received(timeout_s):
            if kind & 0xF0 == PUBLISH:
                self._hear(rest)

    def _hear(self, rest: bytes) -> None:
        """Obey an acknowledgement: the watermark moves the window, a resend goes back to it."""
        (length,) = struct.unpack_from("!H", rest)
        number = self._of[DeviceId(rest[2 : 2 + length].decode().split("/")[3])]
        self._greeted.add(number)
        ack = _acks.decode(rest[2 + length :])
        journal = journal_of(number)
        if journal in ack.journals:
            self._done[number] = ack.journals[journal] // self._batches[number].readings
        if journal in ack.resend:
            self._sent[number] = self._done[number]

    def _mono_ms(self) -> int:
        return 1_000 + round(1_000 * (time.monotonic() - self._began_s))


def main(arguments: list[str]) -> None:
    """Send for so many seconds; say `sent N` when all of it is committed. A line on stdin starts it."""
    url, count, readings, for_s = arguments
    link = Link(url, "bench-devices")
    link.subscribe(str(Topic(STORE, device_name(0), "ack")).replace(device_name(0), "+"))
    devices = Devices(link, int(count), int(readings), WINDOW_RECORDS)
    devices.be_born()
    print("ready", flush=True)
    sys.stdin.readline()
    end_s = time.monotonic() + float(for_s)
    while time.monotonic() < end_s:
        devices.send()
    print("stopped", flush=True)
    drained = devices.drain(60.0)
    print(f"{'sent' if drained else 'unfinished'} {sum(devices.sent)}", flush=True)


def _whole(data: bytes, at: int) -> tuple[int, int] | None:
    """Return where the packet at `at` has its body, None while it is not complete."""
    length, shift, begin = 0, 0, at + 1
    while begin < len(data):
        byte = data[begin]
        length |= (byte & 0x7F) << shift
        shift, begin = shift + 7, begin + 1
        if byte < 0x80:
            return (begin, begin + length) if begin + length <= len(data) else None
    return None


def _packet(kind: int, body: bytes) -> bytes:
    length, size = b"", len(body)
    while True:
        size, digit = divmod(size, 128)
        length += bytes([digit | 0x80 if size else digit])
        if not size:
            return bytes([kind]) + length + body


def _text(text: str) -> bytes:
    return struct.pack("!H", len(text.encode())) + text.encode()


if __name__ == "__main__":
    main(sys.argv[1:])
