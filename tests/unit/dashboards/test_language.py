"""Which language a visitor gets: what was chosen, else what the browser asks for."""

from __future__ import annotations

import pytest

from dashboards.web.language import negotiate


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", "en"), ("de-DE,de;q=0.9", "en"), ("zh", "zh-Hans"), ("zh-TW,en;q=0.9", "zh-Hans"),
        ("en-GB,zh;q=0.9", "en"),
        ("de,zh-CN;q=0.8,en;q=0.7", "zh-Hans"), ("en;q=0.5,zh;q=0.6", "zh-Hans"), ("zh;q=0,en", "en"),
    ],
)  # fmt: skip
def test_the_language_wanted_most_that_there_is_gets_shown(accept: str, language: str) -> None:
    assert negotiate(accept=accept) == language


@pytest.mark.parametrize("accept", ["tlh", "xx-YY;q=1", "*", "zh;q=x", ";;,,=", "-", "a" * 9_000, "zh_@#", "\xff"])
def test_a_language_nobody_knows_is_no_mistake(accept: str) -> None:
    assert negotiate(accept=accept) == "en"
    assert negotiate(accept=f"{accept},zh;q=0.1") == "zh-Hans"


def test_a_list_of_languages_without_end_is_not_read_to_its_end() -> None:
    assert negotiate(accept="tlh," * 10_000 + "zh") == "en"


def test_a_choice_goes_before_what_the_browser_asks_for() -> None:
    assert negotiate(None, "zh-Hans", accept="en") == "zh-Hans"
    assert negotiate("en", "zh-Hans", accept="zh") == "en"
    assert negotiate("fr", "../etc", accept="zh") == "zh-Hans"
