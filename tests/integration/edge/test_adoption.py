"""A real agent changes its store at a real broker: no record is lost, none reaches a store it was not made in."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from contract.broker_address import parse_broker_url
from contract.codec import decode, decode_envelope
from contract.records import Birth
from contract.topics import parse_topic
from tests.integration.edge.fitting_agent import FittingAgent, fitting_agent

pytestmark = pytest.mark.broker


class Ears:
    """Hears what one device says below any store; commits nothing."""

    def __init__(self, broker_url: str, device: str) -> None:
        self.said: list[tuple[str, str, bytes]] = []
        address = parse_broker_url(broker_url)
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=f"ears-{uuid.uuid4().hex[:8]}")
        self._client.on_message = self._take
        self._client.connect(address.host, address.port)
        self._client.subscribe(f"liveshelf/v1/+/{device}/#", 1)
        self._client.loop_start()

    def latest(self, store: str, channel: str) -> bytes | None:
        """Return what was said last, None before anything was."""
        return next((payload for *where, payload in reversed(list(self.said)) if where == [store, channel]), None)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _take(self, _client: Client, _user: object, message: MQTTMessage) -> None:
        topic = parse_topic(message.topic)
        self.said.append((topic.store, topic.channel, bytes(message.payload)))


@pytest.fixture
def agent(tmp_path: Path, broker_url: str) -> Iterator[FittingAgent]:
    with fitting_agent(tmp_path, store="_new", broker=broker_url) as running:
        yield running


def test_a_new_device_leaves_nothing_below_new_and_its_records_begin_in_its_store(
    agent: FittingAgent, broker_url: str
) -> None:
    ears = Ears(broker_url, agent.facts("identify")["device"])
    try:
        agent.wait(lambda: ears.latest("_new", "birth") is not None, "the device is heard below _new")
        journal = agent.facts("identify")["journal"]
        agent.facts("adopt", store="corner-shop")
        agent.wait(lambda: ears.latest("corner-shop", "readings") is not None, "readings come below the store")
        assert (ears.latest("_new", "birth"), ears.latest("_new", "state")) == (b"", b"")
        assert ears.latest("_new", "readings") is None
        birth = decode(ears.latest("corner-shop", "birth") or b"", Birth)
        batch = decode_envelope(next(payload for *_, channel, payload in ears.said if channel == "readings"))
        assert (batch.journal, batch.first) == (birth.journal, 1)
        assert birth.journal != journal, "a run that was somewhere else is no part of this journal"

        agent.wait(lambda: agent.facts("identify")["journal"] == birth.journal, "the agent answers again")
        refused = agent.tell("adopt", store="other-shop")
        assert (refused.ok, refused.facts["code"]) == (False, "refused")
        assert "records of corner-shop wait here still" in refused.detail
        assert agent.facts("identify")["store"] == "corner-shop"
    finally:
        ears.close()
