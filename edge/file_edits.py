"""Change single values in a TOML text and keep the rest as somebody wrote it: order, comments, blank lines.

The package that can do this is loaded only here: an agent edits its file once in a while, and restarts then.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Literal

from contract.errors import LiveShelfError
from edge.weighing.calibration import Calibration

Table = MutableMapping[str, Any]


class NotEditable(LiveShelfError):
    """The text is written in a way that cannot be changed in one place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a plate or a zone is from now on: `rename` is its new name, `line` what a renamed plate weighs by."""

    kind: Literal["plate", "zone"]
    name: str
    bay: str
    shelf: str
    rename: str
    line: Calibration | None = None


def with_store(text: str, store: str) -> str:
    """Return the text with another store."""

    def change(root: Table) -> None:
        root["store"] = store

    return _edited(text, change)


def with_place(text: str, place: Place) -> str:
    """Return the text with a plate or zone moved and renamed, in its own table and wherever its name is used.

    A renamed plate takes its line along: what was measured of it is kept under its old name.
    """

    def change(root: Table) -> None:
        row = next(row for row in root[f"{place.kind}s"] if row[place.kind] == place.name)
        row["bay"], row["shelf"] = place.bay, place.shelf
        if place.rename == place.name:
            return
        row[place.kind] = place.rename
        if place.line is not None:
            row["zero_count"], row["counts_per_g"] = place.line.zero_count, place.line.counts_per_g
            row["calibration_version"] = place.line.version
        for table in root.get("drivers" if place.kind == "plate" else "readers", ()):
            _rename(table, place)

    return _edited(text, change)


def _rename(table: Table, place: Place) -> None:
    """Drivers have plates as `plate` or as keys of a table; readers zones as `zone` or as values of a table."""
    for key, value in table.items():
        if key == place.kind and value == place.name:
            table[key] = place.rename
        elif isinstance(value, MutableMapping) and place.kind == "plate" and place.name in value:
            _rename_key(value, place)
        elif isinstance(value, MutableMapping) and place.kind == "zone":
            for antenna, zone in value.items():
                if zone == place.name:
                    value[antenna] = place.rename


def _rename_key(table: Table, place: Place) -> None:
    items = [(place.rename if key == place.name else key, table.pop(key)) for key in list(table)]
    for key, value in items:
        table[key] = value


def _edited(text: str, change: Callable[[Table], None]) -> str:
    """Return the text after a change. What comes out must say what the change makes of what went in."""
    import tomlkit  # noqa: PLC0415 - not in every agent's memory

    expected = tomllib.loads(text)
    change(expected)
    document = tomlkit.parse(text)
    change(document)
    edited = tomlkit.dumps(document)
    if tomllib.loads(edited) != expected:
        raise NotEditable
    return edited
