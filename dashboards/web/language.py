"""The languages of the pages: which one a visitor gets, and the texts of each.

Texts are the English ones of templates and code. Chinese stands in `locale/zh_Hans/*.po`, one file an area, read at
start: there is nothing to compile.
"""

from __future__ import annotations

import gettext
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, get_args

from babel.core import Locale, UnknownLocaleError
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

Language = Literal["en", "zh-Hans"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
NAMES: dict[Language, str] = {"en": "English", "zh-Hans": "简体中文"}

TAGS_MAX = 20
"""So many languages of a browser are looked at; people set a handful."""

LOCALE_FOLDER = Path(__file__).with_name("locale")


class Texts(gettext.NullTranslations):
    """The texts of one language. A text that is missing is shown in English; the tests let none be missing."""

    def __init__(self, language: Language, messages: Iterable[Message]) -> None:
        super().__init__()
        self.language = language
        self._plain: dict[str, str] = {}
        self._plural: dict[str, tuple[str, ...]] = {}
        for message in messages:
            if isinstance(message.id, str):
                if message.string and not message.fuzzy:
                    self._plain[message.id] = str(message.string)
            else:
                self._plural[message.id[0]] = tuple(message.string or ())

    def gettext(self, message: str) -> str:
        """Return the text in this language."""
        return self._plain.get(message, message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Return the text for `n` things in this language; Chinese has one form for all numbers."""
        forms = self._plural.get(msgid1)
        if forms is None:
            return msgid1 if n == 1 else msgid2
        return forms[0]


def read_texts(language: Language) -> Texts:
    """Return the texts of a language from its files."""
    messages: list[Message] = []
    for path in sorted((LOCALE_FOLDER / language.replace("-", "_")).glob("*.po")):
        with path.open("rb") as file:
            messages.extend(message for message in read_po(file, locale="zh_Hans") if message.id)
    return Texts(language, messages)


TEXTS: dict[Language, Texts] = {language: read_texts(language) for language in LANGUAGES}


def as_language(text: str | None) -> Language | None:
    """Return the language of that name, or None when it is none of ours."""
    return next((language for language in LANGUAGES if language == text), None)


def negotiate(*wishes: str | None, accept: str = "") -> Language:
    """Return the first wish that is a language of ours, else the best of an Accept-Language header, else English."""
    for wish in wishes:
        language = as_language(wish)
        if language is not None:
            return language
    return next((language for tag in _by_weight(accept) if (language := _closest(tag))), "en")


def _by_weight(accept: str) -> list[str]:
    """Return the tags of an Accept-Language header, the most wanted first (RFC 9110 section 12.5.4)."""
    weighted: list[tuple[float, str]] = []
    for part in accept.split(",", TAGS_MAX)[:TAGS_MAX]:
        tag, _, parameter = part.strip().partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            weight = 0.0
        if tag and weight > 0.0:
            weighted.append((-weight, tag))
    return [tag for _, tag in sorted(weighted, key=lambda one: one[0])]


def _closest(tag: str) -> Language | None:
    """Return our language for a tag; traditional Chinese reads simplified rather than English."""
    try:
        base = Locale.parse(tag, sep="-").language
    except (ValueError, LookupError, UnknownLocaleError):
        return None
    return as_language({"zh": "zh-Hans"}.get(base, base))
