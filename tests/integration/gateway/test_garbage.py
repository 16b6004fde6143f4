"""Garbage of every kind among good traffic, through a real broker to a real gateway: kept with its reason, no loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from psycopg import Connection

from contract.codec import encode, payload_hash
from tests.fakes.device import FakeDevice
from tests.integration.gateway.conftest import StartGateway
from tests.integration.gateway.rows import all_of, one_of, weight

pytestmark = [pytest.mark.database, pytest.mark.broker]

EVERY = 100
"""One message in so many is garbage."""
BATCH = 5

Spoil = Callable[[bytes], bytes]
"""Makes garbage of the good batch that comes next."""

REFUSED: dict[str, tuple[str, Spoil]] = {
    "no UTF-8 in a name": ("unreadable", lambda good: good.replace(b'"bay-1"', b'"bay\xff"')),
    "no JSON": ("unreadable", lambda good: b"weight=12.5;plate=3"),
    "cut off": ("unreadable", lambda good: good[:-20]),
    "another JSON": ("unreadable", lambda good: b"[1,2,3]"),
    "no object": ("unreadable", lambda good: b"null"),
    "an empty object": ("unreadable", lambda good: b"{}"),
    "white space": ("unreadable", lambda good: b" "),
    "zero bytes": ("unreadable", lambda good: bytes(64)),
    "a version of the future": ("unknown_version", lambda good: good.replace(b'"v":1', b'"v":999')),
    "a version that is a word": ("unreadable", lambda good: good.replace(b'"v":1', b'"v":"one"')),
    "numbers backwards": ("unreadable", lambda good: good.replace(b'"first":', b'"first":9')),
    "a number below 1": ("unreadable", lambda good: good.replace(b'"first":', b'"first":-')),
    "a field nobody knows": ("unreadable", lambda good: good.replace(b'"v":1', b'"v":1,"colour":"red"')),
    "too big": ("oversized", lambda good: good + b" " * 70_000),
    "nested in itself": ("unreadable", lambda good: b"[" * 20_000),
    "nested in its body": (
        "unreadable",
        lambda good: good.replace(b'"noise_g":[0.25', b'"noise_g":[' + b"[" * 9000 + b"]" * 9000),
    ),
    "not a number": ("unreadable", lambda good: good.replace(b'"noise_g":[0.25', b'"noise_g":[NaN')),
    "a foreign device": ("foreign_device", lambda good: good.replace(b'"device":"bay-1"', b'"device":"bay-2"')),
}
"""What moves no watermark: the same numbers come again, well."""

REJECTED: dict[str, Spoil] = {
    "a kind nobody knows": lambda good: good.replace(b'"heartbeat"', b'"dance"'),
    "a weight that is a word": lambda good: good.replace(b'"weight_g":[', b'"weight_g":["heavy",'),
    "no UTF-8": lambda good: good.replace(b"heartbeat", b"\xff\xfe\xc3("),
    "no end": lambda good: good.replace(b'"noise_g":[0.25', b'"noise_g":[1e999'),
    "a column too long": lambda good: good.replace(b'"noise_g":[', b'"noise_g":[1.0,'),
    "a number twice": lambda good: good.replace(b'"seq":[', b'"seq":[1,').replace(b'"plate":[', b'"plate":["b1",'),
    "a zero byte in a name": lambda good: good.replace(b'"b1-s1-l1"', b'"b1\\u0000l1"'),
    "a time no date can hold": lambda good: good.replace(b'"mono_ms":[', b'"mono_ms":[900719925474099'),
    "no blocks": lambda good: good[: good.index(b'"blocks":')] + b'"blocks":{},"boot":"boot","v":1}',
}
"""A good envelope around a bad body: its numbers become a gap."""


def test_every_kind_of_garbage_at_one_percent_is_kept_and_good_traffic_loses_nothing(
    start_gateway: StartGateway, device: FakeDevice, connection: Connection[Any]
) -> None:
    start_gateway()
    device.wait_for_gateway()
    kinds = [*((kind, reason, spoil) for kind, (reason, spoil) in REFUSED.items())]
    kinds += [(kind, "bad_body", spoil) for kind, spoil in REJECTED.items()]
    total = len(kinds) * EVERY * BATCH
    device.append([weight(1000 * n, weight_g=float(n)) for n in range(1, total + 1)])
    sent: dict[str, tuple[str, str]] = {}
    gaps = []
    for number, (kind, reason, spoil) in enumerate(kinds):
        first = number * EVERY * BATCH + 1
        for seq in range(first, first + EVERY * BATCH, BATCH):
            if seq == first:
                garbage = spoil(encode(device.batch(seq, seq + BATCH - 1)))
                sent[payload_hash(garbage)] = (kind, reason)
                device.publish("readings", garbage)
                if kind in REJECTED:
                    gaps.append((seq, seq + BATCH - 1, "rejected"))
            device.send_batch(seq, seq + BATCH - 1)
    device.drain()
    rows = all_of(connection, "SELECT payload_hash, reason FROM dead_letter")
    kept = {sent[key][0]: reason for key, reason in rows}
    assert kept == dict(sent.values())
    assert len(sent) == len(kinds), "each kind is garbage of its own"
    assert all_of(connection, "SELECT first_seq, last_seq, reason FROM gap ORDER BY first_seq") == gaps
    missing = {seq for first, last, _ in gaps for seq in range(first, last + 1)}
    stored = one_of(connection, "SELECT array_agg(seq ORDER BY seq) FROM reading")
    assert stored == [seq for seq in range(1, total + 1) if seq not in missing]
