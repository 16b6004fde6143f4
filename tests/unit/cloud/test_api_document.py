"""The OpenAPI document: committed as it is, and its examples are true to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cloud import openapi

COMMITTED = Path(__file__).resolve().parents[3] / "docs" / "reference" / "openapi.json"
DOCUMENT: dict[str, Any] = json.loads(openapi.text())
OPEN = {"/livez", "/readyz", "/metrics"}


def _operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _check(example: object, schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(example)


def test_the_committed_document_is_current() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == openapi.text(), (
        "run: python -m cloud.openapi > docs/reference/openapi.json"
    )


def test_every_operation_has_an_id_a_tag_and_words() -> None:
    ids = [operation["operationId"] for _, _, operation in _operations()]
    assert len(set(ids)) == len(ids) > 10
    assert all(operation["tags"] and operation["summary"] for _, _, operation in _operations())


def test_every_operation_but_health_asks_for_a_key_and_names_its_errors() -> None:
    for path, _, operation in _operations():
        if path in OPEN:
            assert "security" not in operation
        else:
            assert operation["security"] == [{"ApiKey": []}]
            assert {"401", "403", "422"} <= operation["responses"].keys()


@pytest.mark.parametrize("name", sorted(DOCUMENT["components"]["schemas"]))
def test_the_examples_of_a_body_are_true(name: str) -> None:
    schema = DOCUMENT["components"]["schemas"][name]
    for example in schema.get("examples", []):
        _check(example, {"$ref": f"#/components/schemas/{name}"})


def _json_bodies() -> Iterator[str]:
    for path, _, operation in _operations():
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for media in (body.get("content", {}).get("application/json") for body in bodies):
            if media is not None and path not in OPEN:
                yield media["schema"]["$ref"].rsplit("/", maxsplit=1)[-1]


def test_every_body_sent_or_received_has_an_example() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert {name for name in _json_bodies() if not schemas[name].get("examples")} == set()


def test_the_examples_of_every_error_are_true() -> None:
    checked = 0
    for _, _, operation in _operations():
        for status, response in operation["responses"].items():
            media = response.get("content", {}).get("application/problem+json")
            for code, example in (media or {}).get("examples", {}).items():
                _check(example["value"], media["schema"])
                assert (example["value"]["code"], str(example["value"]["status"])) == (code, status)
                checked += 1
    assert checked > 50
