"""A door before a real broker that closes the connection when readings are published, as some brokers do with whoever
may not publish them (EMQX: `deny_action = disconnect`; MQTT 3.1.1 knows no other way to refuse, section 3.3.5).
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from contract.broker_address import parse_broker_url

PUBLISH = 3


class BrokerDoor:
    """Hands on what comes, packet by packet. While it `refuses`, whoever publishes readings is cut off.

    `cut` counts those; `passed` holds the payloads of the readings that were handed on.
    """

    def __init__(self, broker_url: str) -> None:
        self.refuses = True
        self.cut = 0
        self.passed: list[bytes] = []
        self._broker = parse_broker_url(broker_url)
        self._ears = socket.create_server(("127.0.0.1", 0))
        self._ears.settimeout(0.2)
        self._closing = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self._ears.getsockname()[1]}"

    def close(self) -> None:
        self._closing.set()
        for thread in self._threads:
            thread.join()
        self._ears.close()

    def _accept(self) -> None:
        while not self._closing.is_set():
            with contextlib.suppress(TimeoutError):
                guest, _ = self._ears.accept()
                try:
                    broker = socket.create_connection((self._broker.host, self._broker.port))
                except OSError:  # as a broker that is away: whoever knocks is not let in
                    guest.close()
                    continue
                for work in (self._hand_in, self._hand_out):
                    thread = threading.Thread(target=work, args=(guest, broker))
                    self._threads.append(thread)
                    thread.start()

    def _hand_out(self, guest: socket.socket, broker: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while said := broker.recv(65_536):
                guest.sendall(said)
        _end(guest, broker)

    def _hand_in(self, guest: socket.socket, broker: socket.socket) -> None:
        guest.settimeout(0.2)
        with contextlib.suppress(OSError):
            for packet, topic, payload in _packets(guest, self._closing):
                if topic.endswith(b"/readings"):
                    if self.refuses:
                        self.cut += 1
                        break
                    self.passed.append(payload)
                broker.sendall(packet)
        _end(guest, broker)


def _packets(guest: socket.socket, closing: threading.Event) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yield each packet whole, and topic and payload of one that publishes (MQTT 3.1.1, sections 2.2 and 3.3)."""
    held = b""
    while not closing.is_set():
        try:
            heard = guest.recv(65_536)
        except TimeoutError:
            continue
        if not heard:
            return
        held += heard
        while (end := _end_of_packet(held)) is not None:
            packet, held = held[:end], held[end:]
            yield packet, *_published(packet)


def _end_of_packet(held: bytes) -> int | None:
    length = 0
    for place, byte in enumerate(held[1:5]):
        length |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            end = 2 + place + length
            return end if len(held) >= end else None
    return None


def _published(packet: bytes) -> tuple[bytes, bytes]:
    if packet[0] >> 4 != PUBLISH:
        return b"", b""
    begin = next(place for place in range(1, 5) if packet[place] < 0x80) + 1
    topic_end = begin + 2 + int.from_bytes(packet[begin : begin + 2], "big")
    number_bytes = 2 if packet[0] & 0x06 else 0
    return packet[begin + 2 : topic_end], packet[topic_end + number_bytes :]


def _end(*wires: socket.socket) -> None:
    for wire in wires:
        with contextlib.suppress(OSError):
            wire.shutdown(socket.SHUT_RDWR)
        wire.close()


@contextmanager
def broker_door(broker_url: str) -> Iterator[BrokerDoor]:
    """Give a door before a broker."""
    door = BrokerDoor(broker_url)
    try:
        yield door
    finally:
        door.close()
