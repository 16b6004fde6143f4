"""Who may import whom (docs/decisions/0001-layout.md), and what the agent process may load."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.house.source_tree import ROOT

HEAVY = {"pydantic", "typer", "rich", "structlog", "fastapi", "uvicorn", "psycopg", "numpy", "asyncio"}


def test_the_import_rules_hold() -> None:
    result = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c(['--no-cache'])"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


@pytest.mark.parametrize("modules", [("edge.__main__",), ("edge.__main__", "firmware_sim.wires")])
def test_the_agent_process_stays_light(modules: tuple[str, ...]) -> None:
    loaded = _modules_after_importing(*modules)
    assert "msgspec" in loaded, "the probe must see what is loaded"
    assert not loaded & (HEAVY - {"asyncio"})
    assert not loaded & {"database", "gateway", "cloud", "liveshelf"}


def test_the_bare_command_loads_no_program() -> None:
    loaded = _modules_after_importing("liveshelf.__main__")
    assert "typer" in loaded
    assert not loaded & {"fastapi", "psycopg", "numpy", "paho", "uvicorn", "edge", "gateway", "cloud", "database"}


def _modules_after_importing(*modules: str) -> set[str]:
    script = f"import sys, {', '.join(modules)}; print(' '.join({{name.split('.')[0] for name in sys.modules}}))"
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(result.stdout.split())
