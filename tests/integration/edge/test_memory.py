"""An agent takes no more memory after hours than after minutes, with every kind of sensor at once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

GROWTH_MAX_KB = 1_000
"""What an agent may grow by from the first quarter of a run to its end: an allocator still finds its size there."""

WAIT_S = 240.0


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: it is not the disk that is asked here."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as found:
        yield Path(found)


def growth_kb(folder: Path, minutes: int, *more: str) -> int:
    """Run a device for so many simulated minutes; return what it grew by since the first quarter."""
    program = [sys.executable, "-m", "tests.integration.edge.memory_run", str(folder), str(minutes), *more]
    run = subprocess.run(program, capture_output=True, text=True, timeout=WAIT_S, check=True)
    resident_kb = [int(line) for line in run.stdout.split()]
    assert len(resident_kb) == minutes // 10
    return resident_kb[-1] - resident_kb[len(resident_kb) // 4]


def test_two_hours_with_all_kinds_of_sensors_take_no_more_memory_than_half_an_hour(folder: Path) -> None:
    assert growth_kb(folder, 120) < GROWTH_MAX_KB


def test_a_device_that_forgets_nothing_is_found_out(folder: Path) -> None:
    assert growth_kb(folder, 20, "leaks") > GROWTH_MAX_KB
