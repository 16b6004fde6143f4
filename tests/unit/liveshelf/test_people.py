"""How `liveshelf people` comes by a password."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest

from contract.errors import ConfigurationError
from liveshelf import people


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def typing(monkeypatch: pytest.MonkeyPatch, lines: Sequence[str]) -> list[str]:
    asked: list[str] = []
    said = iter(lines)

    def getpass(prompt: str) -> str:
        asked.append(prompt)
        return next(said)

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr(people, "getpass", getpass)
    return asked


def test_a_person_at_a_terminal_is_asked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = typing(monkeypatch, ["a quiet teapot", "a quiet teapot"])
    assert people._password("li") == "a quiet teapot"
    assert asked == ["password of li: ", "once more: "]


def test_a_slip_of_the_keyboard_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    typing(monkeypatch, ["a quiet teapot", "a quite teapot"])
    with pytest.raises(ConfigurationError, match="differs from the first"):
        people._password("li")


def test_a_script_hands_over_one_line_of_which_the_spaces_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("  a quiet teapot \r\nnext line\n"))
    assert people._password("li") == "  a quiet teapot "
