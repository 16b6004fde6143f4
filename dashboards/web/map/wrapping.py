"""Text in lines of a given width, for SVG, which wraps nothing by itself (pure)."""

from __future__ import annotations

import re
import unicodedata

ELLIPSIS = "…"

_WORDS = re.compile(r"\S+")


def columns_of(text: str) -> int:
    """Return how wide a text is: two columns for a wide or full-width character, none for a mark on another, else one.

    After Unicode Standard Annex 11 (East Asian Width), which Chinese fonts follow.
    """
    return sum(map(_columns, text))


def wrap(text: str, columns: int, lines: int = 2) -> list[str]:
    """Return the text in at most `lines` lines of at most `columns` columns.

    Words stay whole where they fit on a line; what does not fit at the end is cut and ends in an ellipsis.
    """
    words = _WORDS.findall(text)
    found: list[str] = []
    while words and len(found) < lines:
        if len(found) == lines - 1:
            found.append(_cut(" ".join(words), columns))
            break
        line, words = _line(words, columns)
        found.append(line)
    return found


def _line(words: list[str], columns: int) -> tuple[str, list[str]]:
    """Return as many words as fit on a line, at least a piece of the first, and the words that are left."""
    line, rest = words[0], words[1:]
    if columns_of(line) > columns:
        head = _head(line, columns)
        return head, [line[len(head) :], *rest]
    while rest and columns_of(f"{line} {rest[0]}") <= columns:
        line, rest = f"{line} {rest[0]}", rest[1:]
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
