"""A power cut at any moment: whatever the disk made of it, nothing that was promised is lost and nothing is wrong."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from contract.clock import ManualClock
from contract.records import WeightRecord
from tests.fixtures.cases import cases, new_seed
from tests.integration.edge.outbox.disk_images import Call, Disk, read_calls
from tests.integration.edge.outbox.ledger import Ledger, alarms
from tests.integration.edge.outbox.workload import open_outbox, run_agent

IMAGES = cases(1_000, nightly=10_000)
OPEN_S_MAX = 5.0
ROOT = Path(__file__).parents[4]
NAME = "outbox.sqlite"
STEP = WeightRecord(mono_ms=1, plate="p", kind="step", weight_g=1.0)
OPEN = """
import sys
from pathlib import Path
from contract.clock import ManualClock
from tests.integration.edge.outbox.workload import open_outbox
open_outbox(Path(sys.argv[1]), ManualClock()).close()
"""
CALLS = "openat,pwrite64,write,fdatasync,fsync,ftruncate,fallocate,unlink,rename"


@pytest.fixture
def memory_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: a thousand images are opened and synchronised for nothing."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as folder:
        yield Path(folder)


def recorded_calls(trace: Path, *program: str) -> list[Call]:
    """Run a Python program under strace and return what it asked of the disk."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("needs strace, which records the writes a power cut is made of (Debian: apt install strace)")
    command = [
        strace,
        "-f",
        "-xx",
        "-s",
        "10000000",
        "-o",
        str(trace),
        "-e",
        f"trace={CALLS}",
        sys.executable,
        *program,
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    if "ptrace" in done.stderr and done.returncode:
        pytest.skip(f"strace may not trace here: {done.stderr.splitlines()[0]}")
    assert done.returncode == 0, done.stderr
    return list(read_calls(trace))


def power_cuts(disk: Disk, calls: list[Call], rng: random.Random, folder: Path, images: int) -> Iterator[str]:
    """Put what a power cut leaves into `folder`, so often, in order of time; yield where it was."""
    at = 0
    for image, moment in enumerate(sorted(rng.choices(range(len(calls) + 1), k=images))):
        for call in calls[at:moment]:
            disk.apply(call)
        at = moment
        folder.mkdir()
        for name, content in disk.image(rng).items():
            (folder / name).write_bytes(content)
        yield f"image {image}, before call {moment} of {len(calls)}"
        shutil.rmtree(folder)


def test_no_power_cut_costs_a_record_that_was_durable(memory_folder: Path) -> None:
    seed = new_seed()
    data, rng = memory_folder / "data", random.Random(seed)
    data.mkdir()
    disk = Disk.of(data)
    program = ("-m", "tests.integration.edge.outbox.workload", str(data / NAME), str(seed))
    calls = recorded_calls(memory_folder / "trace", *program)
    slowest_s, promised, folder = 0.0, 0, memory_folder / "image"
    for where in power_cuts(disk, calls, rng, folder, IMAGES):
        ledger = Ledger()
        for line in disk.said.decode().splitlines():
            ledger.promise(line)
        opened_s = time.monotonic()
        outbox = open_outbox(folder / NAME, ManualClock())
        slowest_s = max(slowest_s, time.monotonic() - opened_s)
        try:
            assert ledger.check(outbox) == [], f"{where}: records are lost"
            assert outbox.append([STEP]) == (1, 1), f"{where}: damage was told where there is none"
        finally:
            outbox.close()
        assert not list(folder.glob("*.damaged-*")), f"{where}: a sound file was set aside"
        promised = max(promised, sum(ledger.durable.values()))
    print(f"{IMAGES} images, up to {promised} records promised, slowest open {slowest_s:.3f} s")
    assert promised > 1_000
    assert slowest_s < OPEN_S_MAX


def test_a_power_cut_while_a_damaged_file_is_rebuilt_costs_nothing_more(memory_folder: Path) -> None:
    seed = new_seed()
    data, rng, ledger = memory_folder / "data", random.Random(seed), Ledger()
    for run in range(3):
        run_agent(data / NAME, run, rng, ledger.promise, clean=True)
    with (data / NAME).open("r+b") as file:  # the page that holds the journals
        file.seek(4096)
        file.write(b"\xff" * 4096)
    disk = Disk.of(data)
    calls = recorded_calls(memory_folder / "trace", "-c", OPEN, str(data / NAME))
    rebuilt = open_outbox(data / NAME, ManualClock())
    lost = ledger.check(rebuilt, damaged=True)  # what had been forgotten, and that is forgotten now
    rebuilt.close()
    folder = memory_folder / "image"
    for where in power_cuts(disk, calls, rng, folder, IMAGES // 5):
        outbox = open_outbox(folder / NAME, ManualClock())
        try:
            assert ledger.check(outbox, damaged=True) == lost, f"{where}: sound records are lost"
            told = [outbox.read(held.journal, 1, 1) for held in outbox.held()]
            assert alarms(record for records in told for _, record in records), f"{where}: set aside, and not told"
        finally:
            outbox.close()
        assert list(folder.glob("*.damaged-*")), f"{where}: the damaged file is gone"
