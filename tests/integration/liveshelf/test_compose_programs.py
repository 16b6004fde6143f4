"""The programs of the compose file, started by its own commands: each becomes healthy by its own check, and ends."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from liveshelf.broker import free_port
from tests.integration.liveshelf.running import environment

pytestmark = [pytest.mark.database, pytest.mark.broker]

ROOT = Path(__file__).parents[3]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"]
PROGRAMS = ("gateway", "worker", "pages")
HEALTHY_S_MAX = 30.0
PORTS = {"9108": "LIVESHELF_GATEWAY_METRICS_PORT", "8080": "LIVESHELF_API_PORT"}


@pytest.fixture
def settings(database_url: str, broker_url: str) -> dict[str, str]:
    """The environment of the containers, with this machine's database, broker and free ports."""
    found: dict[str, str] = {}
    for name in PROGRAMS:
        found |= SERVICES[name]["environment"]
    found |= {
        "LIVESHELF_DATABASE_URL": database_url,
        "LIVESHELF_MQTT_URL": broker_url,
        "LIVESHELF_STORE": "main-street",
    }
    found |= {variable: str(free_port()) for variable in PORTS.values()}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return environment(**found, PATH=path)


@contextmanager
def _running(name: str, settings: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(SERVICES[name]["command"], cwd=ROOT, env=settings)
    try:
        yield process
    finally:
        process.terminate()
        assert process.wait(timeout=20) == 0


def _is_healthy(name: str, settings: dict[str, str]) -> bool:
    kind, *command = SERVICES[name]["healthcheck"]["test"]
    assert kind == "CMD"
    for port, variable in PORTS.items():
        command[-1] = command[-1].replace(f":{port}/", f":{settings[variable]}/")
    return subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, check=False).returncode == 0


def test_every_program_of_the_compose_file_becomes_healthy_and_is_told_when_it_is_gone(
    settings: dict[str, str],
) -> None:
    with ExitStack() as running:
        for name in PROGRAMS:
            assert not _is_healthy(name, settings), "a check that cannot fail says nothing"
            running.enter_context(_running(name, settings))
        for name in PROGRAMS:
            deadline = time.monotonic() + HEALTHY_S_MAX
            while not _is_healthy(name, settings):
                assert time.monotonic() < deadline, name
                time.sleep(0.2)
    assert not any(_is_healthy(name, settings) for name in PROGRAMS)


def test_the_tables_are_made_by_the_command_of_the_compose_file(
    empty_database_url: str, settings: dict[str, str]
) -> None:
    command = SERVICES["migrate"]["command"]
    told = subprocess.run(
        command,
        cwd=ROOT,
        env={**settings, "LIVESHELF_DATABASE_URL": empty_database_url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert "applied 0001_foundation.sql" in told.stdout
