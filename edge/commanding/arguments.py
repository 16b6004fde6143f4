"""Read the arguments of a command: anything comes in, checked values go out, or a refusal that names the argument."""

from __future__ import annotations

import math
from collections.abc import Collection

from contract.ids import is_name
from edge.commanding.outcome import Arguments, wrong_argument

TEXT_MAX = 60_000
"""Characters: a whole configuration file fits, and the command into 64 KiB."""


def name_of(arguments: Arguments, key: str, *, default: str | None = None) -> str:
    """Return an id: of a plate, a store, a shelf."""
    found = arguments.get(key, default)
    if not isinstance(found, str) or not is_name(found):
        raise wrong_argument(key, found, "a name of letters, digits, dot, dash and underscore, at most 64")
    return found


def one_of(arguments: Arguments, key: str, known: Collection[str], *, default: str | None = None) -> str:
    """Return one of the words known."""
    found = arguments.get(key, default)
    if not isinstance(found, str) or found not in known:
        raise wrong_argument(key, found, f"one of {', '.join(sorted(known))}")
    return found


def text_of(arguments: Arguments, key: str, *, default: str | None = None, longest: int = TEXT_MAX) -> str:
    """Return a text, at most so many characters long."""
    found = arguments.get(key, default)
    if not isinstance(found, str) or "\0" in found or len(found) > longest:
        raise wrong_argument(key, found, f"a text of at most {longest} characters")
    return found


def number_of(
    arguments: Arguments, key: str, *, least: float = -math.inf, most: float = math.inf, default: float | None = None
) -> float:
    """Return a number within limits, both included."""
    found = arguments.get(key, default)
    if isinstance(found, bool) or not isinstance(found, int | float) or not least <= found <= most:
        raise wrong_argument(key, found, f"a number from {least:g} to {most:g}")
    return float(found)


def flag_of(arguments: Arguments, key: str) -> bool:
    """Return whether something was asked for; it is not when nothing is said of it."""
    found = arguments.get(key, False)
    if not isinstance(found, bool):
        raise wrong_argument(key, found, "true or false")
    return found


def names_of(arguments: Arguments, key: str, *, most: int = 256) -> list[str]:
    """Return a list of ids, at least one, each once."""
    found = arguments.get(key)
    names = [one for one in found if isinstance(one, str) and is_name(one)] if isinstance(found, list) else []
    if not isinstance(found, list) or not 1 <= len(set(names)) == len(found) <= most:
        raise wrong_argument(key, found, f"a list of 1 to {most} names, each once")
    return names
