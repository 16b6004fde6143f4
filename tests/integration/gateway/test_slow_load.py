"""One message may take longer to count than a lease lasts: where thousands of shelves were never counted before."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest
from psycopg import Connection

from contract.clock import ShopClock
from contract.codec import encode, pack
from contract.ids import DeviceId, StoreId
from contract.records import Ack, Batch
from contract.topics import Topic
from gateway.counters import Counters
from gateway.counting.count import Scratch, Told
from gateway.loader import Loader
from gateway.loading.lease import LEASE_S
from gateway.loading.session import Session, open_session
from gateway.model import Readings
from gateway.receiving.messages import RawMessage
from gateway.settings import settings_from
from tests.integration.gateway.rows import DEVICE, JOURNAL, one_of, weight

pytestmark = pytest.mark.database


class Line:
    """Stands in for the subscription: messages at hand; the watermark `until` ends the run."""

    connected = True
    dropped = 0

    def __init__(self, messages: Sequence[RawMessage], stop: threading.Event, *, until: int) -> None:
        self._messages, self._stop, self._until = list(messages), stop, until

    def take(self, count_max: int, _timeout_s: float) -> list[RawMessage]:
        taken, self._messages = self._messages[:count_max], self._messages[count_max:]
        return taken

    def publish_ack(self, _device: DeviceId, ack: Ack) -> None:
        if ack.journals.get(JOURNAL) == self._until:
            self._stop.set()


def _batch(store: StoreId, seq: int) -> RawMessage:
    blocks = pack([(seq, weight(1_000 * seq))])
    batch = Batch(device=DEVICE, journal=JOURNAL, first=seq, last=seq, sent_mono_ms=5_000, blocks=blocks)
    topic = str(Topic(store, DEVICE, "readings"))
    return RawMessage(topic=topic, payload=encode(batch), received_at=ShopClock().now())


def _slow_counting(monkeypatch: pytest.MonkeyPatch, batch_s: float) -> None:
    real = Scratch.count

    def count(self: Scratch, readings: Readings) -> Told:
        time.sleep(batch_s)
        return real(self, readings)

    monkeypatch.setattr(Scratch, "count", count)


def _loader(url: str, session: Session, store: StoreId, line: Line, counters: Counters) -> Loader:
    settings = {"LIVESHELF_DATABASE_URL": url, "LIVESHELF_MQTT_URL": "mqtt://localhost:1", "LIVESHELF_STORE": store}
    return Loader(settings_from(settings), session, line, counters)  # type: ignore[arg-type] # Line stands in


def test_a_load_that_takes_longer_than_the_lease_is_committed_all_the_same(
    database_url: str, connection: Connection[Any], store: StoreId, monkeypatch: pytest.MonkeyPatch
) -> None:
    _slow_counting(monkeypatch, LEASE_S + 0.5)
    stop, counters = threading.Event(), Counters()
    line = Line([_batch(store, 1)], stop, until=1)
    session = open_session(database_url, store, "slow", stop)
    _loader(database_url, session, store, line, counters).run(stop)
    session.close()
    assert one_of(connection, "SELECT array_agg(seq ORDER BY seq) FROM reading") == [1]
    assert counters.recoveries == 0
