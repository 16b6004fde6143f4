"""Text in lines of a given width, for SVG, which wraps nothing by itself (pure)."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

ELLIPSIS = "…"

_PIECE = re.compile(r"\s*(?:\d[\d.,]*\s\w{1,2}(?!\w)|[^\s-]*-+|[^\s-]+)")
"""What stays together: a number with its unit (500 ml), a word, a word up to its hyphen; with the space before it."""


def columns_of(text: str) -> int:
    """Return how wide a text is: two columns for a wide or full-width character, none for a mark on another, else one.

    After Unicode Standard Annex 11 (East Asian Width), which Chinese fonts follow.
    """
    return sum(map(_columns, text))


@lru_cache(maxsize=4096)
def wrap(text: str, columns: int, lines: int = 2) -> tuple[str, ...]:
    """Return the text in at most `lines` lines of at most `columns` columns.

    Words stay whole where they fit on a line; what does not fit at the end is cut and ends in an ellipsis.
    A store has few names and draws them often, so the lines are kept.
    """
    pieces = _PIECE.findall(text)
    found: list[str] = []
    while pieces and len(found) < lines - 1:
        line, pieces = _line(pieces, columns)
        found.append(line)
    if pieces:
        found.append(_cut("".join(pieces).strip(), columns))
    return tuple(found)


def _line(pieces: list[str], columns: int) -> tuple[str, list[str]]:
    """Return as many pieces as fit on a line, at least some of the first, and the pieces that are left."""
    line, rest = pieces[0].strip(), pieces[1:]
    if columns_of(line) > columns:
        head = _head(line, columns)
        return head.rstrip(), [line[len(head) :], *rest]
    while rest and columns_of(line + rest[0]) <= columns:
        line, rest = line + rest[0], rest[1:]
    return line, rest


def _cut(text: str, columns: int) -> str:
    if columns_of(text) <= columns:
        return text
    return _head(text, columns - columns_of(ELLIPSIS)).rstrip() + ELLIPSIS


def _head(text: str, columns: int) -> str:
    """Return the first characters that fit, at least one, with the marks that belong to the last one."""
    used = 0
    for count, character in enumerate(text):
        used += _columns(character)
        if used > columns and count:
            return text[:count]
    return text


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
