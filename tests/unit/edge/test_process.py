"""The process on a Pi stays small: it loads the standard library, msgspec, paho and ours."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("pydantic", "typer", "rich", "structlog", "fastapi", "psycopg", "numpy", "asyncio", "liveshelf", "gateway")
PROBE = f"import sys, edge.__main__; print(*[name for name in {HEAVY} if name in sys.modules])"
STRANGERS = (
    "import sys, edge.__main__; "
    "print(*sorted({name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names) - {'__main__'}))"
)


def _output_of(code: str) -> list[str]:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.split()


def test_the_agent_process_loads_nothing_heavy() -> None:
    assert _output_of(PROBE) == []


def test_the_agent_process_loads_only_msgspec_paho_and_ours() -> None:
    ours = {"contract", "edge", "msgspec", "paho"}
    found = {name for name in _output_of(STRANGERS) if not name.startswith("_")}
    # msgspec looks for typing_extensions and takes it where another package brought it, as in a developer's venv.
    assert found - {"sitecustomize", "usercustomize", "typing_extensions"} <= ours
    assert ours <= found


def test_an_agent_with_rfid_readers_loads_asyncio_and_llrpkit_and_nothing_else_that_is_heavy() -> None:
    probe = PROBE.replace("edge.__main__;", "edge.__main__, edge.sampling.llrp;")
    assert _output_of(probe) == ["asyncio"]


def test_an_agent_with_a_serial_module_loads_nothing_heavy_beside_pyserial() -> None:
    assert _output_of(PROBE.replace("edge.__main__;", "edge.__main__, edge.sampling.serial_uhf;")) == []
