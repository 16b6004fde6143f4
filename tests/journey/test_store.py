"""The whole store, as a visitor starts it: one command, many shop minutes, nothing lost, the count is the true one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from database.connection import connect

pytestmark = [pytest.mark.journey, pytest.mark.broker, pytest.mark.database]

QUANTITY_EXACT_SHARE_MIN = 0.97
"""The least the first counting promises against the truth log."""


def run_demo(*arguments: str, **environment: str) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    command = [sys.executable, "-m", "liveshelf", "demo", "--headless", "--json", *arguments]
    ours = {**os.environ, **environment}
    result = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, env=ours)
    lines = result.stdout.splitlines()
    return result, json.loads(lines[-1]) if lines else {}


def test_a_store_of_many_shop_minutes_loses_nothing_and_counts_what_is_there(tmp_path: Path) -> None:
    result, summary = run_demo("--for", "40", "--speed", "20", "--data-dir", str(tmp_path / "store"))
    assert result.returncode == 0, result.stderr
    assert summary["lost"] == 0
    assert summary["duplicates"] == 0
    assert summary["quantity_exact_share"] >= QUANTITY_EXACT_SHARE_MIN
    for happened in ("readings", "picks", "refills", "tasks_opened", "tasks_closed", "orders_opened", "orders_closed"):
        assert summary[happened] > 0, happened
    assert summary["settled_to_answer_p50_ms"] > 0
    assert (tmp_path / "store" / "truth.jsonl").stat().st_size > 0


def test_a_folder_that_holds_something_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me", encoding="utf-8")
    result, _ = run_demo("--for", "1", "--data-dir", str(tmp_path))
    assert result.returncode == 2
    assert result.stderr.strip().endswith("is not empty, expected a new folder: each demo is a new store")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_database_that_holds_the_store_already_is_refused_in_one_sentence(tmp_path: Path, database_url: str) -> None:
    with connect(database_url) as connection:
        connection.execute("INSERT INTO store VALUES ('corner-shop', 'somebody''s store')")
    result, _ = run_demo("--for", "1", "--data-dir", str(tmp_path / "store"), LIVESHELF_DATABASE_URL=database_url)
    assert result.returncode == 2
    assert "holds the store corner-shop, expected a new one" in result.stderr


def test_with_a_program_killed_the_run_is_still_summed_up_and_ends_with_1(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    killer = threading.Thread(target=_kill_world, args=(folder,))
    killer.start()
    result, summary = run_demo("--for", "60", "--speed", "20", "--data-dir", str(folder))
    killer.join()
    assert result.returncode == 1
    assert "world is down" in result.stderr
    assert "Traceback" not in result.stderr
    assert (summary["lost"], summary["duplicates"]) == (0, 0)


def _kill_world(folder: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        truth = folder / "truth.jsonl"
        if truth.exists() and '"pick"' in truth.read_text(encoding="utf-8"):
            break
        time.sleep(0.2)
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if "firmware_sim" in command and str(folder) in command:
            os.kill(int(process.name), signal.SIGKILL)
