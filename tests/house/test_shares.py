"""Tests that start whole stores keep out of each other's way, and every worker finds every test."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from tests.fixtures.shares import pytest_collection_modifyitems, share_of, turn_of
from tests.house.source_tree import ROOT


def _marked(mark: str) -> set[str]:
    """Return the files of tests with this mark."""
    files = [path for path in (ROOT / "tests").rglob("test_*.py") if f"mark.{mark}" in path.read_text(encoding="utf-8")]
    return {path.relative_to(ROOT).as_posix() for path in files} - {"tests/house/test_shares.py"}


def test_whole_stores_are_started_by_one_worker_and_first() -> None:
    assert {share_of(file) for file in _marked("journey")} == {"stores"}
    assert {turn_of(file) for file in _marked("journey")} == {0}


def test_what_needs_a_browser_comes_last() -> None:
    assert {turn_of(file) for file in _marked("browser")} == {2}


def test_a_test_whose_name_another_process_could_not_find_is_refused() -> None:
    named_by_address = cast("pytest.Item", SimpleNamespace(nodeid=f"tests/unit/test_a.py::test_b[{object()}]"))
    with pytest.raises(pytest.UsageError, match="found an address in the name of a test, expected ids"):
        pytest_collection_modifyitems([named_by_address])
