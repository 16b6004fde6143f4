"""The gateway as a process, between a real broker and a real database: every record once, whatever breaks."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from psycopg import Connection

from contract.codec import encode
from contract.records import Now, WeightRecord
from tests.fakes.device import FakeDevice
from tests.integration.gateway.conftest import STOP_S_MAX, StartGateway
from tests.integration.gateway.rows import DEVICE, JOURNAL, all_of, one_of, weight

pytestmark = [pytest.mark.database, pytest.mark.broker]

STORED = "SELECT array_agg(seq ORDER BY seq) FROM reading WHERE device = %s"
WATERMARK = "SELECT max(seq) FROM journal_watermark WHERE device = %s"


def _weights(number: int, *, first: int = 1) -> list[WeightRecord]:
    return [weight(1000 * n, weight_g=float(n)) for n in range(first, first + number)]


def _committed(device: FakeDevice, connection: Connection[Any], seq: int) -> bool:
    device.pump()
    return (one_of(connection, WATERMARK, DEVICE) or 0) >= seq


def _heard_of(device: FakeDevice, epoch: str) -> bool:
    device.pump()
    return device.acks[-1].database_epoch == epoch


def _until(condition: Callable[[], bool], *, timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.05)


def test_what_a_device_sends_becomes_rows_and_is_acknowledged(
    start_gateway: StartGateway, device: FakeDevice, connection: Connection[Any]
) -> None:
    start_gateway()
    device.append(_weights(50))
    device.drain()
    assert one_of(connection, STORED, DEVICE) == list(range(1, 51))
    assert device.acks[-1].journals == {JOURNAL: 50}
    assert device.acks[-1].database_epoch == one_of(connection, "SELECT epoch FROM database_epoch")
    assert one_of(connection, "SELECT birth->>'board_serial' FROM device WHERE online") == "fake"
    _until(lambda: all_of(connection, "SELECT weight_g FROM plate_current") == [(50.0,)])


def test_everything_sent_twice_is_stored_once(
    start_gateway: StartGateway, device: FakeDevice, connection: Connection[Any]
) -> None:
    start_gateway()
    device.append(_weights(40))
    device.drain()
    for first in (1, 11, 31, 21):
        device.send_batch(first, first + 9)
    device.append(_weights(10, first=41))
    device.send_batch(36, 50)
    device.drain()
    assert one_of(connection, STORED, DEVICE) == list(range(1, 51))


def test_a_batch_too_far_ahead_is_asked_for_again(
    start_gateway: StartGateway, device: FakeDevice, connection: Connection[Any]
) -> None:
    start_gateway()
    device.wait_for_gateway()
    device.append(_weights(20))
    device.send_batch(11, 20)
    device.drain()
    assert any(JOURNAL in ack.resend for ack in device.acks)
    assert one_of(connection, STORED, DEVICE) == list(range(1, 21))


def test_garbage_is_kept_with_its_reason_while_good_traffic_flows(
    start_gateway: StartGateway, device: FakeDevice, connection: Connection[Any]
) -> None:
    start_gateway()
    device.wait_for_gateway()
    device.append(_weights(30))
    good = encode(device.batch(1, 10))
    device.publish("readings", b"\xff\x00 no json")
    device.publish("readings", good.replace(b'"device":"bay-1"', b'"device":"bay-2"'))
    device.publish("readings", good.replace(b'"v":1', b'"v":999'))
    device.publish("readings", good.replace(b'"heartbeat"', b'"dance"'))
    device.publish("birth", b"{}", retain=True)
    for _ in range(3):
        device.publish("readings", b"[1, 2")
    device.drain()
    reasons = dict(all_of(connection, "SELECT reason, sum(times)::int FROM dead_letter GROUP BY reason"))
    assert reasons == {"unreadable": 5, "foreign_device": 1, "unknown_version": 1, "bad_body": 1}
    assert all_of(connection, "SELECT first_seq, last_seq, reason FROM gap") == [(1, 10, "rejected")]
    assert one_of(connection, STORED, DEVICE) == list(range(11, 31))
    assert {refusal.reason for ack in device.acks for refusal in ack.refused} == {"unknown_version", "unreadable"}


def test_a_batch_the_database_refuses_is_set_aside_and_the_others_are_not(
    start_gateway: StartGateway, device: FakeDevice, connection: Connection[Any]
) -> None:
    connection.execute("ALTER TABLE reading ADD CHECK (weight_g < 1000)")
    start_gateway()
    device.append([*_weights(40), weight(41_000, weight_g=5000.0), *_weights(39, first=42)])
    device.drain()
    assert one_of(connection, STORED, DEVICE) == [*range(1, 41), *range(61, 81)]
    assert all_of(connection, "SELECT first_seq, last_seq, reason FROM gap") == [(41, 60, "rejected")]
    assert all_of(connection, "SELECT reason, first_seq, last_seq FROM dead_letter") == [
        ("refused_by_database", 41, 60)
    ]


def test_a_gateway_killed_between_batches_loses_and_doubles_nothing(
    start_gateway: StartGateway, device: FakeDevice, connection: Connection[Any]
) -> None:
    gateway = start_gateway()
    for round_number in range(3):
        device.append(_weights(60, first=60 * round_number + 1))
        _until(partial(_committed, device, connection, 60 * round_number + 20))
        gateway.kill()
        gateway.wait()
        gateway = start_gateway()
    device.drain()
    assert one_of(connection, STORED, DEVICE) == list(range(1, 181))


def test_lost_database_connections_lose_and_double_nothing(
    start_gateway: StartGateway, device: FakeDevice, connection: Connection[Any]
) -> None:
    start_gateway()
    for round_number in range(4):
        device.append(_weights(40, first=40 * round_number + 1))
        device.pump()
        connection.execute("""
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = 'liveshelf gateway' AND datname = current_database()
        """)
    device.drain()
    assert one_of(connection, STORED, DEVICE) == list(range(1, 161))


def test_a_gateway_that_slept_through_a_takeover_writes_nothing(
    start_gateway: StartGateway, device: FakeDevice, connection: Connection[Any]
) -> None:
    sleeper = start_gateway()
    device.append(_weights(20))
    device.drain()
    sleeper.send_signal(signal.SIGSTOP)
    start_gateway()
    device.append(_weights(20, first=21))
    device.drain()
    fence = one_of(connection, "SELECT fence FROM store_lease")
    assert fence == 2
    sleeper.send_signal(signal.SIGCONT)
    device.append(_weights(20, first=41))
    device.drain()
    assert one_of(connection, STORED, DEVICE) == list(range(1, 61))
    assert one_of(connection, "SELECT fence FROM store_lease") == fence


def test_a_clean_stop_commits_acknowledges_and_frees_the_store(
    start_gateway: StartGateway, device: FakeDevice, connection: Connection[Any]
) -> None:
    gateway = start_gateway()
    device.append(_weights(20))
    device.drain()
    gateway.terminate()
    assert gateway.wait(timeout=STOP_S_MAX * 3) == 0
    assert one_of(connection, "SELECT expires_at <= clock_timestamp() FROM store_lease")
    load_id = one_of(connection, "SELECT max(load_id) FROM load")
    assert one_of(connection, "SELECT coalesce(min(load_id), %s) FROM counting_state", load_id) == load_id


def test_a_restored_database_is_announced_and_filled_again(
    start_gateway: StartGateway, device: FakeDevice, connection: Connection[Any]
) -> None:
    gateway = start_gateway()
    device.append(_weights(30))
    device.drain()
    gateway.terminate()
    gateway.wait()
    connection.execute("""
        DELETE FROM reading WHERE seq > 10;
        UPDATE journal_watermark SET seq = 10;
        UPDATE database_epoch SET epoch = 'restored';
    """)
    start_gateway()
    _until(partial(_heard_of, device, "restored"))
    device.drain()
    assert one_of(connection, STORED, DEVICE) == list(range(1, 31))


def test_a_passing_weight_is_shown_and_makes_no_history(
    start_gateway: StartGateway, device: FakeDevice, connection: Connection[Any]
) -> None:
    start_gateway()
    device.idle_ms = 60_000
    device.append(_weights(3))
    device.drain()
    now = Now(
        device=DEVICE,
        journal=JOURNAL,
        sent_mono_ms=device.mono_ms,
        mono_ms=[device.mono_ms - 1000],
        plate=["b1-s1-l1"],
        weight_g=[777.0],
    )
    device.publish("now", encode(now))
    _until(lambda: all_of(connection, "SELECT weight_g FROM plate_current") == [(777.0,)])
    assert one_of(connection, STORED, DEVICE) == [1, 2, 3]
