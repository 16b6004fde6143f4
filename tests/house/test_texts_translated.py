"""Every text of a page has its Chinese, none is left over, and no template holds a text that is not marked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

from dashboards.web.language import LOCALE_FOLDER
from dashboards.web.rendering import TEMPLATE_FOLDER
from tests.house.source_tree import ROOT

FILES = sorted((LOCALE_FOLDER / "zh_Hans").glob("*.po"))
TEMPLATES = sorted(TEMPLATE_FOLDER.rglob("*.html"))
KEYWORDS = {"gettext": None, "ngettext": (1, 2), "_": None}


def _messages() -> Iterator[tuple[str, str]]:
    """The texts of templates and code with the file each stands in; of a plural the first form."""
    for path in TEMPLATES:
        found = extract_from_file("jinja2.ext:babel_extract", path, keywords=KEYWORDS, options={"trimmed": "true"})
        yield from ((_first(text), str(path.relative_to(ROOT))) for _, text, _, _ in found)
    for path in sorted((ROOT / "dashboards").rglob("*.py")):
        found = extract_from_file("python", path, keywords=KEYWORDS)
        yield from ((_first(text), str(path.relative_to(ROOT))) for _, text, _, _ in found)


def _first(text: object) -> str:
    return str(text[0] if isinstance(text, tuple | list) else text)


def _translated() -> dict[str, str]:
    texts: dict[str, str] = {}
    for path in FILES:
        with path.open("rb") as file:
            for message in read_po(file, locale="zh_Hans", abort_invalid=True):
                if message.id:
                    texts[_first(message.id)] = path.name if message.string and not message.fuzzy else ""
    return texts


def test_every_text_has_its_chinese() -> None:
    translated = _translated()
    missing = sorted({(text, where) for text, where in _messages() if not translated.get(text)})
    assert missing == []


def test_no_chinese_text_is_left_over() -> None:
    assert sorted(set(_translated()) - {text for text, _ in _messages()}) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_placeholders_are_the_same_in_both_languages(path: Path) -> None:
    with path.open("rb") as file:
        for message in read_po(file, locale="zh_Hans"):
            if message.id:
                strings = message.string if isinstance(message.string, tuple) else (message.string,)
                for string in strings:
                    assert _placeholders(_last(message.id)) == _placeholders(str(string)), message.id


def _last(text: object) -> str:
    return str(text[-1] if isinstance(text, tuple | list) else text)


def _placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)", text))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(TEMPLATE_FOLDER)))
def test_no_template_holds_a_bare_text_an_inline_style_or_an_inline_script(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|<style", source)
    source = re.sub(r"{% block body_(attributes|class) %}.*?{% endblock %}", " ", source, flags=re.DOTALL)
    text = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", " ", source, flags=re.DOTALL)
    text = re.sub(r"<[^>]*>", " ", re.sub(r"<!--.*?-->|<(code|pre)\b.*?</\1>", " ", text, flags=re.DOTALL))
    words = set(re.findall(r"[A-Za-z]{2,}", re.sub(r"&\w+;", " ", text))) - {"LiveShelf"}
    assert words == set()
