"""The English and the Chinese README say the same: headings, commands, pictures, links."""

from __future__ import annotations

import re

import pytest

from tests.house.source_tree import ROOT

ENGLISH = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
PICTURE_BYTES_MAX = 250_000

FENCED = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r" *#.*$", re.MULTILINE)
PICTURE = re.compile(r"!\[[^]]*\]\(([^)]+)\)|<img src=\"([^\"]+)\"")
LINK = re.compile(r"(?<!!)\[[^]]*\]\(([^)]+)\)")


def _headings(text: str) -> list[int]:
    """Return the depth of each heading."""
    return [len(signs) for signs in re.findall(r"^(#+) ", FENCED.sub("", text), re.MULTILINE)]


def _blocks(text: str) -> list[str]:
    """Return what is to be typed, without the comments."""
    return [COMMENT.sub("", block) for block in FENCED.findall(text)]


def _code_words(text: str) -> list[str]:
    return sorted(re.findall(r"`([^`\n]+)`", FENCED.sub("", text)))


def _pictures(text: str) -> list[str]:
    return [plain or sized for plain, sized in PICTURE.findall(text)]


def _links(text: str) -> list[str]:
    """Return where links lead, but for the one to the other language."""
    return [target for target in LINK.findall(text) if not target.startswith("README")]


def test_both_have_the_same_headings() -> None:
    assert _headings(ENGLISH) == _headings(CHINESE)


def test_both_say_the_same_commands() -> None:
    assert _blocks(ENGLISH) == _blocks(CHINESE)
    assert _code_words(ENGLISH) == _code_words(CHINESE)


def test_both_show_the_same_pictures_and_lead_to_the_same_pages() -> None:
    assert _pictures(ENGLISH) == _pictures(CHINESE)
    assert _links(ENGLISH) == _links(CHINESE)


def test_each_leads_to_the_other_before_anything_else() -> None:
    assert LINK.findall(ENGLISH)[0] == "README.zh-CN.md"
    assert LINK.findall(CHINESE)[0] == "README.md"


@pytest.mark.parametrize("picture", _pictures(ENGLISH))
def test_every_picture_is_there_and_loads_quickly(picture: str) -> None:
    assert 0 < (ROOT / picture).stat().st_size <= PICTURE_BYTES_MAX


def test_both_have_equally_many_points_and_rows() -> None:
    for sign in ("- ", "| "):
        assert ENGLISH.count(f"\n{sign}") == CHINESE.count(f"\n{sign}")
