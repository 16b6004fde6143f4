"""Only a list: what the fixtures do is in tests/fixtures."""

from __future__ import annotations

pytest_plugins = [
    "tests.fixtures.hypothesis",
    "tests.fixtures.logs",
    "tests.fixtures.database",
    "tests.fixtures.broker",
]
