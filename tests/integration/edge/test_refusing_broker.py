"""A real broker that takes no readings of a device: the device keeps every record, and delivers when it may again."""

from __future__ import annotations

import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contract.clock import ShopClock
from contract.codec import decode_envelope
from contract.records import HealthRecord
from edge.delivery import birth_of, open_outbox
from edge.outbox.outbox import Outbox
from edge.publishing.publisher import Publisher
from edge.settings import AgentSettings, PlateSettings
from liveshelf.broker import find_mosquitto
from tests.fakes.broker_door import broker_door

pytestmark = pytest.mark.broker

RECORDS = 40
HURRY = 25.0
"""So many times as fast the publisher's pauses pass."""

WAIT_S = 60.0


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    opened = open_outbox(tmp_path, ShopClock())
    opened.append([HealthRecord(mono_ms=number, subject="agent", verdict="ok") for number in range(RECORDS)])
    yield opened
    opened.close()


def publisher_of(outbox: Outbox, broker: str) -> Publisher:
    plate = PlateSettings(plate="l1", bay="b1", shelf="b1-s1", zero_count=0.0, counts_per_g=1.0)
    settings = AgentSettings(
        store="corner-shop",
        device=f"bay-{uuid.uuid4().hex[:8]}",
        hardware="a:b",
        data_dir="unused",
        broker=broker,
        plates=(plate,),
    )
    clock = ShopClock()
    return Publisher(
        broker=broker,
        birth=birth_of(settings, outbox.journal, clock),
        outbox=outbox,
        clock=clock,
        ask=lambda _payload, _answer: None,
        wall_s=lambda: time.monotonic() * HURRY,
    )


def pump(publisher: Publisher, until: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while not until():
        assert time.monotonic() < deadline, f"not within {WAIT_S} s: {what}"
        publisher.pump()
        time.sleep(0.005)


def assert_all_kept(outbox: Outbox) -> None:
    assert [seq for seq, _ in outbox.read(outbox.journal, 1, 1000)] == list(range(1, RECORDS + 1))
    assert not outbox.gaps(outbox.journal, 1, RECORDS)


def test_a_broker_that_cuts_off_whoever_publishes_readings_costs_no_record(outbox: Outbox, broker_url: str) -> None:
    with broker_door(broker_url) as door:
        publisher = publisher_of(outbox, door.url)
        pump(publisher, lambda: publisher.refused and door.cut >= 6, "six connections are cut")
        assert_all_kept(outbox)
        assert door.passed == []
        door.refuses = False
        pump(publisher, lambda: any(door.passed), "the readings are taken")
        assert not publisher.refused
        publisher.close()
        first = next(payload for payload in door.passed if payload)
        assert (decode_envelope(first).first, decode_envelope(first).last) == (1, RECORDS)
        assert_all_kept(outbox)


@pytest.fixture
def strict_broker(tmp_path: Path) -> Iterator[str]:
    """A mosquitto whose rules let devices say everything but readings."""
    mosquitto = find_mosquitto()
    if mosquitto is None:
        pytest.skip("mosquitto is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    rules, configuration = tmp_path / "rules", tmp_path / "mosquitto.conf"
    rules.write_text("topic read #\n" + "".join(f"topic write liveshelf/v1/+/+/{one}\n" for one in ("birth", "state")))
    rules.chmod(0o644)
    configuration.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\nacl_file {rules}\n")
    with subprocess.Popen([mosquitto, "-c", str(configuration)], stderr=subprocess.DEVNULL) as broker:
        try:
            yield f"mqtt://127.0.0.1:{port}"
        finally:
            broker.terminate()


def test_a_broker_that_swallows_readings_without_a_word_costs_no_record(outbox: Outbox, strict_broker: str) -> None:
    with broker_door(strict_broker) as door:
        door.refuses = False
        publisher = publisher_of(outbox, door.url)
        pump(publisher, lambda: len(door.passed) >= 2, "the readings are sent, and sent again")
        publisher.close()
    assert_all_kept(outbox)
    assert not publisher.drained
    assert not publisher.refused
    assert outbox.backlog().rows == RECORDS
