"""A gateway that cannot start says why in one sentence; one that can wait, waits, and still stops when told."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

from tests.integration.gateway.conftest import ROOT, STOP_S_MAX

NOBODY = "127.0.0.1:1"
"""Nothing listens on port 1."""


def _start(settings: Mapping[str, str]) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LIVESHELF_")}
    return subprocess.Popen(
        [sys.executable, "-m", "gateway"], cwd=ROOT, env={**kept, **settings}, stderr=subprocess.PIPE, text=True
    )


def _line_with(gateway: subprocess.Popen[str], words: str) -> str:
    assert gateway.stderr is not None
    return next(line for line in gateway.stderr if words in line)


def _stop(gateway: subprocess.Popen[str]) -> None:
    gateway.terminate()
    gateway.communicate(timeout=STOP_S_MAX * 3)
    assert gateway.returncode == 0


def test_missing_settings_are_named_all_at_once() -> None:
    _, said = (gateway := _start({})).communicate(timeout=60)
    assert gateway.returncode == 2
    assert [line.split(":")[0] for line in said.splitlines()] == [
        "LIVESHELF_DATABASE_URL",
        "LIVESHELF_MQTT_URL",
        "LIVESHELF_STORE",
    ]


def test_a_database_that_is_away_is_waited_for_and_named() -> None:
    gateway = _start(
        {
            "LIVESHELF_DATABASE_URL": f"postgresql://shop:secret@{NOBODY}/liveshelf",
            "LIVESHELF_MQTT_URL": f"mqtt://{NOBODY}",
            "LIVESHELF_STORE": "shop",
        }
    )
    said = _line_with(gateway, "database away")
    assert NOBODY in said
    assert "secret" not in said
    _stop(gateway)


@pytest.mark.database
def test_a_database_without_tables_is_waited_for_and_named(empty_database_url: str) -> None:
    gateway = _start(
        {
            "LIVESHELF_DATABASE_URL": empty_database_url,
            "LIVESHELF_MQTT_URL": f"mqtt://{NOBODY}",
            "LIVESHELF_STORE": "shop",
        }
    )
    assert "liveshelf db migrate" in _line_with(gateway, "database away")
    _stop(gateway)


@pytest.mark.database
def test_a_broker_that_is_away_is_waited_for_and_named(database_url: str) -> None:
    gateway = _start(
        {
            "LIVESHELF_DATABASE_URL": database_url,
            "LIVESHELF_MQTT_URL": f"mqtt://shop:secret@{NOBODY}",
            "LIVESHELF_STORE": "shop",
        }
    )
    said = _line_with(gateway, "the broker cannot be reached")
    assert NOBODY in said
    assert "secret" not in said
    _stop(gateway)
