"""Find the number in a payload that is not ours: bytes and a path come in, a number goes out (pure)."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from contract.errors import BadBody
from contract.records import PAYLOAD_BYTES_MAX

NOTHING = frozenset({"", "nan", "none", "null", "unknown", "unavailable"})
"""How a device says that it has no value now, in lower case: ESPHome sends `nan`, or `None` when told to; Home
Assistant's words are the last two."""

VALUE_CHARACTERS_MAX = 64
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def number_in(payload: bytes, path: str) -> float | None:
    """Return the number a payload is, or holds at a path of keys and indexes; None where the device says it has none.

    Raises BadBody naming the place and what was found there.
    """
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise BadBody(f"payload: found {len(payload)} bytes, expected at most {PAYLOAD_BYTES_MAX}")
    if not path:
        return _number("payload", payload.decode(errors="replace"))
    try:
        found: Any = msgspec.json.decode(payload)
    except UNREADABLE as error:
        raise BadBody(f"payload: found no JSON ({error}), expected an object with {path}") from error
    for key in path.split("."):
        found = _step(found, key, path)
    return _number(path, found)


def _step(found: Any, key: str, path: str) -> Any:  # noqa: ANN401 - JSON is anything
    if isinstance(found, dict) and key in found:
        return found[key]
    if isinstance(found, list) and key.isdecimal() and int(key) < len(found):
        return found[int(key)]
    there = ", ".join(str(name)[:32] for name in list(found)[:8]) if isinstance(found, dict) else type(found).__name__
    raise BadBody(f"{path}: found no {key}, only {there or 'nothing'}")


def _number(place: str, found: object) -> float | None:
    if found is None:
        return None
    if isinstance(found, str):
        word = found.strip()
        if word.lower() in NOTHING:
            return None
        number = _float(word)
    else:
        number = float(found) if isinstance(found, int | float) and not isinstance(found, bool) else math.nan
    if not math.isfinite(number):
        raise BadBody(f"{place}: found {str(found)[:VALUE_CHARACTERS_MAX]!r}, expected a number")
    return number


def _float(word: str) -> float:
    try:
        return float(word) if len(word) <= VALUE_CHARACTERS_MAX else math.nan
    except ValueError:
        return math.nan
