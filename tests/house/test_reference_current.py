"""The reference of the wire is what the types give, and its examples are messages the codec takes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from msgspec import structs

from contract.clock import ManualClock
from contract.codec import Message, decode, decode_body, decode_envelope, encode
from contract.errors import PayloadError
from contract.ids import is_name
from contract.records import Batch, Birth, WeightRecord
from contract.topics import CHANNELS, parse_topic
from edge.commanding.desk import Desk
from edge.outbox.outbox import Outbox
from edge.publishing.link import Arrived, Call, Connected, Event
from edge.publishing.publisher import Publisher
from gateway.receiving.fit import check_fits
from liveshelf.reference.asyncapi import asyncapi
from liveshelf.reference.channels import WIRE_CHANNELS, WireChannel
from liveshelf.reference.documents import PAGE, documents
from liveshelf.reference.examples import DEVICE, EXAMPLES, STORE, Example, examples_of
from liveshelf.reference.page import filled
from liveshelf.reference.schema import wire_schema
from tests.house.source_tree import ROOT

FOLDER = ROOT / "docs" / "reference"
DOCUMENTS = documents((FOLDER / PAGE).read_text(encoding="utf-8"))
SCHEMA = wire_schema()
ASYNCAPI = asyncapi()
CHANNEL = {channel.channel: channel for channel in WIRE_CHANNELS}
DIFFERING = {"tag-and-gap": {"no gaps"}}
"""Where schema and codec differ, as wire.md says: no schema can say that numbers are covered exactly."""

each_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)


def _read(payload: bytes, channel: WireChannel) -> Message:
    if channel.message is not Batch:
        return decode(payload, channel.message)  # type: ignore[type-var]  # a table of types is not one type
    batch = decode_body(decode_envelope(payload))
    check_fits(batch)
    return batch


def _codec_takes(message: dict[str, Any], channel: WireChannel) -> bool:
    try:
        _read(json.dumps(message).encode(), channel)
    except PayloadError:
        return False
    return True


def _schema_takes(message: dict[str, Any], channel: WireChannel) -> bool:
    schema = {"$ref": f"#/$defs/{channel.message.__name__}", "$defs": SCHEMA["$defs"]}
    return bool(jsonschema.Draft202012Validator(schema).is_valid(message))


def _spoilt(message: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for key in message:
        yield f"no {key}", {other: value for other, value in message.items() if other != key}
        yield f"null {key}", message | {key: None}
        yield f"wrong {key}", message | {key: [[]]}
    yield from ((f"v {version}", message | {"v": version}) for version in (0, 2, "1"))
    yield "unknown member", message | {"surprise": 1}


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_the_committed_file_is_what_the_types_give(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == DOCUMENTS[name], "run: make reference"


def test_a_page_without_a_place_for_a_part_is_refused() -> None:
    with pytest.raises(ValueError, match="found no place for topics"):
        filled("# The wire\n")


def test_every_channel_of_the_contract_is_described_once_and_has_an_example() -> None:
    assert sorted(channel.channel for channel in WIRE_CHANNELS) == sorted(CHANNELS)
    assert all(examples_of(channel) for channel in CHANNELS)


def test_the_address_of_a_channel_is_a_topic_of_the_contract() -> None:
    assert is_name(STORE)
    for channel in WIRE_CHANNELS:
        assert parse_topic(channel.address.format(store=STORE, device=DEVICE)).channel == channel.channel


def test_the_schema_is_one_and_describes_every_type() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert all(schema["description"] for schema in SCHEMA["$defs"].values())


@each_example
def test_an_example_validates_and_decodes_to_what_it_was_made_of(example: Example) -> None:
    channel = CHANNEL[example.channel]
    jsonschema.Draft202012Validator(SCHEMA).validate(example.payload)
    assert _schema_takes(example.payload, channel)
    assert _read(encode(example.message), channel) == example.message


@each_example
def test_schema_and_codec_take_and_refuse_the_same_messages(example: Example) -> None:
    channel = CHANNEL[example.channel]
    spoilt = dict(_spoilt(example.payload))
    by_schema = {name for name, message in spoilt.items() if _schema_takes(message, channel)}
    by_codec = {name for name, message in spoilt.items() if _codec_takes(message, channel)}
    assert "no v" not in by_codec
    assert by_schema ^ by_codec == DIFFERING.get(example.name, set())


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    followed = list(_references(ASYNCAPI))
    for reference in followed:
        place: Any = ASYNCAPI
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
    assert len(followed) > 3 * len(CHANNELS)


def test_every_example_of_the_asyncapi_document_validates_by_its_own_schemas() -> None:
    messages = ASYNCAPI["components"]["messages"]
    for message in messages.values():
        schema = {**message["payload"], "components": ASYNCAPI["components"]}
        for example in message["examples"]:
            jsonschema.Draft202012Validator(schema).validate(example["payload"])
    assert sum(len(message["examples"]) for message in messages.values()) == len(EXAMPLES)


def _references(document: object) -> Iterator[str]:
    members = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    if isinstance(document, dict) and isinstance(document.get("$ref"), str):
        yield document["$ref"]
    for member in members:
        yield from _references(member)


@dataclass
class Ear:
    """A link that hears what a device says, and whether the broker is to keep it."""

    call: Call
    waiting: list[Event] = field(default_factory=lambda: [Connected()])
    said: set[tuple[str, bool]] = field(default_factory=set)
    wanted: set[str] = field(default_factory=set)

    def events(self) -> list[Event]:
        events, self.waiting = self.waiting, []
        return events

    def subscribe(self, topics: Sequence[str]) -> None:
        self.wanted.update(parse_topic(topic).channel for topic in topics)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int:
        assert payload
        self.said.add((parse_topic(topic).channel, retain))
        return 1

    def close(self) -> None:
        self.said.add((parse_topic(self.call.will_topic).channel, True))


def test_a_device_says_and_hears_what_the_table_of_topics_says(tmp_path: Path) -> None:
    ears: list[Ear] = []
    clock, wall = ManualClock(), iter(range(1_000))

    def dial(call: Call) -> Ear:
        ears.append(Ear(call))
        return ears[-1]

    birth = next(example.message for example in EXAMPLES if isinstance(example.message, Birth))
    outbox = Outbox.open(tmp_path / "outbox.db", boot="boot-1", board_serial="s-1", clock=clock)
    publisher = Publisher(
        broker="mqtt://broker", birth=structs.replace(birth), outbox=outbox, clock=clock, dial=dial,
        wall_s=lambda: float(next(wall)), ask=Desk().ask,
    )  # fmt: skip
    weight = WeightRecord(mono_ms=1, plate="b1-s1-l1", kind="heartbeat", weight_g=1.0)
    outbox.append([weight])
    publisher.newest([weight])
    publisher.pump()
    ears[0].waiting.append(Arrived(f"liveshelf/v1/{STORE}/{DEVICE}/cmd", b"{}"))
    publisher.pump()
    publisher.close()
    outbox.close()
    assert ears[0].said == {(c.channel, c.retained) for c in WIRE_CHANNELS if c.sender == "device"}
    assert ears[0].wanted == {c.channel for c in WIRE_CHANNELS if c.sender != "device"}
