"""The documents that are written from code, by file name, as they are committed."""

from __future__ import annotations

import json

from liveshelf.reference.asyncapi import asyncapi
from liveshelf.reference.faults import faults_page
from liveshelf.reference.page import filled
from liveshelf.reference.schema import wire_schema

PAGE = "wire.md"


def documents(page: str) -> dict[str, str]:
    """Return the text of each file of `docs/reference` that is written from code; `page` is wire.md as it is.

    Raises ValueError when the page lacks a part.
    """
    return {
        "wire.schema.json": _json(wire_schema()),
        "asyncapi.json": _json(asyncapi()),
        PAGE: filled(page),
        "faults.md": faults_page(),
    }


def _json(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
