"""Only a list: what the fixtures do is in tests/fixtures."""

from __future__ import annotations

import signal

# A shell that runs the suite in the background lets it ignore Ctrl-C, and every program it starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = [
    "tests.fixtures.shares",
    "tests.fixtures.hypothesis",
    "tests.fixtures.logs",
    "tests.fixtures.database",
    "tests.fixtures.broker",
]
