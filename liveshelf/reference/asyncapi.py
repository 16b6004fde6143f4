"""AsyncAPI 3.0 of the wire, as a device sees it: channels are topics, operations say what it sends and receives.

Source: AsyncAPI specification 3.0.0 and its MQTT bindings 0.2.0.
"""

from __future__ import annotations

import inspect
from typing import Any

from contract.ids import NAME_PATTERN, NEW_DEVICE_STORE
from contract.records import PAYLOAD_BYTES_MAX, WIRE_VERSION
from edge.publishing.link import KEEPALIVE_S
from liveshelf.reference.channels import QOS, WIRE_CHANNELS, WireChannel
from liveshelf.reference.examples import DEVICE, STORE, Example, examples_of
from liveshelf.reference.schema import message_schemas

SPECIFICATION = "3.0.0"
BINDING = "0.2.0"

Document = dict[str, Any]


def asyncapi() -> Document:
    """Return the document: servers, channels, operations, messages with their examples, and schemas."""
    return {
        "asyncapi": SPECIFICATION,
        "info": {
            "title": "LiveShelf on the wire",
            "version": str(WIRE_VERSION),
            "description": "Written as a device sees it: a gateway sends what a device receives, and the reverse. "
            f"MQTT 3.1.1 and 5 both work. A payload is JSON of at most {PAYLOAD_BYTES_MAX} bytes. "
            "The rules of delivery stand in wire.md.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"broker": _server()},
        "channels": {channel.key: _channel(channel) for channel in WIRE_CHANNELS},
        "operations": {_operation_name(channel): _operation(channel) for channel in WIRE_CHANNELS},
        "components": {
            "messages": {channel.message.__name__: _message(channel) for channel in WIRE_CHANNELS},
            "schemas": message_schemas("#/components/schemas/{name}"),
        },
    }


def _server() -> Document:
    state = next(channel for channel in WIRE_CHANNELS if channel.channel == "state")
    return {
        "host": "{broker}",
        "protocol": "mqtt",
        "description": "The broker of the shop. Sessions are clean: nothing is trusted to it.",
        "variables": {"broker": {"description": "host:port", "default": "127.0.0.1:1883"}},
        "bindings": {
            "mqtt": {
                "clientId": "liveshelf-{device}",
                "cleanSession": True,
                "keepAlive": KEEPALIVE_S,
                "lastWill": {"topic": state.address, "qos": QOS, "retain": state.retained},
                "bindingVersion": BINDING,
            }
        },
    }


def _channel(channel: WireChannel) -> Document:
    name = channel.message.__name__
    return {
        "address": channel.address,
        "description": f"{channel.purpose} Sent by the {channel.sender}"
        f"{', retained' if channel.retained else ''}, QoS {QOS}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "parameters": {
            "store": {
                "description": f"The store, `{NAME_PATTERN}`; `{NEW_DEVICE_STORE}` before a device has one.",
                "examples": [STORE],
            },
            "device": {"description": f"The device, `{NAME_PATTERN}`.", "examples": [DEVICE]},
        },
    }


def _operation_name(channel: WireChannel) -> str:
    action = "send" if channel.sender == "device" else "receive"
    return f"{action}{channel.message.__name__}"


def _operation(channel: WireChannel) -> Document:
    reference = f"#/channels/{channel.key}"
    return {
        "action": "send" if channel.sender == "device" else "receive",
        "channel": {"$ref": reference},
        "summary": channel.purpose,
        "messages": [{"$ref": f"{reference}/messages/{channel.message.__name__}"}],
        "bindings": {"mqtt": {"qos": QOS, "retain": channel.retained, "bindingVersion": BINDING}},
    }


def _message(channel: WireChannel) -> Document:
    name = channel.message.__name__
    message = {
        "name": name,
        "title": name,
        "summary": inspect.getdoc(channel.message),
        "payload": {"$ref": f"#/components/schemas/{name}"},
        "examples": [_example(example) for example in examples_of(channel.channel)],
    }
    if channel.channel.startswith("cmd"):
        message["correlationId"] = {"location": "$message.payload#/id"}
    return message


def _example(example: Example) -> Document:
    return {"name": example.name, "summary": example.summary, "payload": example.payload}
