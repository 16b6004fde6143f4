"""Topics say whose message it is; nothing else does."""

from __future__ import annotations

import pytest

from contract.errors import PayloadError
from contract.topics import CHANNELS, Topic, parse_topic


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("store", ["corner-shop", "_new"])
def test_a_topic_comes_back_as_it_was_built(store: str, channel: str) -> None:
    text = f"liveshelf/v1/{store}/bay-1/{channel}"
    topic = parse_topic(text)
    assert (topic.store, topic.device, topic.channel) == (store, "bay-1", channel)
    assert str(topic) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "liveshelf",
        "liveshelf/v1",
        "liveshelf/v1/shop",
        "liveshelf/v1/shop/bay-1",
        "liveshelf/v2/shop/bay-1/readings",
        "liveshelf/v1/shop/bay-1/reading",
        "liveshelf/v1/sh+op/bay-1/readings",
        "liveshelf/v1//bay-1/readings",
        "liveshelf/v1/shop/bay-1/readings/more",
        "liveshelf/v1/shop/bay-1\n/readings",
    ],
)
def test_a_foreign_topic_is_refused_with_what_was_found(text: str) -> None:
    with pytest.raises(PayloadError, match=r"topic: found .* expected liveshelf/v1"):
        parse_topic(text)


def test_a_topic_is_a_value() -> None:
    assert parse_topic("liveshelf/v1/a/b/ack") == Topic(store="a", device="b", channel="ack")  # type: ignore[arg-type]
