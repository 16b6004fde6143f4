"""What is wrong in a TOML file somebody wrote: a text and its table come in, a sentence with key and line comes out.

It reads no file: whoever does puts the file's name before the line.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from contract.broker_address import without_login
from contract.errors import ConfigurationError

S = TypeVar("S", bound=Struct)

PATH = re.compile(r" - at `\$(?P<path>[^`]*)`$")
STEP = re.compile(r"\.(?P<key>\w+)|\[(?P<index>\d+|\.\.\.)\]")


class SettingError(ConfigurationError):
    """One setting is wrong; `line` is where it stands."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def load(text: str) -> dict[str, Any]:
    """Return the table a TOML text holds. Raises SettingError with the line that is no TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingError(str(error), _line_of_syntax_error(str(error), text)) from error


def convert(table: object, kind: type[S], text: str, expected: Mapping[str, str]) -> S:
    """Return a table as a value of its kind. Raises SettingError that says, in the words of `expected`, what a key
    may hold.
    """
    try:
        return msgspec.convert(table, kind, strict=True)
    except msgspec.ValidationError as error:
        raise _located(str(error), table, text, expected) from error


def refuse_unknown(
    row: Mapping[str, object], known: Iterable[str], place: Sequence[str | int], text: str
) -> None:  # fmt: skip
    """Pass a table whose keys are all known. Raises SettingError with the key that was probably meant."""
    names = tuple(known)
    for key in row:
        if key not in names:
            near = difflib.get_close_matches(key, names, n=1)
            expected = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(names)}"
            raise SettingError(f"{key}: unknown key, {expected}", line_of(text, (*place, key)))


def rows_of(table: Mapping[str, object], name: str) -> list[tuple[int, dict[str, object]]]:
    """Return the tables of a list of tables, each with its index; none where there is no such list."""
    rows = table.get(name)
    return [(index, row) for index, row in enumerate(rows if isinstance(rows, list) else ()) if isinstance(row, dict)]


def line_of(text: str, path: Sequence[str | int]) -> int:
    """Return the line a key stands on, counted from 1; that of its table when the key is not written there.

    `path` is a key or the name of a table, or the name of a list of tables, the index in it and a key.
    """
    lines = text.splitlines()
    in_list = len(path) > 1
    table = _table_index(lines, str(path[0]), int(path[1])) if in_list else 0
    key = re.compile(rf"^\s*(\[+\s*)?[\"']?{re.escape(str(path[-1]))}[\"']?\s*[=\].]") if path else None
    for number, line in enumerate(lines[table:], start=table + 1):
        if key and key.match(line):
            return number
        if in_list and number > table + 1 and line.lstrip().startswith("["):
            break
    return table + 1


def _located(message: str, table: object, text: str, expected: Mapping[str, str]) -> SettingError:
    """Turn `Expected float, got str - at $.plates[1].capacity_g` into a sentence of the file's words, and its line."""
    place = PATH.search(message)
    steps = STEP.finditer(place["path"]) if place else ()
    path = [step["key"] or int(step["index"]) for step in steps if step["index"] != "..."]
    missing = re.search(r"missing required field `(\w+)`", message)
    if missing:
        return SettingError(f"{missing[1]}: missing, expected a value", line_of(text, path))
    key = next(step for step in reversed(path) if isinstance(step, str))
    found = _found(table, path)
    if key == "broker":
        found = without_login(str(found))  # the sentence may be logged, and answers who may not know the password
    return SettingError(f"{key}: found {found!r}, expected {expected[key]}", line_of(text, path))


def _found(table: object, path: Sequence[str | int]) -> object:
    for step in path:
        if isinstance(table, dict | list):
            table = table[step]  # type: ignore[index] # a path msgspec walked: names lead into tables, numbers into lists
    return table


def _table_index(lines: Sequence[str], name: str, index: int) -> int:
    header = re.compile(rf"^\s*\[\[\s*{re.escape(name)}\s*\]\]")
    headers = [number for number, line in enumerate(lines) if header.match(line)]
    return headers[index] if index < len(headers) else 0


def _line_of_syntax_error(message: str, text: str) -> int:
    found = re.search(r"line (\d+)", message)
    return int(found[1]) if found else len(text.splitlines())
