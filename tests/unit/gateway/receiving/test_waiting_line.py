"""What waits for the database is bounded: the rest is sent again by its device."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from contract.clock import ManualClock
from contract.errors import ConfigurationError
from contract.ids import StoreId
from gateway.receiving.messages import RawMessage
from gateway.receiving.subscription import MESSAGE_OVERHEAD_BYTES, Subscription, WaitingLine


def message(text: str) -> RawMessage:
    return RawMessage(topic="t", payload=text.encode(), received_at=datetime(2026, 1, 1, tzinfo=UTC))


def test_messages_leave_in_the_order_they_came() -> None:
    line = WaitingLine(10_000)
    for text in "abc":
        assert line.put(message(text))
    assert [taken.payload for taken in line.take(2, 0)] == [b"a", b"b"]
    assert [taken.payload for taken in line.take(2, 0)] == [b"c"]
    assert line.take(2, 0) == []


def test_a_full_line_drops_and_counts_and_takes_again_once_there_is_room() -> None:
    line = WaitingLine(2 * (MESSAGE_OVERHEAD_BYTES + 10))
    assert [line.put(message("x" * 10)) for _ in range(4)] == [True, True, False, False]
    assert line.dropped == 2
    line.take(1, 0)
    assert line.put(message("y" * 10))


def test_a_broker_that_is_no_mqtt_url_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="expected mqtt://host:port"):
        Subscription("localhost:1883", StoreId("s"), run="r", clock=ManualClock())
