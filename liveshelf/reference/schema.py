"""JSON Schema of the wire: the types go in, a schema of every message comes out, described by their docstrings."""

from __future__ import annotations

import inspect
from typing import Any, Final

import msgspec

from contract.records import (
    WIRE_VERSION,
    ClockBlock,
    ClockRecord,
    HealthBlock,
    HealthRecord,
    TagBlock,
    TagRecord,
    WeightBlock,
    WeightRecord,
)
from liveshelf.reference.channels import WIRE_CHANNELS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ID = f"urn:liveshelf:wire:v{WIRE_VERSION}"

Schema = dict[str, Any]

_RECORD_OF: Final[dict[type[msgspec.Struct], type[msgspec.Struct]]] = {
    WeightBlock: WeightRecord,
    TagBlock: TagRecord,
    HealthBlock: HealthRecord,
    ClockBlock: ClockRecord,
}
"""The record whose fields are the columns of a block: what they mean is told there."""


def wire_schema() -> Schema:
    """Return the schema of all messages (JSON Schema 2020-12): any of them at the root, each by name in `$defs`."""
    return {
        "$schema": DIALECT,
        "$id": ID,
        "title": "LiveShelf on the wire",
        "description": "Every message between devices and gateway. What a schema cannot say (columns of one length, "
        "numbers covered exactly, the size of a payload) stands in wire.md.",
        "anyOf": [{"$ref": f"#/$defs/{channel.message.__name__}"} for channel in WIRE_CHANNELS],
        "$defs": message_schemas("#/$defs/{name}"),
    }


def message_schemas(ref_template: str) -> dict[str, Schema]:
    """Return the schema of every type on the wire by its name; `ref_template` says how they name one another."""
    messages = [channel.message for channel in WIRE_CHANNELS]
    _, schemas = msgspec.json.schema_components(messages, ref_template=ref_template)
    for message in messages:
        _require_version(schemas[message.__name__])
    for schema in schemas.values():
        schema["description"] = inspect.cleandoc(schema["description"])
    for block, record in _RECORD_OF.items():
        schemas[block.__name__]["description"] += "\n\n" + inspect.cleandoc(record.__doc__ or "")
    return schemas


def _require_version(schema: Schema) -> None:
    # The types give `v` a default so that code need not name it; the codec refuses a payload without it.
    schema["properties"]["v"] = {
        "description": "The version of the wire format.",
        "type": "integer",
        "minimum": 1,
        "maximum": WIRE_VERSION,
    }
    schema["required"] = [*schema["required"], "v"]
